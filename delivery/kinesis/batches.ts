import type { Clock } from "../common/clock";
import { Filling } from "./batcher";
import type { OutgoingRecord, RecordSource } from "./record";

/** Source: AWS, Kinesis API Reference, PutRecords: 500 records and 10 MiB, partition keys included. */
export const BATCH_LIMITS: BatchLimits = { records: 500, bytes: 10 * 1024 * 1024 };

export interface BatchLimits {
  records: number;
  bytes: number;
}

/**
 * Batches of what the source gives: full ones while it is quick, and what there is after `lingerMs` while it is slow.
 * It asks the source for the next record, or records, only when a batch is asked of it.
 *
 * @param source of records that each fit into an empty batch.
 * @param signal ends it at once, even while the source is silent: what no batch was made of yet is left out.
 * @param accept decides on each record before it is put into a batch, by its size in bytes. Default: all.
 */
export async function* batches(
  source: RecordSource,
  limits: BatchLimits,
  lingerMs: number,
  clock: Clock,
  signal: AbortSignal,
  accept: (record: OutgoingRecord, size: number) => boolean = () => true,
): AsyncGenerator<OutgoingRecord[]> {
  if (signal.aborted) return;
  const linger = (stop: AbortSignal) => clock.sleep(lingerMs, stop);
  const filling = new Filling(source[Symbol.asyncIterator](), { limits, linger, accept });
  const end = () => filling.end();
  signal.addEventListener("abort", end);
  try {
    for (let batch = await filling.next(); batch !== undefined; batch = await filling.next()) yield batch;
  } finally {
    signal.removeEventListener("abort", end);
    await filling.close();
  }
}
