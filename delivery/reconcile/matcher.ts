import { randomInt } from "node:crypto";
import { crc32 } from "node:zlib";
import type { _Record as KinesisRecord } from "@aws-sdk/client-kinesis";
import type { EpochMs } from "../common/clock";
import { LatencyRecorder } from "../common/histogram";
import { isOfRun } from "../common/runId";
import { deaggregate } from "../events/aggregatedRecord";
import { detectKind, type Properties, parseTimestamp } from "../events/event";
import type { ExportedEvent } from "../events/export/eventLines";
import { isGenerated } from "../events/generator/generatedEvent";
import { parseRecord } from "../events/recordContent";
import type { ShardRecords } from "../kinesis/shardReader";
import { EventTable, IdentityHash, MAX_TYPES } from "./eventTable";
import { HOUR_MS, type HourRange } from "./options";
import type { EventOutcomes, FieldDifference, IgnoredRows } from "./report";
import { contentHash, differentFields, identityOf, insertIdOf } from "./row";

/** Delays above which an event is late. The first is Amplitude's documented p95. */
const LATE_MS = 60_000;
const VERY_LATE_MS = HOUR_MS;
/** Size of the rows that are kept, because only the export tells in which fields they differ, or which event they are. */
const MAX_KEPT_BYTES = 64 * 2 ** 20;
/** Fields that are counted separately, so that made-up names can't fill the memory. */
const MAX_FIELDS = 500;

const UUID_START = Buffer.from('"uuid":"');
const QUOTE = 0x22;

/** Rows of the stream that match no exported event. */
export interface UnmatchedRows {
  eventsOfOtherProjects: number;
  eventsOfOtherHours: number;
  eventsUnexplained: number;
  rowsOfTests: number;
  recordsForeign: number;
}

const NO_ROWS: UnmatchedRows = {
  eventsOfOtherProjects: 0,
  eventsOfOtherHours: 0,
  eventsUnexplained: 0,
  rowsOfTests: 0,
  recordsForeign: 0,
};

/** Event types that the destination forwards for certain. */
export interface Forwarding {
  /** Types that the destination forwards, even if nothing of them arrived. */
  eventTypes: ReadonlySet<string>;
  /** Whether it forwards every type. */
  allTypes: boolean;
}

/** Result of the matching. */
export interface Matching {
  total: EventOutcomes;
  hours: EventOutcomes[];
  types: ReadonlyMap<string, EventOutcomes>;
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

/** Matches the rows of a stream with those of an export, which have to be added first. */
export class Matcher {
  readonly #table = new EventTable();
  readonly #hash = new IdentityHash(randomInt(2 ** 32));
  /** Numbers of the exported types, by name. */
  readonly #types = new Map<string, number>();
  readonly #exported: { hours: EventOutcomes[]; types: EventOutcomes[] };
  readonly #typeNames: string[] = [];
  readonly #deliveredTypes = new Set<number>();
  /** Types of rows that the export lacks. */
  readonly #typesInStream = new Set<string>();
  readonly #apps = new Set<string>();
  readonly #unexplainedHours = new Set<number>();
  readonly #different = new Map<number, Properties>();
  /** Unmatched rows of the stream without a uuid, by device and `$insert_id`. Their events may have one in the export. */
  readonly #withoutUuid = new Map<string, StreamRow[]>();
  readonly #fields = new Map<string, FieldDifference>();
  readonly #unmatched = { ...NO_ROWS };
  readonly rowsIgnored: IgnoredRows = { repeated: 0, otherHours: 0, withoutTime: 0 };
  readonly latency = new LatencyRecorder();
  #eventsWithoutIdentity = 0;
  #delivered = 0;
  #keptBytes = 0;

  /** @param windowEnd End of the time in which Amplitude delivers the hours. */
  constructor(
    private readonly range: HourRange,
    private readonly windowEnd: EpochMs,
  ) {
    const hours = (range.end - range.from) / HOUR_MS;
    this.#exported = { hours: Array.from({ length: hours }, () => ({ ...NOTHING })), types: [] };
  }

  get eventsExported(): number {
    return this.#table.size + this.#eventsWithoutIdentity;
  }

  get eventsDelivered(): number {
    return this.#delivered;
  }

  get eventsWithoutIdentity(): number {
    return this.#eventsWithoutIdentity;
  }

  /** Events that were not found in the stream so far. */
  get outstanding(): number {
    return this.#table.size - this.#delivered;
  }

  /** Numbers of the hours of which the stream has a row that the export lacks. */
  get unexplainedHours(): ReadonlySet<number> {
    return this.#unexplainedHours;
  }

  /** Whether the export has an event of an hour. */
  hasExported(hour: number): boolean {
    return (this.#exported.hours[hour]?.eventsExported ?? 0) > 0;
  }

  /** Adds a row of the export. */
  addExported({ row, bytes }: ExportedEvent): void {
    const uploadedAt = parseTimestamp(row.server_upload_time);
    if (uploadedAt === undefined) {
      this.rowsIgnored.withoutTime += 1;
      return;
    }
    if (!this.#isInRange(uploadedAt)) {
      this.rowsIgnored.otherHours += 1;
      return;
    }
    const identity = identityOf(row);
    const hash = identity === undefined ? undefined : this.#hash.of(identity);
    if (hash !== undefined && this.#table.find(hash) !== -1) {
      this.rowsIgnored.repeated += 1;
      return;
    }
    this.#apps.add(String(row.app));
    const [hour, type] = [this.#hourOf(uploadedAt), this.#typeNumber(typeOf(row))];
    for (const tally of [this.#exported.hours[hour], this.#exported.types[type]])
      if (tally !== undefined) tally.eventsExported += 1;
    if (hash === undefined) this.#eventsWithoutIdentity += 1;
    else {
      const ms = uploadedAt - this.range.from - hour * HOUR_MS;
      const entry = { content: contentHash(row), bytes: crc32(bytes), type, hour, ms };
      this.#table.add(hash, entry);
    }
  }

  /**
   * Takes records of the stream that arrived within the window, or only those that arrived after it. How far a reader got
   * beyond the window is chance, so its records there count only once all of them are read.
   */
  take({ records, repeated, receivedAt }: ShardRecords, isAfterWindow = false): void {
    for (const record of records) {
      const isAfter = (record.ApproximateArrivalTimestamp?.getTime() ?? receivedAt) > this.windowEnd;
      if (isAfter === isAfterWindow) this.#takeRecord(record, receivedAt, repeated?.has(record) ?? false);
    }
  }

  /** Takes records that may have been taken before: only events that had none are entered. */
  takeAgain({ records, receivedAt }: ShardRecords): void {
    for (const record of records) this.#takeRecord(record, receivedAt, true);
  }

  #takeRecord(record: KinesisRecord, receivedAt: EpochMs, isRepeated: boolean): void {
    const { Data = new Uint8Array(), PartitionKey, ApproximateArrivalTimestamp } = record;
    const arrival = { at: ApproximateArrivalTimestamp?.getTime() ?? receivedAt, isRepeated, PartitionKey };
    const data = Buffer.from(Data.buffer, Data.byteOffset, Data.byteLength);
    const entry = this.#entryWithBytes(data);
    if (entry !== -1) {
      this.#see(entry, arrival);
      return;
    }
    for (const part of deaggregate(data) ?? [{ data }]) this.#takeData(part.data, arrival);
  }

  /**
   * Returns the exported event with exactly these bytes, or -1. It needs no parsing, because equal bytes are one event
   * wherever the text that looks like its `uuid` stands.
   */
  #entryWithBytes(data: Buffer): number {
    const start = data.lastIndexOf(UUID_START) + UUID_START.length;
    const end = data.indexOf(QUOTE, start);
    if (start < UUID_START.length || end === -1) return -1;
    const entry = this.#table.find(this.#hash.of(data.toString("latin1", start, end)));
    return entry !== -1 && this.#table.hasBytes(entry, crc32(data)) ? entry : -1;
  }

  #takeData(data: Uint8Array, arrival: Arrival): void {
    const content = parseRecord(data);
    if ("unreadable" in content) {
      this.#countUnmatched("recordsForeign", arrival);
      return;
    }
    const size = data.length / content.objects.length;
    for (const row of content.objects) this.#takeRow({ row, arrival, size });
  }

  #takeRow(streamRow: StreamRow): void {
    const { row, arrival } = streamRow;
    const identity = identityOf(row);
    let entry = this.#find(identity);
    const insertId = entry === -1 ? insertIdOf(row) : undefined;
    const hasUuid = insertId !== identity;
    // The export may lack the uuid that the stream has.
    if (entry === -1 && hasUuid) entry = this.#find(insertId);
    if (entry !== -1) this.#takeMatched(entry, streamRow);
    else if (hasUuid || insertId === undefined || !this.#keepWithoutUuid(insertId, streamRow))
      this.#takeUnmatched(row, arrival);
  }

  #find(identity: string | undefined): number {
    return identity === undefined ? -1 : this.#table.find(this.#hash.of(identity));
  }

  #takeMatched(entry: number, { row, arrival, size }: StreamRow): void {
    this.#see(entry, arrival);
    if (this.#table.hasContent(entry, contentHash(row))) return;
    this.#table.markDifferent(entry);
    if (!this.#different.has(entry) && this.#mayKeep(size)) this.#different.set(entry, row);
  }

  #mayKeep(size: number): boolean {
    if (this.#keptBytes + size > MAX_KEPT_BYTES) return false;
    this.#keptBytes += size;
    return true;
  }

  #keepWithoutUuid(insertId: string, streamRow: StreamRow): boolean {
    const { row, size } = streamRow;
    const uploadedAt = parseTimestamp(row.server_upload_time);
    if (uploadedAt === undefined || !this.#isInRange(uploadedAt) || this.#isOfOtherProject(row)) return false;
    if (!this.#mayKeep(size)) return false;
    const rows = this.#withoutUuid.get(insertId);
    if (rows === undefined) this.#withoutUuid.set(insertId, [streamRow]);
    else rows.push(streamRow);
    return true;
  }

  /** Numbers of the hours that have to be matched again, because rows of the stream lack a uuid. */
  hoursToMatchAgain(): ReadonlySet<number> {
    const uploads = [...this.#withoutUuid.values()].flat().map(({ row }) => row.server_upload_time);
    return new Set(uploads.map((uploadedAt) => this.#hourOf(parseTimestamp(uploadedAt) ?? 0)));
  }

  /** Matches an exported event with rows of the stream that lack its uuid. */
  matchAgain({ row }: ExportedEvent): void {
    const insertId = insertIdOf(row);
    const rows = insertId === undefined ? undefined : this.#withoutUuid.get(insertId);
    const entry = rows === undefined ? -1 : this.#find(identityOf(row));
    if (entry === -1 || insertId === undefined) return;
    this.#withoutUuid.delete(insertId);
    for (const streamRow of rows ?? []) this.#takeMatched(entry, streamRow);
  }

  /** Counts the rows that no exported event has matched. */
  endMatching(): void {
    for (const { row, arrival } of [...this.#withoutUuid.values()].flat()) this.#takeUnmatched(row, arrival);
    this.#withoutUuid.clear();
  }

  #see(entry: number, { at, isRepeated }: Arrival): void {
    const isSeen = this.#table.isSeen(entry);
    if (isSeen && isRepeated) return;
    const [hour, type] = [this.#table.hourOf(entry), this.#table.typeOf(entry)];
    const delay = at - (this.range.from + hour * HOUR_MS + this.#table.msOf(entry));
    this.#table.see(entry, delay > VERY_LATE_MS ? 2 : delay > LATE_MS ? 1 : 0);
    if (!isSeen) {
      this.#delivered += 1;
      this.#deliveredTypes.add(type);
      this.latency.record(delay);
      return;
    }
    for (const tally of [this.#exported.hours[hour], this.#exported.types[type]])
      if (tally !== undefined) tally.eventsDuplicated += 1;
  }

  #takeUnmatched(row: Properties, arrival: Arrival): void {
    const uploadedAt = parseTimestamp(row.server_upload_time);
    const isOfRange = uploadedAt !== undefined && this.#isInRange(uploadedAt);
    if (detectKind(row) === undefined) this.#countUnmatched("recordsForeign", arrival);
    else if (isOfRun(arrival.PartitionKey) && isGenerated(row)) this.#countUnmatched("rowsOfTests", arrival);
    else if (this.#isOfOtherProject(row)) this.#countUnmatched("eventsOfOtherProjects", arrival);
    else {
      this.#typesInStream.add(typeOf(row));
      if (uploadedAt !== undefined && !isOfRange) this.#countUnmatched("eventsOfOtherHours", arrival);
      else {
        this.#countUnmatched("eventsUnexplained", arrival);
        if (isOfRange) this.#unexplainedHours.add(this.#hourOf(uploadedAt));
      }
    }
  }

  /** A row without a project can't be attributed to another one, and an empty export names no project. */
  #isOfOtherProject({ app }: Properties): boolean {
    return this.#apps.size > 0 && app !== undefined && app !== null && !this.#apps.has(String(app));
  }

  #countUnmatched(kind: keyof UnmatchedRows, { isRepeated }: Arrival): void {
    if (!isRepeated) this.#unmatched[kind] += 1;
  }

  /** Counts every event. */
  result(forwarding: Forwarding): Matching {
    const hours = this.#exported.hours.map((tally) => ({ ...tally }));
    const types = this.#exported.types.map((tally) => ({ ...tally }));
    for (let entry = 0; entry < this.#table.size; entry += 1) {
      const counted = this.#outcomeOf(entry, forwarding);
      const tallies = [hours[this.#table.hourOf(entry)], types[this.#table.typeOf(entry)]];
      for (const tally of tallies) for (const name of counted) if (tally !== undefined) tally[name] += 1;
    }
    const total = { ...NOTHING };
    const names = Object.keys(NOTHING) as (keyof EventOutcomes)[];
    for (const hour of hours) for (const name of names) total[name] += hour[name];
    const named = [...this.#types].map(([name, type]) => [name, types[type] ?? NOTHING] as const);
    return { total, hours, types: new Map(named) };
  }

  #outcomeOf(entry: number, forwarding: Forwarding): readonly (keyof EventOutcomes)[] {
    if (!this.#table.isSeen(entry))
      return this.#isForwarded(this.#table.typeOf(entry), forwarding) ? MISSING : NOT_FORWARDED;
    return (this.#table.isDifferent(entry) ? DIFFERENT : DELIVERED)[this.#table.latenessOf(entry)];
  }

  #isForwarded(type: number, { eventTypes, allTypes }: Forwarding): boolean {
    if (allTypes || this.#deliveredTypes.has(type)) return true;
    const name = this.#typeNames[type] ?? "";
    return eventTypes.has(name) || this.#typesInStream.has(name);
  }

  /**
   * Looks at a row of the export again, once the stream was read: compares it with a different row of the stream.
   *
   * @returns Whether the event is missing. False for a row that repeats an event.
   */
  lookAgain({ row }: ExportedEvent, forwarding: Forwarding): boolean {
    const uploadedAt = parseTimestamp(row.server_upload_time);
    const identity = identityOf(row);
    if (uploadedAt === undefined || !this.#isInRange(uploadedAt) || identity === undefined) return false;
    const entry = this.#table.find(this.#hash.of(identity));
    if (entry === -1 || !this.#table.visit(entry)) return false;
    const streamed = this.#different.get(entry);
    if (streamed !== undefined) this.#countFields(row, streamed);
    return !this.#table.isSeen(entry) && this.#isForwarded(this.#table.typeOf(entry), forwarding);
  }

  /** Lets every event be looked at again. */
  startLook(): void {
    this.#table.clearVisits();
    this.#fields.clear();
  }

  /** Numbers of the hours with events that a look at the export tells more about. */
  hoursToLookAt(isOfInterest: { missing: boolean }): ReadonlySet<number> {
    const hours = new Set<number>();
    for (const entry of this.#different.keys()) hours.add(this.#table.hourOf(entry));
    if (isOfInterest.missing)
      for (let entry = 0; entry < this.#table.size; entry += 1)
        if (!this.#table.isSeen(entry)) hours.add(this.#table.hourOf(entry));
    return hours;
  }

  /** Fields that differ, the most frequent first. */
  differences(max: number): FieldDifference[] {
    return [...this.#fields.values()].sort((one, other) => other.count - one.count).slice(0, max);
  }

  #countFields(exported: Properties, streamed: Properties): void {
    for (const { field, sample } of differentFields(exported, streamed)) {
      const counted = this.#fields.get(field);
      if (counted !== undefined) counted.count += 1;
      else if (this.#fields.size < MAX_FIELDS) this.#fields.set(field, { field, count: 1, sample });
    }
  }

  #isInRange(uploadedAt: EpochMs): boolean {
    return uploadedAt >= this.range.from && uploadedAt < this.range.end;
  }

  #hourOf(uploadedAt: EpochMs): number {
    return Math.floor((uploadedAt - this.range.from) / HOUR_MS);
  }

  #typeNumber(name: string): number {
    const known = this.#types.get(name) ?? (this.#types.size < MAX_TYPES - 1 ? undefined : MAX_TYPES - 1);
    if (known !== undefined) return known;
    const type = this.#types.size;
    this.#types.set(name, type);
    this.#typeNames.push(name);
    this.#exported.types.push({ ...NOTHING });
    return type;
  }

  unmatched(): UnmatchedRows {
    return { ...this.#unmatched };
  }
}

/** A row of the stream. */
interface StreamRow {
  row: Properties;
  arrival: Arrival;
  /** Bytes. */
  size: number;
}

/** How a row reached the stream. */
interface Arrival extends Pick<KinesisRecord, "PartitionKey"> {
  at: EpochMs;
  /** Whether the endpoint returned the record again. */
  isRepeated: boolean;
}

function typeOf({ event_type, event_name }: Properties): string {
  const type = event_type ?? event_name;
  return typeof type === "string" ? type : "(not a string)";
}
