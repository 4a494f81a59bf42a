import {
  GetRecordsCommand,
  type GetRecordsOutput,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsInput,
  type ListShardsOutput,
  PutRecordsCommand,
  type Shard,
} from "@aws-sdk/client-kinesis";
import { EncodedPutRecords, encodePutRecords } from "../aws/codec/putRecords";
import { awsError, classify, isCredentialsError } from "../aws/errors";
import type { PutRecords } from "./outcome";

/** Position from which a shard is read. */
export type Position =
  | { type: "AT_TIMESTAMP"; timestamp: Date }
  | { type: "AFTER_SEQUENCE_NUMBER"; sequenceNumber: string }
  | { type: "TRIM_HORIZON" };

/** Requests of a reader; `putRecordsTo` returns the one of a sender. The signal cancels them. */
export interface StreamApi {
  /**
   * Lists the shards that can hold records from `from` on: all open shards, and closed ones that were open then. An endpoint
   * without the filter lists all shards of the retention period.
   */
  listShards(from: Date, signal: AbortSignal): Promise<Shard[]>;
  iterator(shardId: string, position: Position, signal: AbortSignal): Promise<string>;
  records(iterator: string, signal: AbortSignal): Promise<GetRecordsOutput>;
}

/** Returns the requests for a stream by its name in the client's region, as Amplitude addresses it. */
export function streamApi(client: KinesisClient, streamName: string): StreamApi {
  const page = (input: ListShardsInput, signal: AbortSignal) =>
    client.send(new ListShardsCommand(input), { abortSignal: signal });
  return {
    async listShards(from, signal) {
      const shards: Shard[] = [];
      let { Shards = [], NextToken } = await firstPage(from, (input) =>
        page({ StreamName: streamName, ...input }, signal),
      );
      shards.push(...Shards);
      while (NextToken !== undefined) {
        // A token includes the stream and the filter, and the API rejects it next to them.
        ({ Shards = [], NextToken } = await page({ NextToken }, signal));
        shards.push(...Shards);
      }
      return shards;
    },
    async iterator(shardId, position, signal) {
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({
          StreamName: streamName,
          ShardId: shardId,
          ShardIteratorType: position.type,
          ...("timestamp" in position ? { Timestamp: position.timestamp } : {}),
          ...("sequenceNumber" in position ? { StartingSequenceNumber: position.sequenceNumber } : {}),
        }),
        { abortSignal: signal },
      );
      if (ShardIterator === undefined)
        throw new Error(`GetShardIterator returned no iterator for ${shardId}`);
      return ShardIterator;
    },
    async records(iterator, signal) {
      const output = await client.send(new GetRecordsCommand({ ShardIterator: iterator }), {
        abortSignal: signal,
      });
      if (!Array.isArray(output.Records ?? [])) throw new Error("GetRecords returned no list of records");
      return output;
    },
  };
}

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

/**
 * Lists shards by time, or all shards if the endpoint rejects that: emulators may lack the filter, and Flink's connector
 * meets InvalidArgumentException for a time before the trim horizon, which AWS documents as corrected.
 * Source: Kinesis API Reference, ShardFilter; Apache Flink, `KinesisStreamsSourceEnumerator`.
 */
async function firstPage(
  from: Date,
  list: (input: ListShardsInput) => Promise<ListShardsOutput>,
): Promise<ListShardsOutput> {
  try {
    return await list({ ShardFilter: { Type: "FROM_TIMESTAMP", Timestamp: from } });
  } catch (error) {
    if (!mayRejectFilter(error)) throw error;
    return list({});
  }
}

/** Whether the endpoint may have rejected the filter: other causes would fail the request without it too. */
function mayRejectFilter(error: unknown): boolean {
  const { httpStatus = 0 } = awsError(error);
  const isOther =
    isCredentialsError(error) || ["access-denied", "throttling", "not-found"].includes(classify(error));
  return httpStatus >= 400 && httpStatus < 500 && !isOther;
}
