import {
  GetRecordsCommand,
  type GetRecordsOutput,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsInput,
  type ListShardsOutput,
  type Shard,
} from "@aws-sdk/client-kinesis";
import { awsError, classify, isCredentialsError } from "../aws/errors";

/** Where a shard is read from. */
export type Position =
  | { type: "AT_TIMESTAMP"; timestamp: Date }
  | { type: "AFTER_SEQUENCE_NUMBER"; sequenceNumber: string }
  | { type: "TRIM_HORIZON" };

/** The calls that a reader makes; the signal cancels them. */
export interface StreamApi {
  /**
   * The shards that can hold records which arrived from `from` on: all open ones, and closed ones that were open then.
   * An endpoint that does not know the filter lists all of the retention period.
   */
  listShards(from: Date, signal: AbortSignal): Promise<Shard[]>;
  iterator(shardId: string, position: Position, signal: AbortSignal): Promise<string>;
  records(iterator: string, signal: AbortSignal): Promise<GetRecordsOutput>;
}

/** The stream by its name in the client's region, as Amplitude is given it. */
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
        // A token stands for the stream and the filter that it came from: the API refuses it beside them.
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
      if (ShardIterator === undefined) throw new Error(`GetShardIterator gave no iterator for ${shardId}`);
      return ShardIterator;
    },
    async records(iterator, signal) {
      const output = await client.send(new GetRecordsCommand({ ShardIterator: iterator }), {
        abortSignal: signal,
      });
      if (!Array.isArray(output.Records ?? [])) throw new Error("GetRecords gave no list of records");
      return output;
    },
  };
}

/**
 * AWS documents that a time before the trim horizon is corrected to it ("ShardFilter", Kinesis API reference), but
 * Flink's connector meets InvalidArgumentException there (its `KinesisStreamsSourceEnumerator`), and emulators may not
 * know the filter: then all shards are asked for.
 */
async function firstPage(
  from: Date,
  ask: (input: ListShardsInput) => Promise<ListShardsOutput>,
): Promise<ListShardsOutput> {
  try {
    return await ask({ ShardFilter: { Type: "FROM_TIMESTAMP", Timestamp: from } });
  } catch (error) {
    if (!mayRefuseFilter(error)) throw error;
    return ask({});
  }
}

/** Whether the endpoint may have rejected the filter: other causes would fail the request without it too. */
function mayRefuseFilter(error: unknown): boolean {
  const { httpStatus = 0 } = awsError(error);
  const isOther =
    isCredentialsError(error) || ["access-denied", "throttling", "not-found"].includes(classify(error));
  return httpStatus >= 400 && httpStatus < 500 && !isOther;
}
