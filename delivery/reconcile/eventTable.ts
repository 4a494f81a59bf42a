/** Words of an entry: two of its identity's hash, content, bytes, place, progress. */
const WORDS = 6;
const [LOW, HIGH, CONTENT, BYTES, PLACE, STATE] = [0, 1, 2, 3, 4, 5];
const CHUNK_ENTRIES = 2 ** 14;
/** Share of the slots above which the index grows by half. Linear probing then takes a few steps. */
const MAX_LOAD = 0.75;
const GROWTH = 1.5;
const MIN_SLOTS = 2 ** 12;

/** Bits of the state: ms within the hour, then flags. */
const MS_MASK = 2 ** 22 - 1;
const SEEN = 2 ** 22;
const DIFFERENT = 2 ** 23;
const LATENESS_SHIFT = 24;
const LATENESS_MASK = 3 << LATENESS_SHIFT;
const VISITED = 2 ** 26;

/** Highest number of event types that are distinguished. Amplitude allows 2,000 per project. */
export const MAX_TYPES = 2 ** 16;

/** Delay of an event's first arrival: at most a minute, over a minute, over an hour. */
export type Lateness = 0 | 1 | 2;

/** An exported event. */
export interface NewEntry {
  /** Hash of the event's normalized fields. */
  content: number;
  /** CRC-32 of the event's bytes. */
  bytes: number;
  /** Number of its event type, below `MAX_TYPES`. */
  type: number;
  /** Number of its hour in the range, below 2^14. */
  hour: number;
  /** Time since the start of the hour, in ms. */
  ms: number;
}

/** A hash of 64 bits. */
export interface Hash {
  readonly low: number;
  readonly high: number;
}

/** The hash of a text, in a reusable object because there is one per row. */
export class IdentityHash implements Hash {
  low = 0;
  high = 0;

  /** @param seed Prevents someone who chooses ids from choosing colliding ones. */
  constructor(private readonly seed: number) {}

  /** Sets the hash of a text. */
  of(text: string): this {
    let low = this.seed ^ 0x9e3779b9;
    let high = this.seed ^ 0x85ebca6b;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      low = Math.imul(low ^ unit, 0x9e3779b1);
      high = Math.imul(high ^ unit, 0x5f356495);
      high ^= low >>> 15;
    }
    this.low = mix(low ^ Math.imul(high, 0x27d4eb2f));
    this.high = mix(high ^ Math.imul(low, 0x165667b1));
    return this;
  }
}

/** Spreads every bit over the word. Source: MurmurHash3, `fmix32`. */
export function mix(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * Exported events by the hash of their identity, in 24 bytes per event and an index of 5.3 to 8 bytes per event. Two events
 * have one hash in three of a million exports of ten million events.
 */
export class EventTable {
  readonly #chunks: Uint32Array[] = [];
  #slots = new Uint32Array(MIN_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Memory of the entries and the index. */
  get bytes(): number {
    return this.#chunks.length * CHUNK_ENTRIES * WORDS * 4 + this.#slots.byteLength;
  }

  /** Returns the entry with this identity, or -1. */
  find(identity: Hash): number {
    return (this.#slots[this.#slotOf(identity)] ?? 0) - 1;
  }

  /** Adds an entry for an identity that has none. */
  add(identity: Hash, { content, bytes, type, hour, ms }: NewEntry): void {
    if (this.#size + 1 > this.#slots.length * MAX_LOAD) this.#grow();
    const entry = this.#size;
    if (entry % CHUNK_ENTRIES === 0) this.#chunks.push(new Uint32Array(CHUNK_ENTRIES * WORDS));
    this.#size += 1;
    this.#slots[this.#slotOf(identity)] = this.#size;
    this.#set(entry, LOW, identity.low);
    this.#set(entry, HIGH, identity.high);
    this.#set(entry, CONTENT, content);
    this.#set(entry, BYTES, bytes);
    this.#set(entry, PLACE, (hour << 16) | type);
    this.#set(entry, STATE, ms);
  }

  hasBytes(entry: number, bytes: number): boolean {
    return this.#get(entry, BYTES) === bytes;
  }

  hasContent(entry: number, content: number): boolean {
    return this.#get(entry, CONTENT) === content;
  }

  typeOf(entry: number): number {
    return this.#get(entry, PLACE) & 0xffff;
  }

  hourOf(entry: number): number {
    return this.#get(entry, PLACE) >>> 16;
  }

  /** Time since the start of the hour, in ms. */
  msOf(entry: number): number {
    return this.#get(entry, STATE) & MS_MASK;
  }

  isSeen(entry: number): boolean {
    return this.#has(entry, SEEN);
  }

  isDifferent(entry: number): boolean {
    return this.#has(entry, DIFFERENT);
  }

  latenessOf(entry: number): Lateness {
    return ((this.#get(entry, STATE) & LATENESS_MASK) >>> LATENESS_SHIFT) as Lateness;
  }

  /** Enters a row of the stream. Of several, the one that arrived first decides the lateness. */
  see(entry: number, lateness: Lateness): void {
    const late = this.isSeen(entry) ? Math.min(lateness, this.latenessOf(entry)) : lateness;
    const state = this.#get(entry, STATE) & ~LATENESS_MASK;
    this.#set(entry, STATE, state | SEEN | (late << LATENESS_SHIFT));
  }

  markDifferent(entry: number): void {
    this.#set(entry, STATE, this.#get(entry, STATE) | DIFFERENT);
  }

  /** Returns whether this is the first visit since `clearVisits`. */
  visit(entry: number): boolean {
    if (this.#has(entry, VISITED)) return false;
    this.#set(entry, STATE, this.#get(entry, STATE) | VISITED);
    return true;
  }

  clearVisits(): void {
    for (let entry = 0; entry < this.#size; entry += 1)
      this.#set(entry, STATE, this.#get(entry, STATE) & ~VISITED);
  }

  #grow(): void {
    const length = Math.ceil(this.#slots.length * GROWTH);
    // The entries have the hashes, so the old index may go before the new one is allocated.
    this.#slots = new Uint32Array(0);
    this.#slots = new Uint32Array(length);
    for (let entry = 0; entry < this.#size; entry += 1) {
      const identity = { low: this.#get(entry, LOW), high: this.#get(entry, HIGH) };
      this.#slots[this.#slotOf(identity)] = entry + 1;
    }
  }

  /** Returns the slot of the identity, or the free slot for it. */
  #slotOf({ low, high }: Hash): number {
    const slots = this.#slots;
    let slot = Math.floor((low / 2 ** 32) * slots.length);
    for (;;) {
      const entry = (slots[slot] ?? 0) - 1;
      if (entry === -1 || (this.#get(entry, HIGH) === high && this.#get(entry, LOW) === low)) return slot;
      slot = slot + 1 === slots.length ? 0 : slot + 1;
    }
  }

  #has(entry: number, flag: number): boolean {
    return (this.#get(entry, STATE) & flag) !== 0;
  }

  #get(entry: number, word: number): number {
    return this.#chunks[Math.floor(entry / CHUNK_ENTRIES)]?.[(entry % CHUNK_ENTRIES) * WORDS + word] ?? 0;
  }

  #set(entry: number, word: number, value: number): void {
    const chunk = this.#chunks[Math.floor(entry / CHUNK_ENTRIES)];
    if (chunk !== undefined) chunk[(entry % CHUNK_ENTRIES) * WORDS + word] = value;
  }
}
