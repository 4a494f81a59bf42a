import type { OutcomeListener } from "../kinesis/producerOptions";
import { BLOCK_EVENTS, type Block, BlockStore } from "./blockStore";
import { ByteCounts } from "./byteCounts";
import { HASH_BYTES, hasHash, writeHash } from "./eventHash";
import {
  ABANDONED,
  ACKNOWLEDGED,
  ATTEMPTED,
  countEvent,
  LEFT_OPEN,
  type LedgerCounts,
  NOT_WRITTEN,
  noCounts,
  REFUSED,
  SEEN,
  SEEN_CHANGED,
  SEEN_INTACT,
  UNANSWERED,
} from "./fates";

/** One event's place. */
interface Entry {
  block: Block;
  at: number;
}

/**
 * Every event of a run: what was sent, what Kinesis said, what was read. Events are numbered from 0 in the order of
 * the source.
 */
export class Ledger implements OutcomeListener {
  readonly #blocks: BlockStore;
  readonly #reasons = { refused: new Map<string, number>(), unanswered: new Map<string, number>() };
  readonly #acknowledgedByShard = new Map<string, number>();
  readonly #copies = new ByteCounts();
  readonly #ambiguousAttempts = new ByteCounts();
  #size = 0;
  #sent = 0;
  #acknowledged = 0;
  #seen = 0;
  #outstanding = 0;

  /** @param blocks what the events are kept in. Default: as much as 512 MiB of memory, and beyond that a file. */
  constructor(blocks: BlockStore = new BlockStore()) {
    this.#blocks = blocks;
  }

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

  /**
   * Takes an event in, and gives its number.
   *
   * @param dueAt when it ought to be sent, in ms since 1970, for latency to be measured from. Default: its first attempt.
   */
  add(bytes: Uint8Array, dueAt?: number): number {
    const index = this.#size;
    this.put(index, bytes, dueAt);
    return index;
  }

  /** The same with a number of the caller's. Numbers left out are of events that are not sent yet. */
  put(index: number, bytes: Uint8Array, dueAt?: number): void {
    const { block, at } = this.#entered(index, dueAt);
    writeHash(bytes, block.hashes, at * HASH_BYTES);
  }

  /** The same of an event of which no more is left than what its bytes are compared by. */
  enter(index: number, hashed: Uint8Array, dueAt = Number.NaN): void {
    const { block, at } = this.#entered(index, dueAt);
    block.hashes.set(hashed.subarray(0, HASH_BYTES), at * HASH_BYTES);
  }

  /** What the event's bytes are compared by. */
  hashOf(index: number): Buffer {
    const { block, at } = this.#entry(index);
    return block.hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
  }

  /** Whether these are the event's bytes; whatever they are where no attempt was made of it, as of one too large to send. */
  matches(index: number, bytes: Uint8Array): boolean {
    const { block, at } = this.#entry(index);
    const isKnown = block.hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES).some((byte) => byte !== 0);
    return !isKnown || hasHash(bytes, block.hashes, at * HASH_BYTES);
  }

  /** Whether an attempt was made of it, or it was refused before one could be. */
  isSent(index: number): boolean {
    return index < this.#size && isMarked(this.#entry(index), ATTEMPTED);
  }

  /** @returns whether it is the event's first attempt. */
  onAttempt(index: number, at: number): boolean {
    const entry = this.#entry(index);
    if (!mark(entry, ATTEMPTED)) return false;
    if (Number.isNaN(entry.block.waitedFrom[entry.at])) entry.block.waitedFrom[entry.at] = at;
    this.#sent += 1;
    if (!isMarked(entry, SEEN | NOT_WRITTEN)) this.#outstanding += 1;
    return true;
  }

  /** Ms from when the event was due, or first tried, until `now`. */
  waited(index: number, now: number): number {
    const { block, at } = this.#entry(index);
    return now - (block.waitedFrom[at] ?? now);
  }

  /** Frees what the events are kept in. */
  close(): void {
    this.#blocks.close();
  }

  onAmbiguous(index: number): void {
    const { block, at } = this.#entry(index);
    this.#ambiguousAttempts.increment(block.ambiguousAttempts, at, index);
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

  onLeftOpen(index: number): void {
    mark(this.#entry(index), LEFT_OPEN);
  }

  hasSeen(index: number): boolean {
    return isMarked(this.#entry(index), SEEN);
  }

  /**
   * Takes a record in that bears this event's number.
   *
   * @returns ms from when the event was due, or first tried, until `receivedAt`, for its first copy; undefined for further
   * ones, and for one that no attempt was made of.
   */
  onRead(index: number, bytes: Uint8Array, receivedAt: number): number | undefined {
    const entry = this.#entry(index);
    const { block, at } = entry;
    const isFirst = !isMarked(entry, SEEN);
    this.#copies.increment(block.copies, at, index);
    mark(entry, hasHash(bytes, block.hashes, at * HASH_BYTES) ? SEEN_INTACT : SEEN_CHANGED);
    if (!isFirst) return undefined;
    this.#seen += 1;
    if (!isMarked(entry, ATTEMPTED)) return undefined;
    if (!isMarked(entry, NOT_WRITTEN)) this.#outstanding -= 1;
    return receivedAt - (block.waitedFrom[at] ?? receivedAt);
  }

  /** One pass over all events. */
  counts(): LedgerCounts {
    const counts = noCounts();
    for (let index = 0; index < this.#size; index += 1) {
      const { block, at } = this.#entry(index);
      const flags = block.flags[at] ?? 0;
      if ((flags & ATTEMPTED) === 0) continue;
      const copies = this.#copies.of(block.copies, at, index);
      const ambiguousAttempts = this.#ambiguousAttempts.of(block.ambiguousAttempts, at, index);
      countEvent(counts, index, { flags, copies, ambiguousAttempts });
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

  #entered(index: number, dueAt = Number.NaN): Entry {
    this.#size = Math.max(this.#size, index + 1);
    const entry = this.#entry(index);
    entry.block.waitedFrom[entry.at] = dueAt;
    return entry;
  }

  #entry(index: number): Entry {
    if (!(index >= 0 && index < this.#size))
      throw new RangeError(`no event ${index} in a ledger of ${this.#size}`);
    return { block: this.#blocks.block(Math.floor(index / BLOCK_EVENTS)), at: index % BLOCK_EVENTS };
  }
}

function count(events: Map<string, number>, key: string): void {
  events.set(key, (events.get(key) ?? 0) + 1);
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
