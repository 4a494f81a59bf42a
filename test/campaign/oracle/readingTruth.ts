import type { Reading, TruthLog } from "../faults/log";

/** Outcome of reading the stream. */
export interface ReadingTruth {
  /** Whether all was read to a time after the last write's response and, if events were missing, again after the wait. */
  isComplete: boolean;
  /** The response after which the reader must give up, and its shard (none for the list of shards). */
  failure?: { code: string; shardId: string };
  /** Whether all was read, but the stream may have lost records since the run began. */
  isExpired?: boolean;
  /** Shards that were not read as far as they had to be. */
  unreadShardIds: string[];
}

/** Refusals that no retry can change. Source: Kinesis API Reference, GetRecords. */
const FINAL = new Set(["KMSAccessDeniedException", "KMSDisabledException", "AccessDeniedException"]);
const THROTTLING = new Set([
  "ProvisionedThroughputExceededException",
  "LimitExceededException",
  "KMSThrottlingException",
]);
/** Number of consecutive failures on one shard, throttling excluded, after which a reader gives up. */
const MAX_CONSECUTIVE_FAILURES = 10;

export interface ReadingNeeds {
  /** Epoch time in ms of the last response to a write. */
  sentAt: number;
  /** Time to wait for missing events after it, in ms. */
  settleMs: number;
  /** Whether the reader received a record of every event that may have been written. */
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

/** Requests of the first and the second reading. If nothing was sent, there is only one, which must cover every shard. */
function readings({ readings: all }: TruthLog, sentAt: number): Record<"first" | "second", Reading[]> {
  const again =
    sentAt === 0
      ? -1
      : all.findIndex(({ operation, begunAt }) => operation === "ListShards" && begunAt > sentAt);
  return again < 0 ? { first: all, second: [] } : { first: all.slice(0, again), second: all.slice(again) };
}

/**
 * Every shard that is known or was requested must be read beyond the time, or to its end. The lag in the responses decides
 * this, or the true lag: only the true one makes a missing event a lost one. A response with records proves only that
 * everything that arrived before the last of them was read.
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
      // An iterator isn't a success yet, because it may be useless.
      if (operation !== "GetShardIterator") failures.set(shardId, 0);
      continue;
    }
    const { code } = outcome;
    if (FINAL.has(code)) return { code, shardId };
    if (THROTTLING.has(code) || code === "no answer") continue;
    failures.set(shardId, (failures.get(shardId) ?? 0) + 1);
    if ((failures.get(shardId) ?? 0) >= MAX_CONSECUTIVE_FAILURES) return { code, shardId };
  }
  return undefined;
}
