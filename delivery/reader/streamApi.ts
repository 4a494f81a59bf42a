import {
  GetRecordsCommand,
  type GetRecordsOutput,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  type Shard,
} from "@aws-sdk/client-kinesis";

/** Where a shard is read from. */
export type Position =
  | { type: "AT_TIMESTAMP"; timestamp: Date }
  | { type: "AFTER_SEQUENCE_NUMBER"; sequenceNumber: string }
  | { type: "TRIM_HORIZON" };

/** The calls that a reader makes; the signal cancels them. */
export interface StreamApi {
  listShards(signal: AbortSignal): Promise<Shard[]>;
  iterator(shardId: string, position: Position, signal: AbortSignal): Promise<string>;
  records(iterator: string, signal: AbortSignal): Promise<GetRecordsOutput>;
}

/** The stream by its name in the client's region, as Amplitude is given it. */
export function streamApi(client: KinesisClient, streamName: string): StreamApi {
  return {
    async listShards(signal) {
      const shards: Shard[] = [];
      let nextToken: string | undefined;
      do {
        // A token stands for the stream that it came from: the API refuses both together.
        const input = nextToken === undefined ? { StreamName: streamName } : { NextToken: nextToken };
        const page = await client.send(new ListShardsCommand(input), { abortSignal: signal });
        shards.push(...(page.Shards ?? []));
        nextToken = page.NextToken;
      } while (nextToken !== undefined);
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
    records: (iterator, signal) =>
      client.send(new GetRecordsCommand({ ShardIterator: iterator }), { abortSignal: signal }),
  };
}
