import { type ClientOptions, kinesisWriteClient } from "../../delivery/aws/clients";
import { systemClock } from "../../delivery/common/clock";
import type { OutgoingRecord } from "../../delivery/kinesis/outcome";
import type { OutcomeListener } from "../../delivery/kinesis/producer";
import { Producer } from "../../delivery/kinesis/producer";
import { putRecordsTo } from "../../delivery/kinesis/streamApi";
import { keyOf } from "./handWritten";
import type { Bench } from "./paths";

/** Records per batch of the source, as in an export. */
const BATCH = 50;

/** Measures the whole producer with an asynchronous source: batches, attempts, an outcome per record. */
export function producerPath({ events, share }: Bench, options: ClientOptions): () => Promise<number> {
  const put = putRecordsTo(kinesisWriteClient(options), "bench");
  return async () => {
    let acknowledged = 0;
    const producer = new Producer({
      put,
      listener: { ...IGNORED, onEnd: () => (acknowledged += 1) },
      clock: systemClock,
      random: Math.random,
      largestRecordBytes: 1024 * 1024,
      concurrency: 1,
    });
    const stopped = await producer.run(recordsOf(events, share), new AbortController().signal);
    if (stopped !== undefined || acknowledged !== share)
      throw new Error(stopped?.reason.detail ?? "not all acknowledged");
    return share;
  };
}

export const IGNORED: OutcomeListener = {
  onAttempt: () => undefined,
  onAmbiguous: () => undefined,
  onEnd: () => undefined,
};

async function* recordsOf(events: Buffer[], count: number): AsyncGenerator<OutgoingRecord[]> {
  for (let first = 0; first < count; first += BATCH) {
    yield Array.from({ length: Math.min(BATCH, count - first) }, (_, offset) => {
      const index = first + offset;
      const bytes = events[index % events.length] ?? Buffer.alloc(0);
      return { index, bytes, partitionKey: keyOf(index) };
    });
  }
}
