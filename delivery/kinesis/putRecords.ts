import { type KinesisClient, PutRecordsCommand, type PutRecordsRequestEntry } from "@aws-sdk/client-kinesis";
import type { PutRecords } from "./producerOptions";
import type { OutgoingRecord } from "./record";

/** PutRecords on a stream by its name in the client's region, as Amplitude is given it. */
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
