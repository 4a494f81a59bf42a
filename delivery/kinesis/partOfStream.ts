import type { HashKeyRange } from "@aws-sdk/client-kinesis";
import type { Part } from "../common/part";

/** Number of hash keys: they are 128-bit integers. Source: Kinesis API Reference, HashKeyRange. */
const HASH_KEYS = 2n ** 128n;
/** Hash keys at either end of a part that it never writes: far more than rounding shifts borders, and a negligible share. */
const MARGIN = 2n ** 64n;
/** Number of different hash keys that a part writes. 250 shards get the same share of them within 2 %. */
const WRITTEN_KEYS_BITS = 14;

/**
 * The share of a stream that one part of a run writes and reads.
 *
 * Hash keys are divided, not shards: part I of N has the I-th of N equal ranges of hash keys. It writes only its own hash
 * keys, and reads every shard that takes one of them. If the shards are as even as Kinesis makes them, and N divides their
 * number, that is every shard of the range and no other; a shard across a border is read by both parts. Whatever splits and
 * merges there are, and whenever a part lists the shards, a record's shard is read by the part that has written it. Parts
 * need not agree on anything but N.
 *
 * A shard belongs to the part that has its first hash key. Only that part counts the records of others in it. Kinesis
 * rounds the borders of shards, so a shard that begins or ends within `MARGIN` of a border counts as if it did at the border.
 */
export class PartOfStream {
  readonly #first: bigint;
  readonly #last: bigint;
  readonly #written: string[] = [];

  constructor({ index, count }: Part) {
    const border = (number: number) => (HASH_KEYS * BigInt(number)) / BigInt(count);
    this.#first = border(index);
    this.#last = border(index + 1) - 1n;
  }

  /** Returns the hash key of the part's event with this number, from 0. Consecutive ones are far apart. */
  hashKey(event: number): string {
    const place = event % 2 ** WRITTEN_KEYS_BITS;
    this.#written[place] ??= String(this.#first + this.#offset(place));
    return this.#written[place];
  }

  /** Whether the shard takes hash keys that the part may write. A shard without a range may take them. */
  reads(range: Partial<HashKeyRange> | undefined): boolean {
    const { StartingHashKey: first, EndingHashKey: last } = range ?? {};
    if (first === undefined || last === undefined) return true;
    const takesWritten = BigInt(first) + MARGIN <= this.#last && BigInt(last) - MARGIN >= this.#first;
    return takesWritten || this.owns(range);
  }

  /** Whether the shard belongs to the part. */
  owns(range: Partial<HashKeyRange> | undefined): boolean {
    if (range?.StartingHashKey === undefined) return false;
    const first = BigInt(range.StartingHashKey) + MARGIN;
    return first >= this.#first && first <= this.#last;
  }

  /** Reverses the place's bits, so that any number of consecutive places is spread evenly. */
  #offset(place: number): bigint {
    let reversed = 1;
    for (let bit = 0; bit < WRITTEN_KEYS_BITS; bit += 1)
      reversed += ((place >> bit) & 1) << (WRITTEN_KEYS_BITS - bit);
    return ((this.#last - this.#first + 1n) * BigInt(reversed)) >> BigInt(WRITTEN_KEYS_BITS + 1);
  }
}
