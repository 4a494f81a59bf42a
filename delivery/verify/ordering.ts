import { createHash } from "node:crypto";

/**
 * Ordering keys: event number N has the key N modulo `keys`, and all events of a key go to one shard, by the explicit hash
 * key of their records. A shard keeps the order in which it took its records, and the one that takes its place when the
 * stream is resharded takes records later than it did. So events of a key that lie in the shards, those that were resharded
 * first, in another order than that of the source were written in another order.
 *
 * It keeps four bytes for each record that is read, since of the shards several are read at once, and which comes before
 * which is known at the end alone.
 *
 * Source: AWS, Kinesis API Reference, PutRecords: ExplicitHashKey; it promises no order among the records of a request.
 */
export class Ordering {
  readonly #hashKeys: string[];
  /** By shard: the numbers of the events, in the order of their records. */
  readonly #read = new Map<string, Numbers>();

  /** @param keys from 1. */
  constructor(
    runId: string,
    readonly keys: number,
  ) {
    this.#hashKeys = Array.from({ length: keys }, (_, key) => hashKey(`${runId}.${key}`));
  }

  /** The explicit hash key of an event's record. */
  hashKeyOf(index: number): string {
    return this.#hashKeys[index % this.keys] ?? "0";
  }

  /** Takes a record of an event, in the order of its shard. */
  onRead(shardId: string, index: number): void {
    let numbers = this.#read.get(shardId);
    if (numbers === undefined) {
      numbers = new Numbers();
      this.#read.set(shardId, numbers);
    }
    numbers.add(index);
  }

  /**
   * Events that lie behind a later one of their key. Of several copies the first one counts.
   *
   * @param shardIdsByAge all shards that were read, each after those whose place it took.
   */
  outOfOrder(shardIdsByAge: readonly string[]): number {
    const latest = this.#hashKeys.map(() => -1);
    const seen = new Bits();
    let behind = 0;
    for (const shardId of shardIdsByAge) {
      for (const index of this.#read.get(shardId)?.all() ?? []) {
        const key = index % this.keys;
        if (index > (latest[key] ?? -1)) latest[key] = index;
        // One that is not beyond the latest has been seen before, or is out of order, once.
        else if (index !== latest[key] && !seen.has(index)) behind += 1;
        seen.add(index);
      }
    }
    return behind;
  }
}

/** Whole numbers below 2^32 in the order in which they came, four bytes each. */
class Numbers {
  #numbers = new Uint32Array(1024);
  #count = 0;

  add(number: number): void {
    if (this.#count === this.#numbers.length) {
      const larger = new Uint32Array(2 * this.#count);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#count] = number;
    this.#count += 1;
  }

  all(): Uint32Array {
    return this.#numbers.subarray(0, this.#count);
  }
}

/** A set of whole numbers, a bit for each below the largest. */
class Bits {
  #bits = new Uint8Array(1024);

  has(number: number): boolean {
    return ((this.#bits[number >>> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }

  add(number: number): void {
    const at = number >>> 3;
    if (at >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bits.length, at + 1));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (number & 7));
  }
}

/** A place in the 128 bits that the shards divide among them. */
function hashKey(key: string): string {
  return BigInt(`0x${createHash("md5").update(key).digest("hex")}`).toString();
}
