import { createHash } from "node:crypto";

/** Range of a shard's hash keys, including both ends. Source: Kinesis API Reference, HashKeyRange. */
export interface HashKeyRange {
  start: bigint;
  end: bigint;
}

/** One more than the largest hash key, which is an MD5 sum of 128 bits. */
const HASH_KEYS = 2n ** 128n;

/** Splits the whole range into `count` equal parts. The last one also takes the remainder. */
export function evenRanges(count: number): HashKeyRange[] {
  const size = HASH_KEYS / BigInt(count);
  return Array.from({ length: count }, (_, part) => ({
    start: BigInt(part) * size,
    end: part === count - 1 ? HASH_KEYS - 1n : BigInt(part + 1) * size - 1n,
  }));
}

/** Returns a record's hash key: the given one, or the MD5 of its partition key. Undefined if the given one is invalid. */
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
