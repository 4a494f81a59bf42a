import type { Reading, TruthLog } from "../faults/log";

/** What became of the reading of the stream. */
export interface ReadingTruth {
  /** All was read to a time after the last answer to a write; where events were missing, again from the start after the wait for them. */
  isComplete: boolean;
  /** The reader was told something that it has to give up at, and on which shard (none: on the list of shards). */
  failure?: { code: string; shardId: string };
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
}

export function readingTruth(log: TruthLog, { sentAt, settleMs, isAllSeen }: ReadingNeeds): ReadingTruth {
  const failure = failureIn(log.readings);
  if (failure !== undefined) return { isComplete: false, failure, unreadShardIds: [] };
  const { first, second } = readings(log, sentAt);
  const startedAgainAt = second[0]?.begunAt;
  const isOver = isAllSeen && startedAgainAt === undefined;
  const unread = unreadBy(first, isOver ? sentAt : sentAt + settleMs);
  if (unread.length > 0) return { isComplete: false, unreadShardIds: unread };
  if (isAllSeen) return { isComplete: true, unreadShardIds: [] };
  const unreadAgain = startedAgainAt === undefined ? [] : unreadBy(second, startedAgainAt);
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

/** Every shard that was turned to has to be read beyond the time, or to its end. */
function unreadBy(readings: Reading[], time: number): string[] {
  const turnedTo = new Set(readings.flatMap(({ shardId }) => (shardId === "" ? [] : [shardId])));
  const isRead = (shardId: string) =>
    readings.some(
      ({ shardId: of, operation, outcome, begunAt, behindMs = 0, isEnd }) =>
        of === shardId &&
        operation === "GetRecords" &&
        outcome === "answered" &&
        (isEnd || begunAt - behindMs > time),
    );
  return [...turnedTo].filter((shardId) => !isRead(shardId)).sort();
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
