import { type Comparison, compareEvent, type Row } from "./comparison";
import type { IngestEvent } from "./ingestEvent";

/** Final response of Amplitude's API to an event, after the SDK's own retries. */
export type EventResponse =
  | { kind: "accepted" }
  | { kind: "refused"; reason: string }
  /** No clear response: Amplitude may have accepted the event. */
  | { kind: "unanswered"; reason: string };

const PENDING: EventResponse = { kind: "unanswered", reason: "no response yet" };

interface Entry {
  event: IngestEvent;
  /** Number of requests that the event was part of. */
  attempts: number;
  firstSentAt?: number;
  response?: EventResponse;
  copies: number;
  uuids: Set<unknown>;
  differing: Set<string>;
  rewritten: Set<string>;
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
  readonly #apps = new Map<unknown, number>();
  #largestRecord = 0;

  /** @returns Number of the event, from 0. */
  add(event: IngestEvent): number {
    const fields = { differing: new Set<string>(), rewritten: new Set<string>() };
    return this.#entries.push({ event, attempts: 0, copies: 0, uuids: new Set(), ...fields }) - 1;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Maximum number of rows in one record of this run. */
  get rowsInRecord(): number {
    return this.#largestRecord;
  }

  /** Number of rows of this run by project id. */
  get apps(): ReadonlyMap<unknown, number> {
    return this.#apps;
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
    this.#largestRecord = Math.max(this.#largestRecord, rowsInRecord);
    this.#apps.set(row.app, (this.#apps.get(row.app) ?? 0) + 1);
    const { differing, rewritten }: Comparison = compareEvent(entry.event, row);
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

  differingFields(): FieldCounts {
    return this.#fieldCounts(({ differing }) => differing);
  }

  rewrittenFields(): FieldCounts {
    return this.#fieldCounts(({ rewritten }) => rewritten);
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
    const accepted = this.#entries.filter(({ response }) => response?.kind === "accepted");
    const seen = new Set(
      this.#entries.filter(({ copies }) => copies > 0).map(({ event }) => event.event_type),
    );
    return [...new Set(accepted.map(({ event }) => event.event_type))].filter((type) => !seen.has(type));
  }

  #fieldCounts(fieldsOf: (entry: Entry) => Set<string>): FieldCounts {
    return ranked(this.#entries.flatMap((entry) => [...fieldsOf(entry)]));
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
