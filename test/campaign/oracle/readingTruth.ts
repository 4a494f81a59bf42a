import type { Copy, Reading, TruthLog } from "../faults/log";

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
  const { first, second } = readingsIn(log, sentAt);
  const startedAgainAt = second[0]?.begunAt;
  const isOver = isAllSeen && startedAgainAt === undefined;
  const unread = unreadBy(first, isOver ? sentAt : sentAt + settleMs);
  if (unread.length > 0) return { isComplete: false, unreadShardIds: unread };
  if (isAllSeen) return { isComplete: true, unreadShardIds: [] };
  const unreadAgain =
    startedAgainAt === undefined
      ? []
      : [...unreadBy(second, startedAgainAt, acknowledgedIn), ...unservedIn(log, second)];
  const isComplete = startedAgainAt !== undefined && unreadAgain.length === 0;
  return { isComplete, unreadShardIds: unreadAgain };
}

/** Requests of the first and the second reading. If nothing was sent, there is only one, which must cover every shard. */
export function readingsIn(
  { readings: all }: TruthLog,
  sentAt: number,
): Record<"first" | "second", Reading[]> {
  const again =
    sentAt === 0
      ? -1
      : all.findIndex(({ operation, begunAt }) => operation === "ListShards" && begunAt > sentAt);
  return again < 0 ? { first: all, second: [] } : { first: all.slice(0, again), second: all.slice(again) };
}

/**
 * Returns the shards of which some records were read and others not, whatever the responses say about the lag. Only if there
 * are none, a missing event is a lost one.
 */
function unservedIn({ copies }: TruthLog, readings: Reading[]): string[] {
  const served = new Map<string, Set<string>>();
  for (const { shardId, served: numbers = [] } of readings)
    served.set(shardId, new Set([...(served.get(shardId) ?? []), ...numbers]));
  const isUnserved = ({ shardId, sequenceNumber }: Copy) =>
    served.get(shardId)?.has(sequenceNumber) === false;
  return copies.filter(isUnserved).map(({ shardId }) => shardId);
}

/**
 * Every shard that is known or was requested must be read beyond the time, or to its end, by the lag in the responses. A
 * response with records proves only that everything that arrived before the last of them was read, and nothing if that is
 * later than the response.
 */
function unreadBy(readings: Reading[], time: number, known: string[] = []): string[] {
  const unknown = readings.filter(({ outcome }) => isUnknown(outcome)).map(({ shardId }) => shardId);
  const existing = readings.map(({ shardId }) => shardId).filter((id) => id !== "" && !unknown.includes(id));
  const turnedTo = new Set([...known, ...existing]);
  const isRead = (shardId: string) =>
    readings.some((reading) => {
      const { begunAt, endedAt = begunAt, isEnd, behindMs = 0, lastArrivalAt = begunAt } = reading;
      const isAnswered = reading.operation === "GetRecords" && reading.outcome === "answered";
      const readUpTo = lastArrivalAt > endedAt ? -1 : Math.min(begunAt - behindMs, lastArrivalAt);
      return reading.shardId === shardId && isAnswered && (isEnd || readUpTo > time);
    });
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
