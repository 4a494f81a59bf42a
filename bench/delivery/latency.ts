/**
 * Measures the latency that the producer adds to each record at a constant rate: from the time at which the record is due
 * until its request begins, and from the response until the record is acknowledged. It runs in a separate process and
 * prints percentiles in ms.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "hdr-histogram-js";
import { kinesisWriteClient } from "../../delivery/aws/clients";
import { systemClock } from "../../delivery/common/clock";
import type { OutgoingRecord, PutRecords } from "../../delivery/kinesis/outcome";
import { Producer } from "../../delivery/kinesis/producer";
import { putRecordsTo } from "../../delivery/kinesis/streamApi";
import { readEvents } from "./events";
import { CREDENTIALS, keyOf, REGION } from "./handWritten";
import { type AddedLatency, type LatencyRun, LINGER_MS } from "./latencyTypes";
import { IGNORED } from "./producerPath";

async function main({ endpoint, events: count, eventsFile, rate }: LatencyRun): Promise<void> {
  const events = readEvents(eventsFile);
  const put = putRecordsTo(
    kinesisWriteClient({ endpoint, region: REGION, credentials: CREDENTIALS }),
    "bench",
  );
  await sendSteadily(put, events, Math.min(count, rate), rate); // Warms up the compiler for a second.
  const added = await sendSteadily(put, events, count, rate);
  const at = (percentile: number) => added.getValueAtPercentile(percentile) / 1000;
  console.log(JSON.stringify({ rate, p50: at(50), p99: at(99), max: at(100) } satisfies AddedLatency));
}

/** Returns the histogram of the latencies that the producer added, in µs. */
async function sendSteadily(put: PutRecords, events: Buffer[], count: number, rate: number) {
  const added = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  const start = performance.now() + 10;
  const dueAt = (index: number) => start + (index / rate) * 1000;
  const requestMs = new Float64Array(count);
  const timed: PutRecords = async (records, signal) => {
    const startedAt = performance.now();
    const response = await put(records, signal);
    const took = performance.now() - startedAt;
    for (const { index } of records) requestMs[index] = took;
    return response;
  };
  const onEnd = (index: number) => {
    const ms = performance.now() - dueAt(index) - (requestMs[index] ?? 0);
    added.recordValue(Math.max(1, Math.round(ms * 1000)));
  };
  const producer = new Producer({
    put: timed,
    listener: { ...IGNORED, onEnd },
    clock: systemClock,
    random: Math.random,
    largestRecordBytes: 1024 * 1024,
    lingerMs: LINGER_MS,
  });
  const stopped = await producer.run(paced(events, count, dueAt), new AbortController().signal);
  if (stopped !== undefined || added.totalCount !== count)
    throw new Error(stopped?.reason.detail ?? "not all acknowledged");
  return added;
}

/** Yields each event when it is due, and events that are due together in one batch. */
async function* paced(
  events: Buffer[],
  count: number,
  dueAt: (index: number) => number,
): AsyncGenerator<OutgoingRecord[]> {
  for (let index = 0; index < count; ) {
    const wait = dueAt(index) - performance.now();
    if (wait > 0) await sleep(wait);
    const due: OutgoingRecord[] = [];
    for (; index < count && dueAt(index) <= performance.now(); index += 1) {
      due.push({
        index,
        bytes: events[index % events.length] ?? Buffer.alloc(0),
        partitionKey: keyOf(index),
      });
    }
    if (due.length > 0) yield due;
  }
}

main(JSON.parse(process.argv[2] ?? "{}")).then(
  () => process.exit(),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
