import type { Shard } from "@aws-sdk/client-kinesis";

/** What the list of shards says of one. */
export interface ListedShard {
  shardId: string;
  /** One after a split, two after a merge. */
  parentShardIds: string[];
  /** It takes no more records: its last sequence number is known. */
  isClosed: boolean;
}

/** @returns nothing for a shard without an id, which the API's types allow. */
export function listedShard(shard: Shard): ListedShard[] {
  const { ShardId, ParentShardId, AdjacentParentShardId, SequenceNumberRange } = shard;
  if (ShardId === undefined) return [];
  const parentShardIds = [ParentShardId, AdjacentParentShardId].flatMap((id) => id ?? []);
  return [
    {
      shardId: ShardId,
      parentShardIds,
      isClosed: typeof SequenceNumberRange?.EndingSequenceNumber === "string",
    },
  ];
}
