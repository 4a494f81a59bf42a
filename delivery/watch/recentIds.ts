import { hash, randomBytes } from "node:crypto";

/**
 * Remembers ids that were seen, in memory that does not grow: at least the last `capacity` of them, at most twice as many,
 * in 32 bytes for each of `capacity`. Ids are known again by 53 bits of a hash: of a million different ones, two in ten
 * thousand runs would be taken for a repetition once.
 */
export class RecentIds {
  #young: Generation;
  #old: Generation;
  /** Nobody who chooses ids can choose colliding ones. */
  readonly #salt = randomBytes(16).toString("base64");

  /** @param capacity from 1. */
  constructor(private readonly capacity: number) {
    this.#young = new Generation(capacity);
    this.#old = new Generation(capacity);
  }

  /** @returns whether it is among those that are remembered; it is from now on. */
  hasSeen(id: string): boolean {
    const key = keyOf(this.#salt + id);
    if (this.#young.has(key)) return true;
    const isOld = this.#old.has(key);
    if (this.#young.size >= this.capacity) {
      const emptied = this.#old.empty();
      this.#old = this.#young;
      this.#young = emptied;
    }
    this.#young.add(key);
    return isOld;
  }
}

/** 1 to 2^53. */
function keyOf(text: string): number {
  const digest = hash("sha256", text, "buffer");
  return (digest.readUInt32LE(0) & 0x1fffff) * 2 ** 32 + digest.readUInt32LE(4) + 1;
}

/** A set of numbers from 1, in a table that is at most half full: linear probing finds each within a few steps. */
class Generation {
  readonly #slots: Float64Array;
  #size = 0;

  constructor(capacity: number) {
    this.#slots = new Float64Array(2 ** Math.ceil(Math.log2(capacity * 2)));
  }

  get size(): number {
    return this.#size;
  }

  has(key: number): boolean {
    return this.#slots[this.#slotOf(key)] === key;
  }

  /** @param key is not in it yet. */
  add(key: number): void {
    this.#slots[this.#slotOf(key)] = key;
    this.#size += 1;
  }

  empty(): this {
    this.#slots.fill(0);
    this.#size = 0;
    return this;
  }

  /** Where the key is, or would go. */
  #slotOf(key: number): number {
    const mask = this.#slots.length - 1;
    let slot = key & mask;
    while (this.#slots[slot] !== 0 && this.#slots[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }
}
