import { createHash } from "node:crypto";

/**
 * Ordering keys: event number N has the key N modulo `keys`, and all events of a key go to one shard, by the explicit hash
 * key of their records. A shard keeps the order in which it took its records, so that events of a key which come out of
 * it in another order than that of the source were written in another order.
 *
 * Source: AWS, Kinesis API Reference, PutRecords: ExplicitHashKey; it promises no order among the records of a request.
 */
export class Ordering {
  readonly #hashKeys: string[];
  /** By shard: the highest event number that was read of each key. */
  readonly #latest = new Map<string, Map<number, number>>();
  #outOfOrder = 0;

  /** @param keys from 1. */
  constructor(
    runId: string,
    readonly keys: number,
  ) {
    this.#hashKeys = Array.from({ length: keys }, (_, key) => hashKey(`${runId}.${key}`));
  }

  get outOfOrder(): number {
    return this.#outOfOrder;
  }

  /** The explicit hash key of an event's record. */
  hashKeyOf(index: number): string {
    return this.#hashKeys[index % this.keys] ?? "0";
  }

  /** Takes the first copy of an event, as it is read from its shard. */
  onRead(shardId: string, index: number): void {
    let latest = this.#latest.get(shardId);
    if (latest === undefined) {
      latest = new Map();
      this.#latest.set(shardId, latest);
    }
    const key = index % this.keys;
    if (index < (latest.get(key) ?? -1)) this.#outOfOrder += 1;
    else latest.set(key, index);
  }
}

/** A place in the 128 bits that the shards divide among them. */
function hashKey(key: string): string {
  return BigInt(`0x${createHash("md5").update(key).digest("hex")}`).toString();
}
