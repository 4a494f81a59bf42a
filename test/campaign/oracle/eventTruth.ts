import { type Copy, digestOf, type TruthLog } from "../faults/log";
import { FINAL_REFUSALS, MOST_ATTEMPTS, OF_SENDER } from "./sendingTruth";

/** What is true of one event that was sent. */
export interface EventTruth {
  acknowledgedIn: string | undefined;
  /** Attempts that may have written it, for all that was told. */
  unclear: number;
  /** Records of it that the reader was given, each once: with the event's bytes, and with others. */
  whole: number;
  changed: number;
  /** Not one attempt was acknowledged, and each refused: given up, or ended before it was. */
  refused: "for good" | "so far" | undefined;
  /** An attempt may have written it, none was acknowledged, and the last was a matter of who sends: it was to be tried again. */
  leftOpen: boolean;
}

/** Records of the stream that a reader was given, by shard: of a run's events, and of others. */
export interface ServedTruth {
  ofShards: Map<string, number>;
  foreign: number;
}

/** Keys of the run's events: `amplitude-kinesis.RUN.NUMBER`, as the report's `runId` has it. */
function keyOf(runId: string, index: number): string {
  return `amplitude-kinesis.${runId}.${index}`;
}

/** The events that were sent, in the order of the source. */
export function eventTruths(log: TruthLog, runId: string, events: Buffer[]): EventTruth[] {
  const served = servedCopies(log);
  return events.flatMap((bytes, index) => {
    const key = keyOf(runId, index);
    const attempts = log.attemptsOf(key);
    if (attempts.length === 0) return [];
    const copies = served.filter(({ partitionKey }) => partitionKey === key);
    const whole = copies.filter(({ digest }) => digest === digestOf(bytes)).length;
    const acknowledged = attempts.flatMap(({ told }) =>
      told?.kind === "acknowledged" ? [told.shardId] : [],
    );
    const unclear = attempts.filter(({ told }) => told === undefined || told.kind === "unclear").length;
    const last = attempts.at(-1)?.told;
    const code = last?.kind === "refused" ? last.code : undefined;
    return [
      {
        acknowledgedIn: acknowledged[0],
        unclear,
        whole,
        changed: copies.length - whole,
        refused:
          acknowledged.length > 0 || unclear > 0 || code === undefined
            ? undefined
            : isForGood(code, attempts.length)
              ? "for good"
              : "so far",
        leftOpen: acknowledged.length === 0 && unclear > 0 && code === OF_SENDER,
      },
    ];
  });
}

/** What this machine has no right to ask says nothing of the stream, however often it is refused. */
function isForGood(code: string, attempts: number): boolean {
  return FINAL_REFUSALS.has(code) || (attempts >= MOST_ATTEMPTS && code !== OF_SENDER);
}

export function servedTruth(log: TruthLog, runId: string, events: number): ServedTruth {
  const own = new Set(Array.from({ length: events }, (_, index) => keyOf(runId, index)));
  const served = servedCopies(log);
  const ofShards = new Map<string, number>();
  for (const { partitionKey, shardId } of served) {
    if (own.has(partitionKey)) ofShards.set(shardId, (ofShards.get(shardId) ?? 0) + 1);
  }
  // Of other people's records the content is not looked at.
  const foreign = served.flatMap(({ shardId, partitionKey, sequenceNumber, toldNumber = sequenceNumber }) =>
    own.has(partitionKey) ? [] : [JSON.stringify([shardId, toldNumber, partitionKey])],
  );
  return { ofShards, foreign: new Set(foreign).size };
}

/** Each record once, however often it was read. What has one number, key and content on a shard is one record. */
function servedCopies(log: TruthLog): Copy[] {
  const copies = new Map<string, Copy>();
  for (const { shardId, served = [] } of log.readings) {
    for (const sequenceNumber of served) {
      const copy = log.copyAt(shardId, sequenceNumber);
      if (copy === undefined) continue;
      const { toldNumber = sequenceNumber, partitionKey, digest } = copy;
      const identity = JSON.stringify([shardId, toldNumber, partitionKey, digest]);
      if (!copies.has(identity)) copies.set(identity, copy);
    }
  }
  return [...copies.values()];
}
