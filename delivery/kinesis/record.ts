import {
  type KinesisClient,
  PutRecordsCommand,
  type PutRecordsOutput,
  type PutRecordsRequestEntry,
} from "@aws-sdk/client-kinesis";

/** A record to send: one event, its bytes unchanged. */
export interface OutgoingRecord {
  /** Position in the run, from 0. */
  readonly index: number;
  /** 1–256 characters, unique in the stream: it identifies the record when it is read. */
  readonly partitionKey: string;
  readonly bytes: Buffer;
}

/** Records in order, as many per step as are available: an asynchronous step per record costs as much as sending it. */
export type RecordSource = AsyncIterable<readonly OutgoingRecord[]>;

/** Returns the size that counts against Kinesis's limits: the data and the partition key in UTF-8. */
export function recordSize(record: OutgoingRecord): number {
  return record.bytes.length + Buffer.byteLength(record.partitionKey);
}

/** Makes one attempt of a PutRecords request. Rejects when the signal aborts. */
export type PutRecords = (records: OutgoingRecord[], signal: AbortSignal) => Promise<PutRecordsOutput>;

/** Returns PutRecords for a stream by its name in the client's region, as Amplitude addresses it. */
export function putRecordsTo(client: KinesisClient, streamName: string): PutRecords {
  return (records, signal) =>
    client.send(
      new PutRecordsCommand({
        StreamName: streamName,
        Records: records.map(entryOf),
      }),
      { abortSignal: signal },
    );
}

function entryOf({ partitionKey, bytes }: OutgoingRecord): PutRecordsRequestEntry {
  return { PartitionKey: partitionKey, Data: bytes };
}
