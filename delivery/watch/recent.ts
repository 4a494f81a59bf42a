import { hash, randomBytes } from "node:crypto";
import type { EpochMs } from "../common/clock";

/**
 * Remembers ids in constant memory: at least the last `capacity` ids, at most twice as many, in 32 bytes per unit of
 * capacity. It compares 53 bits of a hash. Among a million different ids, one false repetition occurs in two of ten thousand
 * runs.
 */
export class RecentIds {
  #young: Generation;
  #old: Generation;
  /** Prevents someone who chooses ids from choosing colliding ones. */
  readonly #salt = randomBytes(16).toString("base64");

  /** @param capacity From 1. */
  constructor(private readonly capacity: number) {
    this.#young = new Generation(capacity);
    this.#old = new Generation(capacity);
  }

  has(id: string): boolean {
    const key = keyOf(this.#salt + id);
    return this.#young.has(key) || this.#old.has(key);
  }

  /** Returns whether the id is remembered, and remembers it. */
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

/** Returns an integer from 1 to 2^53. */
function keyOf(text: string): number {
  const digest = hash("sha256", text, "buffer");
  return (digest.readUInt32LE(0) & 0x1fffff) * 2 ** 32 + digest.readUInt32LE(4) + 1;
}

/** A set of integers from 1, in a table that is at most half full, so that linear probing takes a few steps. */
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

  /** Adds a key that is not in the set. */
  add(key: number): void {
    this.#slots[this.#slotOf(key)] = key;
    this.#size += 1;
  }

  empty(): this {
    this.#slots.fill(0);
    this.#size = 0;
    return this;
  }

  /** Returns the slot of the key, or the free slot for it. */
  #slotOf(key: number): number {
    const mask = this.#slots.length - 1;
    let slot = key & mask;
    while (this.#slots[slot] !== 0 && this.#slots[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }
}

const SECONDS = 60;
/** Number of whole seconds that make the rate. */
const RATE_SECONDS = 10;

/** Counts per second over the last 60 seconds. A clock that is set back stands still here. */
export class RecentRate {
  /** Counts of the last 60 seconds. The current second is the last. */
  readonly #counts = new Array<number>(SECONDS).fill(0);
  #second: number;
  readonly #firstSecond: number;

  constructor(now: EpochMs) {
    this.#second = Math.floor(now / 1000);
    this.#firstSecond = this.#second;
  }

  add(count: number, now: EpochMs): void {
    this.#moveTo(now);
    this.#counts.push((this.#counts.pop() ?? 0) + count);
  }

  /** Returns the rate over the last ten whole seconds. At first it covers fewer, or the current second. */
  perSecond(now: EpochMs): number {
    this.#moveTo(now);
    const whole = Math.min(RATE_SECONDS, this.#second - this.#firstSecond);
    if (whole === 0) return this.#counts.at(-1) ?? 0;
    return this.#counts.slice(-1 - whole, -1).reduce((sum, count) => sum + count, 0) / whole;
  }

  /** Returns the counts of the last 60 seconds. The current second is the last. */
  lastMinute(now: EpochMs): number[] {
    this.#moveTo(now);
    return [...this.#counts];
  }

  #moveTo(now: EpochMs): void {
    const second = Math.floor(now / 1000);
    if (second <= this.#second) return;
    const passed = Math.min(SECONDS, second - this.#second);
    this.#counts.splice(0, passed);
    this.#counts.push(...new Array<number>(passed).fill(0));
    this.#second = second;
  }
}
