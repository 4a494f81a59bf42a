import type { Reading, TruthLog } from "../faults/log";

/** What became of the reading of the stream. */
export interface ReadingTruth {
  /** All was read to a time after the last answer to a write; where events were missing, again from the start after the wait for them. */
  isComplete: boolean;
  /** The reader was told something that it has to give up at, and on which shard (none: on the list of shards). */
  failure?: { code: string; shardId: string };
  /** All was read, but the stream may have lost records since the run began. */
  isExpired?: boolean;
  /** Shards that were not read as far as they had to be. */
  unreadShardIds: string[];
}

/** Refusals that no further try will change. Source: Kinesis API Reference, GetRecords. */
const FINAL = new Set(["KMSAccessDeniedException", "KMSDisabledException", "AccessDeniedException"]);
const THROTTLING = new Set([
  "ProvisionedThroughputExceededException",
  "LimitExceededException",
  "KMSThrottlingException",
]);
/** So many failures in a row on one shard, throttling left out, are the end. */
const MOST_FAILURES = 10;

export interface ReadingNeeds {
  /** When the last write was answered, in ms since 1970. */
  sentAt: number;
  /** How long after it what is missing is waited for, in ms. */
  settleMs: number;
  /** Whether a record of every event that may have been written was given to the reader. */
  isAllSeen: boolean;
  /** Shards that acknowledgements name. */
  acknowledgedIn: string[];
}

export function readingTruth(
  log: TruthLog,
  { sentAt, settleMs, isAllSeen, acknowledgedIn }: ReadingNeeds,
): ReadingTruth {
  const failure = failureIn(log.readings);
  if (failure !== undefined) return { isComplete: false, failure, unreadShardIds: [] };
  const { first, second } = readings(log, sentAt);
  const startedAgainAt = second[0]?.begunAt;
  const isOver = isAllSeen && startedAgainAt === undefined;
  const unread = unreadBy(first, isOver ? sentAt : sentAt + settleMs, "toldBehindMs");
  if (unread.length > 0) return { isComplete: false, unreadShardIds: unread };
  if (isAllSeen) return { isComplete: true, unreadShardIds: [] };
  const unreadAgain =
    startedAgainAt === undefined ? [] : unreadBy(second, startedAgainAt, "behindMs", acknowledgedIn);
  const isComplete = startedAgainAt !== undefined && unreadAgain.length === 0;
  return { isComplete, unreadShardIds: unreadAgain };
}

/** What the first and the second reading asked for. Where nothing was sent there is one, and it has to have heard of every shard. */
function readings({ readings: all }: TruthLog, sentAt: number): Record<"first" | "second", Reading[]> {
  const again =
    sentAt === 0
      ? -1
      : all.findIndex(({ operation, begunAt }) => operation === "ListShards" && begunAt > sentAt);
  return again < 0 ? { first: all, second: [] } : { first: all.slice(0, again), second: all.slice(again) };
}

/**
 * Every shard that is known or was turned to has to be read beyond the time, or to its end: by what was told of how far behind
 * an answer is, or by the truth, which alone makes a missing event a lost one. An answer with records proves no more than that
 * what arrived before the last of them was read.
 */
function unreadBy(
  readings: Reading[],
  time: number,
  by: "behindMs" | "toldBehindMs",
  known: string[] = [],
): string[] {
  const existing = readings.filter(({ outcome }) => !isUnknown(outcome));
  const turnedTo = new Set([...known, ...existing.map(({ shardId }) => shardId)].filter((id) => id !== ""));
  const isRead = (shardId: string) =>
    readings.some(
      ({ shardId: of, operation, outcome, begunAt, isEnd, lastArrivalAt = begunAt, ...lag }) =>
        of === shardId &&
        operation === "GetRecords" &&
        outcome === "answered" &&
        (isEnd || Math.min(begunAt - (lag[by] ?? 0), lastArrivalAt) > time),
    );
  return [...turnedTo].filter((shardId) => !isRead(shardId)).sort();
}

function isUnknown(outcome: Reading["outcome"]): boolean {
  return typeof outcome === "object" && outcome.code === "ResourceNotFoundException";
}

function failureIn(readings: Reading[]): ReadingTruth["failure"] {
  const failures = new Map<string, number>();
  for (const { shardId, operation, outcome } of readings) {
    if (outcome === "pending") continue;
    if (outcome === "answered") {
      // An iterator alone is no success: it may be good for nothing.
      if (operation !== "GetShardIterator") failures.set(shardId, 0);
      continue;
    }
    const { code } = outcome;
    if (FINAL.has(code)) return { code, shardId };
    if (THROTTLING.has(code) || code === "no answer") continue;
    failures.set(shardId, (failures.get(shardId) ?? 0) + 1);
    if ((failures.get(shardId) ?? 0) >= MOST_FAILURES) return { code, shardId };
  }
  return undefined;
}
