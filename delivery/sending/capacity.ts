import type { WriteCapacity } from "../kinesis/rateLimit";

/** What each shard takes. Source: AWS, "Quotas and limits" (Kinesis Developer Guide). */
const SHARD: WriteCapacity = { recordsPerSecond: 1_000, bytesPerSecond: 1_000_000 };

/** What a run will put on the stream. */
export interface RunLoad {
  /** Events a second. */
  rate: number;
  /** Bytes of an event, partition key included: the mean of the source's first ones. */
  eventBytes: number;
  /** The stream's shards that take records. */
  openShards: number;
  /** Of what the open shards take, the larger one of records and bytes: 1 is all of it. */
  share: number;
}

export function capacityOf(openShards: number, share = 1): WriteCapacity {
  return {
    recordsPerSecond: SHARD.recordsPerSecond * openShards * share,
    bytesPerSecond: SHARD.bytesPerSecond * openShards * share,
  };
}

export function loadOf(rate: number, eventBytes: number, openShards: number): RunLoad {
  const { recordsPerSecond, bytesPerSecond } = capacityOf(openShards);
  const share = Math.max(rate / recordsPerSecond, (rate * eventBytes) / bytesPerSecond);
  return { rate, eventBytes, openShards, share };
}
