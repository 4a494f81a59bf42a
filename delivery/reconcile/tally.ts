import type { EpochMs } from "../common/clock";
import { LatencyRecorder } from "../common/histogram";
import { EventTable, type Hash, type NewEntry } from "./eventTable";
import { HOUR_MS, type HourRange } from "./options";
import type { EventOutcomes } from "./report";

/** Delays above which an event is late. The first is Amplitude's documented p95. */
const LATE_MS = 60_000;
const VERY_LATE_MS = HOUR_MS;

/** Counts of rows of the stream that match no exported event. */
export interface UnmatchedRows {
  eventsOfOtherProjects: number;
  eventsOfOtherHours: number;
  eventsUnexplained: number;
  rowsOfTests: number;
  recordsForeign: number;
}

export const NO_ROWS: UnmatchedRows = {
  eventsOfOtherProjects: 0,
  eventsOfOtherHours: 0,
  eventsUnexplained: 0,
  rowsOfTests: 0,
  recordsForeign: 0,
};

export function sumOfRows(all: UnmatchedRows[]): UnmatchedRows {
  const sum = { ...NO_ROWS };
  for (const rows of all)
    for (const name of Object.keys(NO_ROWS) as (keyof UnmatchedRows)[]) sum[name] += rows[name];
  return sum;
}

/** Unmatched rows of a stage, with the numbers of the exported types and of the hours that they are from. */
export interface StageOfRows {
  counts: UnmatchedRows;
  types: number[];
  hours: number[];
}

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
/** Counts that an event adds to, by its lateness. */
const DELIVERED = [
  ["eventsDelivered"],
  ["eventsDelivered", "eventsLate"],
  ["eventsDelivered", "eventsLate", "eventsLateOverAnHour"],
] as const;
const DIFFERENT = [
  ["eventsDelivered", "eventsDifferent"],
  ["eventsDelivered", "eventsDifferent", "eventsLate"],
  ["eventsDelivered", "eventsDifferent", "eventsLate", "eventsLateOverAnHour"],
] as const;
const MISSING = ["eventsMissing"] as const;
const NOT_FORWARDED = ["eventsNotForwarded"] as const;

/** Outcomes of all events, by hour and by number of their type. */
export interface Tallied {
  total: EventOutcomes;
  hours: EventOutcomes[];
  types: EventOutcomes[];
}

/** Counts what became of each exported event, whether one process or several have read the stream. */
export class Tally {
  readonly table = new EventTable();
  readonly latency = new LatencyRecorder();
  /** Counts of exported events, and of rows that repeat one. */
  readonly hours: EventOutcomes[];
  readonly types: EventOutcomes[] = [];
  readonly deliveredTypes = new Set<number>();
  #delivered = 0;

  constructor({ from, end }: HourRange) {
    this.hours = Array.from({ length: (end - from) / HOUR_MS }, () => ({ ...NOTHING }));
  }

  /** Events that were found in the stream so far. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Events that were not found in the stream so far. */
  get outstanding(): number {
    return this.table.size - this.#delivered;
  }

  /** Adds an event type, and returns its number. */
  addType(): number {
    return this.types.push({ ...NOTHING }) - 1;
  }

  count(name: "eventsExported" | "eventsDuplicated", hour: number, type: number, more = 1): void {
    for (const outcomes of [this.hours[hour], this.types[type]])
      if (outcomes !== undefined) outcomes[name] += more;
  }

  add(identity: Hash, entry: NewEntry): void {
    this.table.add(identity, entry);
  }

  /** Time from `server_upload_time` to an arrival, in ms. */
  delayOf(entry: number, arrivedAt: EpochMs, from: EpochMs): number {
    return arrivedAt - (from + this.table.hourOf(entry) * HOUR_MS + this.table.msOf(entry));
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
    this.#delivered += 1;
    this.deliveredTypes.add(type);
    this.latency.record(delay);
  }

  /** @param isForwarded Whether the destination forwards a type of which no event was found. */
  result(isForwarded: (type: number) => boolean): Tallied {
    const hours = this.hours.map((outcomes) => ({ ...outcomes }));
    const types = this.types.map((outcomes) => ({ ...outcomes }));
    for (let entry = 0; entry < this.table.size; entry += 1) {
      const counted = this.#outcomeOf(entry, isForwarded);
      const tallies = [hours[this.table.hourOf(entry)], types[this.table.typeOf(entry)]];
      for (const tally of tallies) for (const name of counted) if (tally !== undefined) tally[name] += 1;
    }
    const total = { ...NOTHING };
    const names = Object.keys(NOTHING) as (keyof EventOutcomes)[];
    for (const hour of hours) for (const name of names) total[name] += hour[name];
    return { total, hours, types };
  }

  #outcomeOf(entry: number, isForwarded: (type: number) => boolean): readonly (keyof EventOutcomes)[] {
    const { table } = this;
    if (table.isSeen(entry))
      return (table.isDifferent(entry) ? DIFFERENT : DELIVERED)[table.latenessOf(entry)];
    const type = table.typeOf(entry);
    return this.deliveredTypes.has(type) || isForwarded(type) ? MISSING : NOT_FORWARDED;
  }
}
