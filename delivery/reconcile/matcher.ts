import { randomInt } from "node:crypto";
import { crc32 } from "node:zlib";
import type { _Record as KinesisRecord } from "@aws-sdk/client-kinesis";
import type { EpochMs } from "../common/clock";
import { isOfRun } from "../common/runId";
import { BoundedTally } from "../common/values";
import { detectKind, type Properties, parseTimestamp, redactName } from "../events/event";
import type { ExportedEvent } from "../events/export/rows";
import { isGenerated } from "../events/generator/generatedEvent";
import { deaggregate, parseRecord } from "../events/recordContent";
import type { ShardRecords } from "../kinesis/shardReader";
import { HOUR_MS, type HourRange, type ReconcileOptions } from "./options";
import { type PartLog, type Period, STAGE, type Stage } from "./partFile";
import type { FieldDifference, IgnoredRows } from "./report";
import {
  contentHash,
  type DifferentField,
  differentFields,
  IdentityHash,
  identityOf,
  insertIdOf,
} from "./row";
import { MAX_TYPES, RowsOfStage, Tally, type UnmatchedRows } from "./tally";

/** Size of the rows that are kept, because only the export tells in which fields they differ, or which event they are. */
const MAX_KEPT_BYTES = 64 * 2 ** 20;
/** Fields that are counted separately, so that made-up names can't fill the memory. */
const MAX_FIELDS = 500;

const UUID_START = Buffer.from('"uuid":"');
const QUOTE = 0x22;

/** Matches the rows of a stream with those of an export, which have to be added first. */
export class Matcher {
  readonly tally: Tally;
  readonly rowsIgnored: IgnoredRows = { repeated: 0, otherHours: 0, withoutTime: 0 };
  /** Exported events that can't be matched. */
  eventsWithoutIdentity = 0;
  readonly #hash = new IdentityHash(randomInt(2 ** 32));
  /** Numbers of the exported types, by name. */
  readonly #types = new Map<string, number>();
  /** Types that the destination forwards, even if nothing of them arrived. */
  readonly #namedTypes: ReadonlySet<string>;
  readonly #allTypes: boolean;
  readonly #apps = new Set<string>();
  readonly #different = new Map<number, { row: Properties; stage: Stage }>();
  /** Unmatched rows of the stream without a uuid, by device and `$insert_id`. Their events may have one in the export. */
  readonly #withoutUuid = new Map<string, StreamRow[]>();
  #fields = new BoundedTally<DifferentField>(MAX_FIELDS);
  #keptBytes = 0;
  #isMatchedAgain = false;

  /**
   * @param windowEnd End of the time in which Amplitude delivers the hours.
   * @param forwarding Says which event types the destination forwards for certain.
   * @param log Receives what a part of the stream says.
   */
  constructor(
    private readonly range: HourRange,
    private readonly windowEnd: EpochMs,
    forwarding: Pick<ReconcileOptions, "eventTypes" | "allTypes">,
    private readonly log?: PartLog,
  ) {
    this.tally = new Tally(range);
    this.#namedTypes = new Set(forwarding.eventTypes);
    this.#allTypes = forwarding.allTypes ?? false;
    for (const stage of Object.values(STAGE)) this.tally.stages[stage] = new RowsOfStage();
  }

  get eventsExported(): number {
    return this.tally.table.size + this.eventsWithoutIdentity;
  }

  /** Names of `eventTypes` that the export lacks. */
  get typesNotExported(): string[] {
    return [...this.#namedTypes].filter((name) => !this.#types.has(name));
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
    if (hash !== undefined && this.tally.table.find(hash) !== -1) {
      this.rowsIgnored.repeated += 1;
      return;
    }
    this.#apps.add(String(row.app));
    const hour = this.#hourOf(uploadedAt);
    const type = this.#typeNumber(typeOf(row));
    this.tally.count("eventsExported", hour, type);
    const content = contentHash(row);
    const ms = uploadedAt - this.range.from - hour * HOUR_MS;
    this.log?.onExported(identity, content, uploadedAt);
    if (hash === undefined) this.eventsWithoutIdentity += 1;
    else this.tally.table.add(hash, { content, bytes: crc32(bytes), type, hour, ms });
  }

  /**
   * Takes records of the stream that arrived within the window, or only those that arrived after it. How far a reader got
   * beyond the window is chance, so its records there count only once all of them are read.
   */
  take({ records, repeated, receivedAt }: ShardRecords, period: Period = "within"): void {
    for (const record of records) {
      const isRepeated = repeated?.has(record) ?? false;
      const at = arrivedAt(record, receivedAt);
      if (at > this.windowEnd === (period === "after")) this.#takeRecord(record, { at, isRepeated, period });
    }
  }

  /** Takes records that may have been taken before: only events that had none are entered. */
  takeAgain({ records, receivedAt }: ShardRecords): void {
    for (const record of records)
      this.#takeRecord(record, { at: arrivedAt(record, receivedAt), isRepeated: true, period: "within" });
  }

  #takeRecord(record: KinesisRecord, { at, isRepeated, period }: Omit<Arrival, "PartitionKey">): void {
    const { Data = new Uint8Array(), PartitionKey } = record;
    const arrival = { at, isRepeated, period, PartitionKey };
    const data = Buffer.from(Data.buffer, Data.byteOffset, Data.byteLength);
    const entry = this.#entryWithBytes(data);
    if (entry !== -1) {
      this.#see(entry, arrival, false);
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
    const entry = this.tally.table.find(this.#hash.of(data.toString("latin1", start, end)));
    return entry !== -1 && this.tally.table.hasBytes(entry, crc32(data)) ? entry : -1;
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
    return identity === undefined ? -1 : this.tally.table.find(this.#hash.of(identity));
  }

  #takeMatched(entry: number, { row, arrival, size }: StreamRow): void {
    const isDifferent = !this.tally.table.hasContent(entry, contentHash(row));
    this.#see(entry, arrival, isDifferent);
    if (!isDifferent) return;
    this.tally.table.markDifferent(entry);
    if (!this.#different.has(entry) && this.#mayKeep(size))
      this.#different.set(entry, { row, stage: this.#stageOf(arrival) });
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

  #stageOf({ period }: Arrival): Stage {
    return STAGE[this.#isMatchedAgain ? (`${period}Again` as const) : period];
  }

  /** Numbers of the hours that have to be matched again, because rows of the stream lack a uuid. */
  hoursToMatchAgain(): ReadonlySet<number> {
    this.#isMatchedAgain = true;
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
    this.#isMatchedAgain = true;
    for (const { row, arrival } of [...this.#withoutUuid.values()].flat()) this.#takeUnmatched(row, arrival);
    this.#withoutUuid.clear();
  }

  #see(entry: number, arrival: Arrival, isDifferent: boolean): void {
    const { at, isRepeated } = arrival;
    const delay = this.tally.delayOf(entry, at);
    if (this.log !== undefined && !(isRepeated && this.tally.table.isSeen(entry)))
      this.log.onMatch({ entry, delay, stage: this.#stageOf(arrival), isRepeated, isDifferent });
    this.tally.see(entry, delay, isRepeated);
  }

  #takeUnmatched(row: Properties, arrival: Arrival): void {
    const uploadedAt = parseTimestamp(row.server_upload_time);
    const kind = this.#kindOf(row, uploadedAt, arrival);
    this.#countUnmatched(kind, arrival);
    if (kind !== "eventsUnexplained" && kind !== "eventsOfOtherHours") return;
    const { types, hours } = this.#unmatchedOf(arrival);
    const type = this.#types.get(typeOf(row));
    if (type !== undefined) types.add(type);
    if (kind === "eventsUnexplained" && uploadedAt !== undefined) hours.add(this.#hourOf(uploadedAt));
  }

  #kindOf(row: Properties, uploadedAt: EpochMs | undefined, { PartitionKey }: Arrival): keyof UnmatchedRows {
    if (detectKind(row) === undefined) return "recordsForeign";
    if (isOfRun(PartitionKey) && isGenerated(row)) return "rowsOfTests";
    if (this.#isOfOtherProject(row)) return "eventsOfOtherProjects";
    return uploadedAt === undefined || this.#isInRange(uploadedAt)
      ? "eventsUnexplained"
      : "eventsOfOtherHours";
  }

  /** A row without a project can't be attributed to another one, and an empty export names no project. */
  #isOfOtherProject({ app }: Properties): boolean {
    return this.#apps.size > 0 && app !== undefined && app !== null && !this.#apps.has(String(app));
  }

  #countUnmatched(kind: keyof UnmatchedRows, arrival: Arrival): void {
    if (!arrival.isRepeated) this.#unmatchedOf(arrival).counts[kind] += 1;
  }

  #unmatchedOf(arrival: Arrival): RowsOfStage {
    return this.tally.stages[this.#stageOf(arrival)] as RowsOfStage;
  }

  /**
   * Looks at a row of the export again, once the stream was read: compares it with a different row of the stream.
   *
   * @returns Whether the event is missing. False for a row that repeats an event.
   */
  lookAgain({ row }: ExportedEvent): boolean {
    const uploadedAt = parseTimestamp(row.server_upload_time);
    const identity = identityOf(row);
    if (uploadedAt === undefined || !this.#isInRange(uploadedAt) || identity === undefined) return false;
    const { table } = this.tally;
    const entry = this.#find(identity);
    if (entry === -1 || !table.visit(entry)) return false;
    const streamed = this.#different.get(entry);
    if (streamed !== undefined) {
      const fields = differentFields(row, streamed.row);
      this.log?.onDifference({ entry, stage: streamed.stage, fields });
      for (const each of fields) this.#fields.add(each.field, each);
    }
    return !table.isSeen(entry) && this.tally.isForwarded(table.typeOf(entry));
  }

  /** Lets every event be looked at again. */
  startLook(): void {
    this.tally.table.clearVisits();
    this.#fields = new BoundedTally(MAX_FIELDS);
  }

  /** Numbers of the hours with events of which a row of the stream differs. */
  hoursWithDifferences(): ReadonlySet<number> {
    return new Set([...this.#different.keys()].map((entry) => this.tally.table.hourOf(entry)));
  }

  /** Numbers of the hours with events that have no row in the stream. */
  hoursWithMissing(): ReadonlySet<number> {
    const { table } = this.tally;
    const hours = new Set<number>();
    for (let entry = 0; entry < table.size; entry += 1)
      if (!table.isSeen(entry)) hours.add(table.hourOf(entry));
    return hours;
  }

  /** Fields that differ, the most frequent first. */
  differences(max: number): FieldDifference[] {
    return this.#fields.mostCommon(max);
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
    const isNamed = this.#allTypes || this.#namedTypes.has(name);
    const type = this.tally.addType({ eventType: redactName(name), eventsExported: 0, isNamed });
    this.#types.set(name, type);
    return type;
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
  period: Period;
}

function arrivedAt({ ApproximateArrivalTimestamp }: KinesisRecord, receivedAt: EpochMs): EpochMs {
  return ApproximateArrivalTimestamp?.getTime() ?? receivedAt;
}

function typeOf({ event_type, event_name }: Properties): string {
  const type = event_type ?? event_name;
  return typeof type === "string" ? type : "(not a string)";
}
