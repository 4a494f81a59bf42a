import { createHash } from "node:crypto";

/** Hash keys that fall to one shard, both ends included. Source: Kinesis API Reference, HashKeyRange. */
export interface HashKeyRange {
  start: bigint;
  end: bigint;
}

/** One more than the largest hash key: they are MD5 sums, 128 bits. */
const HASH_KEYS = 2n ** 128n;

/** The whole range in `count` parts of one size; the last one takes what is left over. */
export function evenRanges(count: number): HashKeyRange[] {
  const size = HASH_KEYS / BigInt(count);
  return Array.from({ length: count }, (_, part) => ({
    start: BigInt(part) * size,
    end: part === count - 1 ? HASH_KEYS - 1n : BigInt(part + 1) * size - 1n,
  }));
}

/** Where a record belongs: the MD5 of its partition key, unless a hash key is given. Undefined for one that is no hash key. */
export function hashKeyOf(partitionKey: string, explicitHashKey?: string): bigint | undefined {
  if (explicitHashKey === undefined) {
    return BigInt(`0x${createHash("md5").update(partitionKey).digest("hex")}`);
  }
  if (!/^(0|[1-9]\d{0,38})$/.test(explicitHashKey)) return undefined;
  const hashKey = BigInt(explicitHashKey);
  return hashKey < HASH_KEYS ? hashKey : undefined;
}

export function contains({ start, end }: HashKeyRange, hashKey: bigint): boolean {
  return hashKey >= start && hashKey <= end;
}
