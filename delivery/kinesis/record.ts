import { type KinesisClient, PutRecordsCommand, type PutRecordsOutput } from "@aws-sdk/client-kinesis";
import { EncodedPutRecords, encodePutRecords } from "../aws/codec/putRecords";

/** A record to send: one event, its bytes unchanged. */
export interface OutgoingRecord {
  /** Position in the run, from 0. */
  readonly index: number;
  /** 1–256 characters, unique in the stream: it identifies the record when it is read. */
  readonly partitionKey: string;
  /** Decides the shard in place of the partition key. */
  readonly explicitHashKey?: string;
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

/**
 * Returns PutRecords for a stream by its name in the client's region, as Amplitude addresses it.
 *
 * Bodies reuse memory, because fresh memory of this size would nearly double the CPU of sending. A body's memory is free
 * once its response has arrived. After a failure the socket may still read it, so it is not reused.
 */
export function putRecordsTo(client: KinesisClient, streamName: string): PutRecords {
  const free: Buffer[] = [];
  return async (records, signal) => {
    const body = encodePutRecords(streamName, records, free.pop());
    const command = new PutRecordsCommand(new EncodedPutRecords(streamName, body));
    const output = await client.send(command, { abortSignal: signal });
    free.push(Buffer.from(body.buffer));
    return output;
  };
}
