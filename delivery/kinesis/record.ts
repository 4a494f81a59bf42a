import type { EventMemory } from "../events/source";

/** One event on its way to the stream: one record, its bytes untouched. */
export interface OutgoingRecord {
  /** Position in the run, from 0. */
  readonly index: number;
  /** 1–256 characters, unique in the stream: the record is recognized by it when it is read. */
  readonly partitionKey: string;
  readonly bytes: Buffer;
  /** What `bytes` lie in: it is released once the record was acknowledged. */
  readonly memory?: EventMemory | undefined;
}

/** Records one by one, or as many at once as there are: one asynchronous step for each would cost as much as sending it. */
export type RecordSource = AsyncIterable<OutgoingRecord | readonly OutgoingRecord[]>;

/** What counts against Kinesis's limits: the data and the partition key in UTF-8. */
export function recordSize(record: OutgoingRecord): number {
  return record.bytes.length + Buffer.byteLength(record.partitionKey);
}
