import type { _Record as KinesisRecord } from "@aws-sdk/client-kinesis";
import { generateEvents } from "../../../delivery/events/generator/generator";
import { StreamObserver } from "../../../delivery/watch/streamObserver";
import { eventsOf } from "../events/eventsOf";

export type Row = Record<string, unknown>;

/** Rows as Amplitude exports them. */
export async function rows(count: number, seed = "rows"): Promise<Row[]> {
  const found: Row[] = [];
  for await (const { bytes } of eventsOf(generateEvents({ events: count, seed, now: () => NOW }))) {
    found.push(JSON.parse(bytes.toString()));
  }
  return found;
}

const NOW = new Date("2026-01-05T09:30:00Z");

export async function row(changes: Row = {}): Promise<Row> {
  const [first = {}] = await rows(1);
  return { ...first, ...changes };
}

export function record(content: unknown, partitionKey = "somebody's"): KinesisRecord {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return recordOf(Buffer.from(text), partitionKey);
}

export function recordOf(Data: Uint8Array, PartitionKey = "somebody's"): KinesisRecord {
  return { Data, PartitionKey, SequenceNumber: "1", ApproximateArrivalTimestamp: NOW };
}

/** What an observer makes of records that all arrive now. */
export function observing(
  records: KinesisRecord[],
  options: { expectApps?: string[]; includeTests?: boolean; repeated?: KinesisRecord[] } = {},
) {
  const { expectApps = [], includeTests = false, repeated = [] } = options;
  const observer = new StreamObserver({
    startedAt: NOW.getTime(),
    expectApps,
    includeTests,
    idsRemembered: 1_000,
  });
  const batch = { shardId: "shardId-000000000000", records, receivedAt: NOW.getTime() };
  for (const _ of observer.steps({ ...batch, repeated: new Set(repeated) }));
  return observer.observed(NOW.getTime());
}
