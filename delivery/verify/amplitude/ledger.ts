import type { ShardReport } from "../../common/findings";
import { LatencyRecorder } from "../../common/histogram";
import type { RunKey } from "../../common/runId";
import type { Timeline } from "../../common/timeline";
import { unique } from "../../common/values";
import { rowsIn } from "../../events/recordContent";
import type { ShardRecords } from "../../kinesis/shardReader";
import type { OpenDeployment } from "../../sending/deployment";
import { type Comparison, compareEvent, type IngestEvent, identifyId, type Row } from "./ingestEvent";
import type { AmplitudeSettings } from "./options";

/** A run through Amplitude: how it sends events, and what became of them. */
export interface AmplitudeRun {
  settings: AmplitudeSettings;
  deployment: OpenDeployment;
  key: RunKey;
  ledger: AmplitudeLedger;
  timeline: Timeline;
}

/** Final response of Amplitude's API to an event, after the SDK's own retries. */
export type EventResponse =
  | { kind: "accepted" }
  | { kind: "refused"; reason: string }
  /** No clear response: Amplitude may have accepted the event. */
  | { kind: "unanswered"; reason: string };

const PENDING: EventResponse = { kind: "unanswered", reason: "no response yet" };

interface Entry extends Record<keyof Comparison, Set<string>> {
  event: IngestEvent;
  /** Number of requests that the event was part of. */
  attempts: number;
  firstSentAt?: number;
  response?: EventResponse;
  copies: number;
  uuids: Set<unknown>;
}

/** Number of events per outcome. Together they are all events that were sent. */
export interface AmplitudeCounts {
  delivered: number;
  corrupted: number;
  /** Number of events that Amplitude's API refused and that are not in the stream. */
  refused: number;
  /** Number of events without a clear response that are not in the stream. */
  unanswered: number;
  /** Number of events that Amplitude's API accepted and that are not in the stream. */
  absent: number;
}

/** Number of events per field. */
export type FieldCounts = [field: string, events: number][];

/** Records every event of a run through Amplitude. */
export class AmplitudeLedger {
  readonly #entries: Entry[] = [];
  /** Number of rows of this run by project id. */
  readonly apps = new Map<unknown, number>();
  /** Maximum number of rows in one record of this run. */
  rowsInRecord = 0;
  /** Number of identify calls that were sent. */
  identifiesSent = 0;

  /** @returns Number of the event, from 0. */
  add(event: IngestEvent): number {
    const fields = { differing: new Set<string>(), rewritten: new Set<string>() };
    return this.#entries.push({ event, attempts: 0, copies: 0, uuids: new Set(), ...fields }) - 1;
  }

  get size(): number {
    return this.#entries.length;
  }

  get sent(): number {
    return this.#count(({ attempts }) => attempts > 0);
  }

  get accepted(): number {
    return this.#count(({ response }) => response?.kind === "accepted");
  }

  get seen(): number {
    return this.#count(({ copies }) => copies > 0);
  }

  /** Number of events that were sent, not read back, and not refused either. */
  get outstanding(): number {
    return this.#count(
      ({ attempts, copies, response }) => attempts > 0 && copies === 0 && response?.kind !== "refused",
    );
  }

  /** @returns Number of these events that are sent for the first time. */
  onRequest(indexes: number[], at: number): number {
    const entries = indexes.flatMap((index) => this.#entries[index] ?? []);
    for (const entry of entries) {
      entry.attempts += 1;
      entry.firstSentAt ??= at;
    }
    return entries.filter(({ attempts }) => attempts === 1).length;
  }

  onResponse(index: number, response: EventResponse): void {
    const entry = this.#entries[index];
    if (entry !== undefined) entry.response ??= response;
  }

  /** Marks the events that the SDK still holds when it is ended as unanswered. */
  onEnd(reason: string): void {
    for (const entry of this.#entries) entry.response ??= { kind: "unanswered", reason };
  }

  /**
   * Enters a row of the run, read at `receivedAt` (milliseconds since 1970) from a record with `rowsInRecord` rows.
   *
   * @returns Latency of the event in ms, only at its first copy.
   */
  onRow(index: number, row: Row, receivedAt: number, rowsInRecord: number): number | undefined {
    const entry = this.#entries[index];
    if (entry === undefined) return undefined;
    entry.copies += 1;
    entry.uuids.add(row.uuid);
    this.rowsInRecord = Math.max(this.rowsInRecord, rowsInRecord);
    this.apps.set(row.app, (this.apps.get(row.app) ?? 0) + 1);
    const { differing, rewritten } = compareEvent(entry.event, row);
    for (const field of differing) entry.differing.add(field);
    for (const field of rewritten) entry.rewritten.add(field);
    if (entry.copies > 1 || entry.firstSentAt === undefined) return undefined;
    return receivedAt - entry.firstSentAt;
  }

  /** Returns whether no row of the event with this `uuid` was read yet. */
  isNews(index: number, { uuid }: Row): boolean {
    return !this.#entries[index]?.uuids.has(uuid);
  }

  hasSeen(index: number): boolean {
    return (this.#entries[index]?.copies ?? 0) > 0;
  }

  /** Counts the events that were part of a request. */
  counts(): AmplitudeCounts {
    const absent = (kind: EventResponse["kind"]) =>
      this.#count(
        ({ copies, attempts, response = PENDING }) => attempts > 0 && copies === 0 && response.kind === kind,
      );
    return {
      delivered: this.#count(({ copies, differing }) => copies > 0 && differing.size === 0),
      corrupted: this.#count(({ copies, differing }) => copies > 0 && differing.size > 0),
      refused: absent("refused"),
      unanswered: absent("unanswered"),
      absent: absent("accepted"),
    };
  }

  /** Number of copies beyond the first of each event. */
  get duplicates(): number {
    return this.#entries.reduce((sum, { copies }) => sum + Math.max(0, copies - 1), 0);
  }

  /**
   * Number of copies that neither kind of retry explains. Amplitude's retry writes one row (one `uuid`) again, and the
   * SDK's retry sends one event again.
   */
  get unexplainedDuplicates(): number {
    return this.#entries.reduce(
      (sum, { attempts, uuids }) => sum + Math.max(0, uuids.size - Math.max(1, attempts)),
      0,
    );
  }

  get seenDespiteRefusal(): number {
    return this.#count(({ copies, response }) => copies > 0 && response?.kind === "refused");
  }

  /** Returns the number of events per field that differs, or was rewritten, most common first. */
  fields(kind: keyof Comparison): FieldCounts {
    return ranked(this.#entries.flatMap((entry) => [...entry[kind]]));
  }

  /** Returns the reasons of one kind of response, most common first. */
  reasons(kind: "refused" | "unanswered"): [reason: string, events: number][] {
    const reasons = this.#entries.flatMap(({ response }) =>
      response?.kind === kind && "reason" in response ? [response.reason] : [],
    );
    return ranked(reasons);
  }

  /** Returns event types with accepted events, of which none is in the stream. */
  absentTypes(): string[] {
    const typesOf = (isCounted: (entry: Entry) => boolean) =>
      unique(this.#entries.filter(isCounted).map(({ event }) => event.event_type));
    const seen = typesOf(({ copies }) => copies > 0);
    return typesOf(({ response }) => response?.kind === "accepted").filter((type) => !seen.includes(type));
  }

  #count(isCounted: (entry: Entry) => boolean): number {
    return this.#entries.reduce((sum, entry) => (isCounted(entry) ? sum + 1 : sum), 0);
  }
}

function ranked(names: string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one);
}

/** Enters the run's rows into the ledger. Of foreign records, it reads only enough to say what they are. */
export class RowCollector {
  readonly latency = new LatencyRecorder();
  /** Number of records that contain the run's id, but no rows that can be read. */
  recordsNotUnderstood = 0;
  /** Number of records that do not belong to this run. */
  recordsForeign = 0;
  /** Number of foreign records that contain rows from Amplitude. */
  recordsForeignOfAmplitude = 0;
  /** Number of rows in those records by project id, for projects other than the expected one. */
  readonly unexpectedApps = new Map<unknown, number>();
  readonly #recordsByShard = new Map<string, number>();
  readonly #identifiesSeen = new Set<string>();
  readonly #foundAgain = new Set<number>();

  constructor(
    private readonly ledger: AmplitudeLedger,
    private readonly key: RunKey,
    private readonly timeline: Timeline,
    private readonly expectApp: number | undefined,
  ) {}

  /** Number of identify calls of this run that arrived. */
  get identifiesSeen(): number {
    return this.#identifiesSeen.size;
  }

  /** Takes records of the first reading. A repeated record is entered only if it adds a row. */
  take({ shardId, records, repeated, receivedAt }: ShardRecords): void {
    for (const record of records) {
      const { Data = new Uint8Array() } = record;
      const isRepeated = repeated?.has(record) ?? false;
      const rows = this.#ownRows(Data);
      if (rows === undefined) {
        if (!isRepeated) this.#takeForeign(Data);
        continue;
      }
      const taken = isRepeated ? rows.filter((row) => this.#isNews(row)) : rows;
      if (!isRepeated || taken.length > 0)
        this.#recordsByShard.set(shardId, (this.#recordsByShard.get(shardId) ?? 0) + 1);
      for (const row of taken) this.#takeRow(row, receivedAt, rows.length);
    }
  }

  /** Takes records of the second reading. Only rows of events that the first reading missed are entered. */
  takeMissing({ records, repeated, receivedAt }: ShardRecords): void {
    for (const record of records) {
      const { Data = new Uint8Array() } = record;
      const rows = this.#ownRows(Data) ?? [];
      for (const row of rows) {
        const index = this.#indexOf(row);
        if (index === undefined || (repeated?.has(record) && !this.#isNews(row))) continue;
        if (!this.ledger.hasSeen(index)) this.#foundAgain.add(index);
        if (this.#foundAgain.has(index)) this.ledger.onRow(index, row, receivedAt, rows.length);
      }
    }
  }

  /** Whether the row is of an event of the run, and was not read yet. */
  #isNews(row: Row): boolean {
    const index = this.#indexOf(row);
    return index !== undefined && this.ledger.isNews(index, row);
  }

  /** Returns the shards that were read. The number of events that Amplitude wrote to each shard is unknown. */
  shards(shardIds: string[]): ShardReport[] {
    return [...shardIds].sort().map((shardId) => ({
      shardId,
      eventsAcknowledged: 0,
      recordsRead: this.#recordsByShard.get(shardId) ?? 0,
    }));
  }

  /** Returns undefined for a foreign record. Nobody can guess the run's id. */
  #ownRows(data: Uint8Array): Row[] | undefined {
    if (!view(data).includes(this.key.runId)) return undefined;
    const rows = rowsIn(data);
    if (rows === undefined) this.recordsNotUnderstood += 1;
    return rows ?? [];
  }

  #takeRow(row: Row, receivedAt: number, rowsInRecord: number): void {
    const index = this.#indexOf(row);
    if (index === undefined) {
      const insertId = String(row.$insert_id);
      if (insertId.startsWith(identifyId(this.key.runId, ""))) this.#identifiesSeen.add(insertId);
      return;
    }
    const isFirst = !this.ledger.hasSeen(index);
    const latencyMs = this.ledger.onRow(index, row, receivedAt, rowsInRecord);
    if (isFirst) this.timeline.count("read", receivedAt);
    if (latencyMs !== undefined) this.latency.record(latencyMs);
  }

  #takeForeign(data: Uint8Array): void {
    this.recordsForeign += 1;
    if (!view(data).includes('"$insert_id"')) return;
    this.recordsForeignOfAmplitude += 1;
    if (this.expectApp === undefined) return;
    for (const { app } of rowsIn(data) ?? [])
      if (app !== this.expectApp) this.unexpectedApps.set(app, (this.unexpectedApps.get(app) ?? 0) + 1);
  }

  #indexOf({ $insert_id: insertId }: Row): number | undefined {
    const index = typeof insertId === "string" ? this.key.indexOf(insertId) : undefined;
    return index !== undefined && index < this.ledger.size ? index : undefined;
  }
}

function view({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
