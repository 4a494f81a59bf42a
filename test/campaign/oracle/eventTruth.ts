import { type Copy, digestOf, type Reading, type TruthLog } from "../faults/log";
import type { RanPart } from "../oneRun";
import { readingsIn } from "./readingTruth";
import { FINAL_REFUSALS, MAX_ATTEMPTS, SENDER_ERROR } from "./sendingTruth";

/** The truth about one event that was sent. */
export interface EventTruth {
  acknowledgedIn: string | undefined;
  /** Number of attempts that may have written it, by the client's view. */
  unclear: number;
  /** Number of its records in the reader's responses, each counted once: with the event's bytes, and with others. */
  whole: number;
  changed: number;
  /** Whether every attempt was refused: the event was given up, or sending ended first. */
  refused: "for good" | "so far" | undefined;
  /** Whether an attempt may have written it, none was acknowledged, and the last one failed on the sender's side. */
  leftOpen: boolean;
}

/**
 * Records in a reader's responses, by shard: of the run's events, and in the first reading of other parts of the run, and
 * foreign ones.
 */
export interface ServedTruth {
  ofShards: Map<string, number>;
  ofOtherParts: number;
  foreign: number;
}

const WHOLE: RanPart = { index: 0, count: 1, countsForeign: () => true };

/** Partition keys of the run's events, `amplitude-kinesis.RUN.NUMBER`, by the report's `runId`. */
function keyOf(runId: string, index: number, part: RanPart): string {
  return `amplitude-kinesis.${runId}.${index * part.count + part.index}`;
}

/** Returns the events that were sent, in the order of the source. */
export function eventTruths(log: TruthLog, runId: string, events: Buffer[], part = WHOLE): EventTruth[] {
  const served = servedCopies(log, log.readings);
  return events.flatMap((bytes, index) => {
    const key = keyOf(runId, index, part);
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
        leftOpen: acknowledged.length === 0 && unclear > 0 && code === SENDER_ERROR,
      },
    ];
  });
}

/** Refusals for the sender's own permissions or session say nothing about the stream, however many there are. */
function isForGood(code: string, attempts: number): boolean {
  return FINAL_REFUSALS.has(code) || (attempts >= MAX_ATTEMPTS && code !== SENDER_ERROR);
}

/** @param sentAt Epoch time in ms of the last response to a write. */
export function servedTruth(
  log: TruthLog,
  {
    runId,
    events,
    sentAt,
    part = WHOLE,
  }: { runId: string; events: number; sentAt: number; part?: RanPart | undefined },
): ServedTruth {
  const own = new Set(Array.from({ length: events }, (_, index) => keyOf(runId, index, part)));
  const others = new RegExp(`^amplitude-kinesis\\.${runId}\\.(0|[1-9]\\d*)$`);
  const isOfOtherPart = ({ partitionKey }: Copy) => {
    const [, number] = others.exec(partitionKey) ?? [];
    return number !== undefined && Number(number) % part.count !== part.index;
  };
  const served = servedCopies(log, log.readings);
  const first = servedCopies(log, readingsIn(log, sentAt).first);
  const ofShards = new Map<string, number>();
  for (const { partitionKey, shardId } of served) {
    if (own.has(partitionKey)) ofShards.set(shardId, (ofShards.get(shardId) ?? 0) + 1);
  }
  const isForeign = (copy: Copy) =>
    !own.has(copy.partitionKey) && !isOfOtherPart(copy) && part.countsForeign(copy.shardId);
  return {
    ofShards,
    ofOtherParts: first.filter(isOfOtherPart).length,
    foreign: first.filter(isForeign).length,
  };
}

/** Returns each record once. Records of a shard with the same number, key and content are the same. */
function servedCopies(log: TruthLog, readings: Reading[]): Copy[] {
  const copies = new Map<string, Copy>();
  for (const { shardId, served = [] } of readings) {
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
