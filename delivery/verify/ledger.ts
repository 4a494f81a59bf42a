import { hash } from "node:crypto";
import { DeliveryError } from "../common/errors";
import { ReasonCounts } from "../kinesis/outcome";
import type { OutcomeListener, RecordEnd } from "../kinesis/producer";

/** Maximum number of events that one run accounts for. Their 27 bytes each take 540 MB of memory. */
export const MAX_EVENTS_PER_RUN = 20_000_000;
/** Length of the hash by which an event's bytes are compared: 128 bits of SHA-256. */
export const HASH_BYTES = 16;
const BLOCK_EVENTS = 65_536;

/** Facts known about an event, one bit each. */
const ATTEMPTED = 1;
const ACKNOWLEDGED = 2;
const REFUSED = 4;
const UNANSWERED = 8;
const SEEN_INTACT = 16;
const SEEN_CHANGED = 32;
const ABANDONED = 64;
/** Flag of an event that may have been written and would have been retried. It is still waited for. */
const LEFT_OPEN = 128;
const SEEN = SEEN_INTACT | SEEN_CHANGED;
/** Flags of an event that is not waited for. */
const NOT_WRITTEN = REFUSED | ABANDONED;

/** Fates of events that were sent. */
const FATES = ["delivered", "corrupted", "lost", "refused", "unanswered", "abandoned", "leftOpen"] as const;
export type Fate = (typeof FATES)[number];

export interface LedgerCounts {
  /**
   * Number of events per fate. Each event that was sent has one: read back only with its bytes, with other bytes, or
   * not read back and then decided by the response of Kinesis.
   */
  fates: Record<Fate, number>;
  /** Number of events read back although every attempt was refused. */
  seenDespiteRefusal: number;
  /** Number of duplicates: copies beyond the first of each event. */
  duplicates: number;
  /** Number of those copies that neither the acknowledgement nor an attempt without a clear response accounts for. */
  unexplainedDuplicates: number;
  /** Numbers of the first few events of each fate, from 1 in the order of the source. */
  samples: Record<Fate, number[]>;
}

/** Maximum number of events that are named per fate. */
const SAMPLES = 5;

export function noCounts(): LedgerCounts {
  const perFate = <T>(value: () => T) =>
    Object.fromEntries(FATES.map((fate) => [fate, value()])) as Record<Fate, T>;
  return {
    fates: perFate(() => 0),
    seenDespiteRefusal: 0,
    duplicates: 0,
    unexplainedDuplicates: 0,
    samples: perFate(() => []),
  };
}

/** Facts that the ledger knows about one event that was sent. */
interface KnownEvent {
  flags: number;
  /** Number of records read that bear its number. */
  copies: number;
  ambiguousAttempts: number;
}

const FLAGS: Record<RecordEnd["kind"], number> = {
  acknowledged: ACKNOWLEDGED,
  refused: REFUSED,
  unanswered: UNANSWERED,
  abandoned: ABANDONED,
  leftOpen: LEFT_OPEN,
};

/** Memory for the next events. Adding a block copies nothing, as growing an array would. */
class Block {
  readonly hashes = Buffer.alloc(BLOCK_EVENTS * HASH_BYTES);
  /** Epoch time in ms from which latency is measured; NaN if the event was neither due nor attempted. */
  readonly waitedFrom = new Float64Array(BLOCK_EVENTS).fill(Number.NaN);
  readonly flags = new Uint8Array(BLOCK_EVENTS);
  /** Both counts stop at 255: the producer gives an event up after far fewer attempts. */
  readonly copies = new Uint8ClampedArray(BLOCK_EVENTS);
  readonly ambiguousAttempts = new Uint8ClampedArray(BLOCK_EVENTS);
}

/** Location of one event's data. */
interface Entry {
  block: Block;
  at: number;
}

/**
 * Records every event of a run: the event that was sent, the response of Kinesis, and the copies that were read back.
 * Events are numbered from 0 in the order of the source.
 *
 * A copy is a record with the event's partition key, whatever its bytes. A duplicate is every copy after the first one. The
 * same record read again, by its shard and sequence number, isn't a copy. A duplicate is explained if the acknowledgement or
 * an attempt without a clear response can have written it (`countEvent`).
 */
export class Ledger implements OutcomeListener {
  readonly #blocks: Block[] = [];
  /** Why events were refused or left unanswered. */
  readonly reasons = { refused: new ReasonCounts(), unanswered: new ReasonCounts() };
  /** Number of acknowledged events per shard. */
  readonly acknowledgedByShard = new Map<string, number>();
  /** Number of events taken from the source. */
  size = 0;
  /** Number of events that were sent, or refused before they could be. */
  sent = 0;
  acknowledged = 0;
  /** Number of events read back, whatever their bytes. */
  seen = 0;
  /** Number of events that may be in the stream and were not read back yet. */
  outstanding = 0;

  /** @param maxEvents Maximum number of events that the ledger takes. */
  constructor(private readonly maxEvents = MAX_EVENTS_PER_RUN) {}

  /**
   * Adds an event under the caller's number. Skipped numbers belong to events that are not sent yet. If a record of the event
   * was read already, an earlier process of the run has sent it.
   *
   * @param dueAt Epoch time in ms at which the event should be sent; latency is measured from it. Default: its first attempt.
   * @throws DeliveryError `too-many-events` if the ledger is full.
   */
  put(index: number, bytes: Uint8Array, dueAt?: number): void {
    const entry = this.#entered(index, dueAt);
    if (isMarked(entry, SEEN)) this.#compareRead(entry, bytes);
    writeHash(entry, bytes);
  }

  /** Adds an event of which only the hash is left. */
  enter(index: number, hashed: Uint8Array, dueAt = Number.NaN): void {
    const { block, at } = this.#entered(index, dueAt);
    block.hashes.set(hashed.subarray(0, HASH_BYTES), at * HASH_BYTES);
  }

  /** Returns the hash by which the event's bytes are compared. */
  hashOf(index: number): Buffer {
    return hashIn(this.#entry(index));
  }

  /** Returns whether the event has these bytes. Any bytes match an event that was too large for an attempt. */
  matches(index: number, bytes: Uint8Array): boolean {
    const entry = this.#entry(index);
    return isBlank(entry) || hasHash(entry, bytes);
  }

  /** Returns whether the event was attempted, or refused before it could be. */
  isSent(index: number): boolean {
    return index < this.size && isMarked(this.#entry(index), ATTEMPTED);
  }

  /** @returns Whether it is the event's first attempt. */
  onAttempt(index: number, at: number): boolean {
    const entry = this.#entry(index);
    if (!mark(entry, ATTEMPTED)) return false;
    if (Number.isNaN(entry.block.waitedFrom[entry.at])) entry.block.waitedFrom[entry.at] = at;
    this.sent += 1;
    if (!isMarked(entry, SEEN | NOT_WRITTEN)) this.outstanding += 1;
    return true;
  }

  /** Returns the time from when the event was due, or first attempted, until `now`, in ms. */
  waited(index: number, now: number): number {
    const { block, at } = this.#entry(index);
    return now - (block.waitedFrom[at] ?? now);
  }

  onAmbiguous(index: number): void {
    const { block, at } = this.#entry(index);
    increment(block.ambiguousAttempts, at);
  }

  /** @returns Whether it is the event's first end of this kind. */
  onEnd(index: number, end: RecordEnd): boolean {
    const entry = this.#entry(index);
    const flag = FLAGS[end.kind];
    const wasAwaited = isMarked(entry, ATTEMPTED) && !isMarked(entry, SEEN | NOT_WRITTEN);
    if (!mark(entry, flag)) return false;
    if (wasAwaited && (flag & NOT_WRITTEN) !== 0) this.outstanding -= 1;
    if (end.kind === "acknowledged") {
      this.acknowledged += 1;
      this.acknowledgedByShard.set(end.shardId, (this.acknowledgedByShard.get(end.shardId) ?? 0) + 1);
    } else if (end.kind === "refused") {
      if (mark(entry, ATTEMPTED)) this.sent += 1;
      this.reasons.refused.add(end.reason);
    } else if (end.kind === "unanswered") this.reasons.unanswered.add(end.reason);
    return true;
  }

  /** Returns whether a record with this number can belong to the run. */
  canHold(index: number): boolean {
    return index < this.maxEvents;
  }

  hasSeen(index: number): boolean {
    return isMarked(this.#place(index), SEEN);
  }

  /** Returns whether no record of the event was read yet with its bytes, or with other bytes if these are others. */
  isNews(index: number, bytes: Uint8Array): boolean {
    const entry = this.#place(index);
    return !isMarked(entry, SEEN) || !isMarked(entry, hasHash(entry, bytes) ? SEEN_INTACT : SEEN_CHANGED);
  }

  /**
   * Enters a record that bears this event's number. The event may be one that an earlier process of the run sent, and that
   * its run file lost in a power failure.
   *
   * @returns Time from when the event was due, or first attempted, until `receivedAt`, in ms. Undefined for further
   * copies, and for an event without an attempt.
   */
  onRead(index: number, bytes: Uint8Array, receivedAt: number): number | undefined {
    const entry = this.#place(index);
    const { block, at } = entry;
    const isFirst = !isMarked(entry, SEEN);
    if (isFirst && !isMarked(entry, ATTEMPTED) && isBlank(entry)) writeHash(entry, bytes);
    increment(block.copies, at);
    mark(entry, hasHash(entry, bytes) ? SEEN_INTACT : SEEN_CHANGED);
    if (!isFirst) return undefined;
    this.seen += 1;
    if (!isMarked(entry, ATTEMPTED)) return undefined;
    if (!isMarked(entry, NOT_WRITTEN)) this.outstanding -= 1;
    return receivedAt - (block.waitedFrom[at] ?? receivedAt);
  }

  /** Counts all events in one pass. */
  counts(): LedgerCounts {
    const counts = noCounts();
    for (let index = 0; index < this.size; index += 1) {
      const { block, at } = this.#place(index);
      const flags = block.flags[at] ?? 0;
      if ((flags & ATTEMPTED) === 0) continue;
      const copies = block.copies[at] ?? 0;
      const ambiguousAttempts = block.ambiguousAttempts[at] ?? 0;
      countEvent(counts, index, { flags, copies, ambiguousAttempts });
    }
    return counts;
  }

  /** Compares an event with the record that was read before it was added. */
  #compareRead(entry: Entry, bytes: Uint8Array): void {
    const { block, at } = entry;
    if (!hasHash(entry, bytes)) block.flags[at] = ((block.flags[at] ?? 0) & ~SEEN) | SEEN_CHANGED;
    increment(block.ambiguousAttempts, at);
  }

  #entered(index: number, dueAt = Number.NaN): Entry {
    if (index >= this.maxEvents) throw tooManyEvents(this.maxEvents);
    this.size = Math.max(this.size, index + 1);
    const entry = this.#place(index);
    entry.block.waitedFrom[entry.at] = dueAt;
    return entry;
  }

  #entry(index: number): Entry {
    if (!(index >= 0 && index < this.size))
      throw new RangeError(`no event ${index} in a ledger of ${this.size}`);
    return this.#place(index);
  }

  #place(index: number): Entry {
    const number = Math.floor(index / BLOCK_EVENTS);
    const block = this.#blocks[number] ?? new Block();
    this.#blocks[number] = block;
    return { block, at: index % BLOCK_EVENTS };
  }
}

export function tooManyEvents(maxEvents = MAX_EVENTS_PER_RUN): DeliveryError {
  const most = maxEvents.toLocaleString("en-US");
  return new DeliveryError("too-many-events", `One run accounts for at most ${most} events. Split the run`);
}

/** Returns one character per byte, which costs half of a buffer. */
function digest(bytes: Uint8Array): string {
  return hash("sha256", bytes, "binary");
}

function writeHash({ block, at }: Entry, bytes: Uint8Array): void {
  block.hashes.write(digest(bytes), at * HASH_BYTES, HASH_BYTES, "latin1");
}

/** Whether the event has no hash, because it was neither added nor small enough to be attempted. */
function isBlank(entry: Entry): boolean {
  return hashIn(entry).every((byte) => byte === 0);
}

function hashIn({ block, at }: Entry): Buffer {
  return block.hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
}

/** Compares in a loop: for so few bytes, it is faster than a call into Node. */
function hasHash({ block, at }: Entry, bytes: Uint8Array): boolean {
  const hashed = digest(bytes);
  for (let place = 0; place < HASH_BYTES; place += 1)
    if (block.hashes[at * HASH_BYTES + place] !== hashed.charCodeAt(place)) return false;
  return true;
}

function increment(counts: Uint8ClampedArray, at: number): void {
  counts[at] = (counts[at] ?? 0) + 1;
}

/** @returns Whether the flag is new. */
function mark({ block, at }: Entry, flag: number): boolean {
  const before = block.flags[at] ?? 0;
  block.flags[at] = before | flag;
  return (before & flag) === 0;
}

function isMarked({ block, at }: Entry, flags: number): boolean {
  return ((block.flags[at] ?? 0) & flags) !== 0;
}

/** @param index Number of the event, from 0. */
function countEvent(counts: LedgerCounts, index: number, event: KnownEvent): void {
  const { flags, copies, ambiguousAttempts } = event;
  const fate = fateOf(flags);
  counts.fates[fate] += 1;
  if (counts.samples[fate].length < SAMPLES) counts.samples[fate].push(index + 1);
  if ((flags & SEEN) !== 0 && (flags & REFUSED) !== 0) counts.seenDespiteRefusal += 1;
  // An acknowledged attempt wrote one copy, and one without a clear response may have. The first copy isn't a
  // duplicate.
  const accounted = ((flags & ACKNOWLEDGED) === 0 ? 0 : 1) + ambiguousAttempts;
  counts.duplicates += Math.max(0, copies - 1);
  counts.unexplainedDuplicates += Math.max(0, copies - Math.max(1, accounted));
}

/** Returns the event's fate. A changed copy outweighs an intact one, because only a fault can have made it. */
function fateOf(flags: number): Fate {
  if ((flags & SEEN_CHANGED) !== 0) return "corrupted";
  if ((flags & SEEN_INTACT) !== 0) return "delivered";
  if ((flags & ACKNOWLEDGED) !== 0) return "lost";
  if ((flags & REFUSED) !== 0) return "refused";
  if ((flags & ABANDONED) !== 0) return "abandoned";
  return (flags & LEFT_OPEN) === 0 ? "unanswered" : "leftOpen";
}
