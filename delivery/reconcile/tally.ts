import type { EpochMs } from "../common/clock";
import { LatencyRecorder } from "../common/histogram";
import { HOUR_MS, type HourRange } from "./options";
import type { EventOutcomes, EventTypeReport } from "./report";
import type { Hash } from "./row";

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

/** Delays above which an event is late. The first is Amplitude's documented p95. */
const LATE_MS = 60_000;
const VERY_LATE_MS = HOUR_MS;

const NOTHING: EventOutcomes = {
  eventsExported: 0,
  eventsDelivered: 0,
  eventsMissing: 0,
  eventsDuplicated: 0,
  eventsDifferent: 0,
  eventsLate: 0,
  eventsLateOverAnHour: 0,
  eventsNotForwarded: 0,
};

type Outcome = keyof EventOutcomes;
/** Counts that a delivered event adds to, by its lateness. */
const DELIVERED: Outcome[][] = [
  ["eventsDelivered"],
  ["eventsDelivered", "eventsLate"],
  ["eventsDelivered", "eventsLate", "eventsLateOverAnHour"],
];
const DELIVERED_DIFFERENT = DELIVERED.map((outcomes): Outcome[] => [...outcomes, "eventsDifferent"]);
const MISSING: Outcome[] = ["eventsMissing"];
const NOT_FORWARDED: Outcome[] = ["eventsNotForwarded"];

const NO_ROWS = {
  eventsOfOtherProjects: 0,
  eventsOfOtherHours: 0,
  eventsUnexplained: 0,
  rowsOfTests: 0,
  recordsForeign: 0,
};

/** Counts of rows of the stream that match no exported event. */
export type UnmatchedRows = typeof NO_ROWS;

/** Unmatched rows, with the numbers of the exported types and of the hours that they are from. */
export class RowsOfStage {
  readonly counts = { ...NO_ROWS };
  readonly types = new Set<number>();
  readonly hours = new Set<number>();
}

/** An exported event type. */
export interface ExportedType extends Pick<EventTypeReport, "eventType" | "eventsExported"> {
  /** Whether the options say that the destination forwards it. */
  isNamed: boolean;
}

/** Counts what became of each exported event, whether one process or several have read the stream. */
export class Tally {
  readonly table = new EventTable();
  readonly latency = new LatencyRecorder();
  /** Counts of exported events, and of rows that repeat one. */
  readonly hours: EventOutcomes[];
  readonly types: (EventTypeReport & ExportedType)[] = [];
  /** Unmatched rows of the stages that count. */
  readonly stages: RowsOfStage[] = [];
  /** Events that were found in the stream so far. */
  delivered = 0;
  readonly #deliveredTypes = new Set<number>();

  constructor(private readonly range: HourRange) {
    this.hours = Array.from({ length: (range.end - range.from) / HOUR_MS }, () => ({ ...NOTHING }));
  }

  /** Adds an event type, and returns its number. */
  addType(type: ExportedType): number {
    return this.types.push({ ...type, ...NOTHING, eventsExported: type.eventsExported }) - 1;
  }

  count(name: "eventsExported" | "eventsDuplicated", hour: number, type: number): void {
    for (const outcomes of [this.hours[hour], this.types[type]])
      if (outcomes !== undefined) outcomes[name] += 1;
  }

  /** Time from `server_upload_time` to an arrival, in ms. */
  delayOf(entry: number, arrivedAt: EpochMs): number {
    return arrivedAt - (this.range.from + this.table.hourOf(entry) * HOUR_MS + this.table.msOf(entry));
  }

  /**
   * Enters a row of the stream.
   *
   * @param isRepeated Whether the endpoint returned the record again. Counts only for an event that has no row yet.
   */
  see(entry: number, delay: number, isRepeated: boolean): void {
    const isSeen = this.table.isSeen(entry);
    if (isSeen && isRepeated) return;
    const type = this.table.typeOf(entry);
    this.table.see(entry, delay > VERY_LATE_MS ? 2 : delay > LATE_MS ? 1 : 0);
    if (isSeen) {
      this.count("eventsDuplicated", this.table.hourOf(entry), type);
      return;
    }
    this.delivered += 1;
    this.#deliveredTypes.add(type);
    this.latency.record(delay);
  }

  /** Whether the destination forwards a type: the options name it, or a row of it arrived. */
  isForwarded(type: number): boolean {
    if (this.#deliveredTypes.has(type) || this.types[type]?.isNamed === true) return true;
    return this.stages.some(({ types }) => types.has(type));
  }

  /** Returns the outcomes of all events, by hour, and by type. */
  result(): { total: EventOutcomes; hours: EventOutcomes[]; types: EventTypeReport[] } {
    const hours = this.hours.map((outcomes) => ({ ...outcomes }));
    const types = this.types.map(({ isNamed: _, ...outcomes }) => outcomes);
    for (let entry = 0; entry < this.table.size; entry += 1) {
      const counted = this.#outcomesOf(entry);
      const tallies = [hours[this.table.hourOf(entry)], types[this.table.typeOf(entry)]];
      for (const tally of tallies) for (const name of counted) if (tally !== undefined) tally[name] += 1;
    }
    return { total: sumOf(hours, NOTHING), hours, types };
  }

  #outcomesOf(entry: number): readonly Outcome[] {
    const { table } = this;
    if (!table.isSeen(entry)) return this.isForwarded(table.typeOf(entry)) ? MISSING : NOT_FORWARDED;
    return (table.isDifferent(entry) ? DELIVERED_DIFFERENT : DELIVERED)[table.latenessOf(entry)] ?? [];
  }

  /** Events that are missing from the stream so far. */
  get missing(): number {
    return this.result().total.eventsMissing;
  }

  /** Whether events that arrived after Amplitude's retries, such as those of a backfill, can change the result. */
  get mayArriveLater(): boolean {
    return this.delivered < this.table.size && (this.delivered === 0 || this.missing > 0);
  }

  unmatched(): UnmatchedRows {
    return sumOf(
      this.stages.map(({ counts }) => counts),
      NO_ROWS,
    );
  }

  /** Numbers of the hours of which the stream has a row that the export lacks. */
  unexplainedHours(): ReadonlySet<number> {
    return new Set(this.stages.flatMap(({ hours }) => [...hours]));
  }
}

function sumOf<Name extends string>(
  all: readonly Record<Name, number>[],
  nothing: Record<Name, number>,
): Record<Name, number> {
  const sum = { ...nothing };
  for (const counts of all) for (const name in nothing) sum[name] += counts[name];
  return sum;
}
