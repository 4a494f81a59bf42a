import type { TruthLog } from "../faults/log";
import { readings } from "./readingTruth";

export interface OrderNeeds {
  runId: string;
  /** Event number N has the key N modulo `keys`. */
  keys: number;
  /** When the last write was answered, in ms since 1970. */
  sentAt: number;
}

/** Events that lie behind a later one of their key in a shard. Of each, the copy counts that the first reading met first. */
export function eventsOutOfOrder(log: TruthLog, { runId, keys, sentAt }: OrderNeeds): number {
  const start = `amplitude-kinesis.${runId}.`;
  const met = new Map<number, { shardId: string; sequenceNumber: string }>();
  for (const { shardId, served = [] } of readings(log, sentAt).first) {
    for (const sequenceNumber of served) {
      const key = log.copyAt(shardId, sequenceNumber)?.partitionKey ?? "";
      const number = Number(key.slice(start.length));
      if (key.startsWith(start) && !met.has(number)) met.set(number, { shardId, sequenceNumber });
    }
  }
  const isBehind = (number: number) => {
    const own = met.get(number);
    return [...met].some(
      ([other, { shardId, sequenceNumber }]) =>
        other > number &&
        other % keys === number % keys &&
        shardId === own?.shardId &&
        BigInt(sequenceNumber) < BigInt(own.sequenceNumber),
    );
  };
  return [...met.keys()].filter(isBehind).length;
}
