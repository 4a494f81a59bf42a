import { createHash } from "node:crypto";

/**
 * Ordering keys: event number N has the key N modulo `keys`, and all events of a key go to one shard, by the explicit hash
 * key of their records. A shard keeps the order in which it took its records, and the one that takes its place when the
 * stream is resharded takes records later than it did. So, with parents read before their children, events of a key that
 * come in another order than that of the source were written in another order.
 *
 * Source: AWS, Kinesis API Reference, PutRecords: ExplicitHashKey; it promises no order among the records of a request.
 */
export class Ordering {
  readonly #hashKeys: string[];
  /** The highest event number that was read of each key. */
  readonly #latest: number[];
  #outOfOrder = 0;

  /** @param keys from 1. */
  constructor(
    runId: string,
    readonly keys: number,
  ) {
    this.#hashKeys = Array.from({ length: keys }, (_, key) => hashKey(`${runId}.${key}`));
    this.#latest = this.#hashKeys.map(() => -1);
  }

  get outOfOrder(): number {
    return this.#outOfOrder;
  }

  /** The explicit hash key of an event's record. */
  hashKeyOf(index: number): string {
    return this.#hashKeys[index % this.keys] ?? "0";
  }

  /** Takes the first copy of an event, as it is read; of shards, parents before their children. */
  onRead(index: number): void {
    const key = index % this.keys;
    const latest = this.#latest[key] ?? -1;
    if (index < latest) this.#outOfOrder += 1;
    else this.#latest[key] = index;
  }
}

/** A place in the 128 bits that the shards divide among them. */
function hashKey(key: string): string {
  return BigInt(`0x${createHash("md5").update(key).digest("hex")}`).toString();
}
