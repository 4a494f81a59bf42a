/** One event on its way to the stream: one record, its bytes untouched. */
export interface OutgoingRecord {
  /** Position in the run, from 0. */
  readonly index: number;
  /** 1–256 characters, unique in the stream: the record is recognized by it when it is read. */
  readonly partitionKey: string;
  readonly bytes: Buffer;
}

/** Records in order, as many per step as are available: an asynchronous step per record costs as much as sending it. */
export type RecordSource = AsyncIterable<readonly OutgoingRecord[]>;

/** What counts against Kinesis's limits: the data and the partition key in UTF-8. */
export function recordSize(record: OutgoingRecord): number {
  return record.bytes.length + Buffer.byteLength(record.partitionKey);
}
