import { hash } from "node:crypto";
import type { OutcomeListener } from "../producer/producerOptions";

/** 128 bits of SHA-256: what an event's bytes are compared by. */
const HASH_BYTES = 16;
/** Events in a block; blocks are allocated as events come. */
const BLOCK_EVENTS = 65_536;

const ATTEMPTED = 1;
const ACKNOWLEDGED = 2;
const REFUSED = 4;
const UNANSWERED = 8;
const SEEN_INTACT = 16;
const SEEN_CHANGED = 32;
const ABANDONED = 64;
const SEEN = SEEN_INTACT | SEEN_CHANGED;
/** Nothing that is waited for. */
const NOT_WRITTEN = REFUSED | ABANDONED;

/** 27 bytes an event. */
class Block {
  readonly hashes = Buffer.alloc(BLOCK_EVENTS * HASH_BYTES);
  readonly firstAttemptAt = new Float64Array(BLOCK_EVENTS);
  readonly flags = new Uint8Array(BLOCK_EVENTS);
  readonly copies = new Uint8Array(BLOCK_EVENTS);
  readonly ambiguousAttempts = new Uint8Array(BLOCK_EVENTS);
}

/** One event's place. */
interface Entry {
  block: Block;
  at: number;
}

/** What became of an event that was sent. */
export type Fate = "delivered" | "corrupted" | "lost" | "refused" | "unanswered" | "abandoned";

export interface LedgerCounts {
  /** Each event sent has one fate: read back with its bytes alone, with other bytes, or not read back, and then by what Kinesis said. */
  fates: Record<Fate, number>;
  /** Read back though every attempt was refused. */
  seenThoughRefused: number;
  /** Copies beyond the first of each event. */
  duplicates: number;
  /** Of those, the ones that neither the acknowledgement nor an attempt without a clear answer accounts for. */
  unexplainedDuplicates: number;
  /** The numbers of the first few events of each fate, from 1 in the order of the source. */
  samples: Record<Fate, number[]>;
}

const SAMPLES = 5;

/**
 * Every event of a run: what was sent, what Kinesis said, what was read. Events are numbered from 0 in the order of
 * the source.
 */
export class Ledger implements OutcomeListener {
  readonly #blocks: Block[] = [];
  readonly #reasons = { refused: new Map<string, number>(), unanswered: new Map<string, number>() };
  readonly #acknowledgedByShard = new Map<string, number>();
  #size = 0;
  #sent = 0;
  #acknowledged = 0;
  #seen = 0;
  #outstanding = 0;

  /** Events taken from the source. */
  get size(): number {
    return this.#size;
  }

  /** Events that were sent, or refused before they could be. */
  get sent(): number {
    return this.#sent;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Events read back, whatever their bytes. */
  get seen(): number {
    return this.#seen;
  }

  /** Events that may be in the stream and were not read back yet. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Why events were refused, or left unanswered, the commonest first. */
  reasons(fate: "refused" | "unanswered"): [reason: string, events: number][] {
    return [...this.#reasons[fate]].sort(([, a], [, b]) => b - a);
  }

  get acknowledgedByShard(): ReadonlyMap<string, number> {
    return this.#acknowledgedByShard;
  }

  /** Takes an event in, and gives its number. */
  add(bytes: Uint8Array): number {
    const index = this.#size;
    if (index % BLOCK_EVENTS === 0) this.#blocks.push(new Block());
    this.#size += 1;
    const { block, at } = this.#entry(index);
    digest(bytes).copy(block.hashes, at * HASH_BYTES, 0, HASH_BYTES);
    return index;
  }

  /** @returns whether it is the event's first attempt. */
  onAttempt(index: number, at: number): boolean {
    const entry = this.#entry(index);
    if (!mark(entry, ATTEMPTED)) return false;
    entry.block.firstAttemptAt[entry.at] = at;
    this.#sent += 1;
    if (!isMarked(entry, SEEN | NOT_WRITTEN)) this.#outstanding += 1;
    return true;
  }

  onAmbiguous(index: number): void {
    const { block, at } = this.#entry(index);
    block.ambiguousAttempts[at] = Math.min(255, (block.ambiguousAttempts[at] ?? 0) + 1);
  }

  /** @returns whether it is the event's first acknowledgement. */
  onAcknowledged(index: number, shardId: string): boolean {
    if (!mark(this.#entry(index), ACKNOWLEDGED)) return false;
    this.#acknowledged += 1;
    count(this.#acknowledgedByShard, shardId);
    return true;
  }

  onRefused(index: number, reason: string): void {
    const entry = this.#entry(index);
    if (!this.#giveUp(entry, REFUSED)) return;
    if (mark(entry, ATTEMPTED)) this.#sent += 1;
    count(this.#reasons.refused, reason);
  }

  onAbandoned(index: number): void {
    this.#giveUp(this.#entry(index), ABANDONED);
  }

  onUnanswered(index: number, reason: string): void {
    if (mark(this.#entry(index), UNANSWERED)) count(this.#reasons.unanswered, reason);
  }

  hasSeen(index: number): boolean {
    return isMarked(this.#entry(index), SEEN);
  }

  /**
   * Takes a record in that bears this event's number.
   *
   * @returns ms from the first attempt until `receivedAt`, for the first copy of an event; undefined for further ones,
   * and for one that no attempt was made of.
   */
  onRead(index: number, bytes: Uint8Array, receivedAt: number): number | undefined {
    const entry = this.#entry(index);
    const { block, at } = entry;
    const isFirst = !isMarked(entry, SEEN);
    block.copies[at] = Math.min(255, (block.copies[at] ?? 0) + 1);
    mark(entry, this.#isIntact(entry, bytes) ? SEEN_INTACT : SEEN_CHANGED);
    if (!isFirst) return undefined;
    this.#seen += 1;
    if (!isMarked(entry, ATTEMPTED)) return undefined;
    if (!isMarked(entry, NOT_WRITTEN)) this.#outstanding -= 1;
    return receivedAt - (block.firstAttemptAt[at] ?? receivedAt);
  }

  /** One pass over all events. */
  counts(): LedgerCounts {
    const counts: LedgerCounts = {
      fates: { delivered: 0, corrupted: 0, lost: 0, refused: 0, unanswered: 0, abandoned: 0 },
      seenThoughRefused: 0,
      duplicates: 0,
      unexplainedDuplicates: 0,
      samples: { delivered: [], corrupted: [], lost: [], refused: [], unanswered: [], abandoned: [] },
    };
    for (let index = 0; index < this.#size; index += 1) {
      const entry = this.#entry(index);
      if (isMarked(entry, ATTEMPTED)) countEntry(entry, index, counts);
    }
    return counts;
  }

  /** @returns whether the flag is new. */
  #giveUp(entry: Entry, flag: number): boolean {
    const isAwaited = isMarked(entry, ATTEMPTED) && !isMarked(entry, SEEN | NOT_WRITTEN);
    if (!mark(entry, flag)) return false;
    if (isAwaited) this.#outstanding -= 1;
    return true;
  }

  #isIntact({ block, at }: Entry, bytes: Uint8Array): boolean {
    return digest(bytes).compare(block.hashes, at * HASH_BYTES, (at + 1) * HASH_BYTES, 0, HASH_BYTES) === 0;
  }

  #entry(index: number): Entry {
    const block = this.#blocks[Math.floor(index / BLOCK_EVENTS)];
    if (block === undefined || index >= this.#size)
      throw new RangeError(`no event ${index} in a ledger of ${this.#size}`);
    return { block, at: index % BLOCK_EVENTS };
  }
}

function countEntry(entry: Entry, index: number, counts: LedgerCounts): void {
  const fate = fateOf(entry);
  counts.fates[fate] += 1;
  if (counts.samples[fate].length < SAMPLES) counts.samples[fate].push(index + 1);
  if (isMarked(entry, SEEN) && isMarked(entry, REFUSED)) counts.seenThoughRefused += 1;
  const copies = entry.block.copies[entry.at] ?? 0;
  // An acknowledged attempt wrote one copy, one without a clear answer may have; the first copy is no duplicate.
  const accounted = (isMarked(entry, ACKNOWLEDGED) ? 1 : 0) + (entry.block.ambiguousAttempts[entry.at] ?? 0);
  counts.duplicates += Math.max(0, copies - 1);
  counts.unexplainedDuplicates += Math.max(0, copies - Math.max(1, accounted));
}

/** A changed copy outweighs an intact one: nothing but a fault can have made it. */
function fateOf(entry: Entry): Fate {
  if (isMarked(entry, SEEN_CHANGED)) return "corrupted";
  if (isMarked(entry, SEEN_INTACT)) return "delivered";
  if (isMarked(entry, ACKNOWLEDGED)) return "lost";
  if (isMarked(entry, REFUSED)) return "refused";
  return isMarked(entry, ABANDONED) ? "abandoned" : "unanswered";
}

function count(events: Map<string, number>, key: string): void {
  events.set(key, (events.get(key) ?? 0) + 1);
}

function digest(bytes: Uint8Array): Buffer {
  return hash("sha256", bytes, "buffer");
}

/** @returns whether the flag is new. */
function mark(entry: Entry, flag: number): boolean {
  const before = entry.block.flags[entry.at] ?? 0;
  entry.block.flags[entry.at] = before | flag;
  return (before & flag) === 0;
}

function isMarked({ block, at }: Entry, flags: number): boolean {
  return ((block.flags[at] ?? 0) & flags) !== 0;
}
