import { type KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import type { PutRecords } from "./producerOptions";

/** PutRecords on a stream by its name in the client's region, as Amplitude is given it. */
export function putRecordsTo(client: KinesisClient, streamName: string): PutRecords {
  return (records, signal) =>
    client.send(
      new PutRecordsCommand({
        StreamName: streamName,
        Records: records.map(({ partitionKey, explicitHashKey, bytes }) => ({
          PartitionKey: partitionKey,
          Data: bytes,
          ...(explicitHashKey === undefined ? {} : { ExplicitHashKey: explicitHashKey }),
        })),
      }),
      { abortSignal: signal },
    );
}
