import { type Comparison, compareEvent, type Row } from "./comparison";
import type { IngestEvent } from "./ingestEvent";

/** What Amplitude's API said of an event in the end: the SDK's own retries are over. */
export type Answer =
  | { kind: "accepted" }
  | { kind: "refused"; reason: string }
  /** No clear answer: it may have been taken in. */
  | { kind: "unanswered"; reason: string };

const PENDING: Answer = { kind: "unanswered", reason: "no answer yet" };

interface Entry {
  event: IngestEvent;
  /** The requests that it was part of. */
  attempts: number;
  firstSentAt?: number;
  answer?: Answer;
  copies: number;
  uuids: Set<unknown>;
  differing: Set<string>;
  rewritten: Set<string>;
}

/** How many events ended in each way; together all that were sent. */
export interface AmplitudeCounts {
  delivered: number;
  corrupted: number;
  /** Refused by Amplitude's API, and not in the stream. */
  refused: number;
  /** Without a clear answer, and not in the stream. */
  unanswered: number;
  /** Accepted by Amplitude's API, and not in the stream. */
  absent: number;
}

/** By the field, in how many events. */
export type FieldCounts = [field: string, events: number][];

/** Every event of a run through Amplitude. */
export class AmplitudeLedger {
  readonly #entries: Entry[] = [];
  readonly #apps = new Map<unknown, number>();
  #largestRecord = 0;

  /** @returns its number, from 0. */
  add(event: IngestEvent): number {
    const fields = { differing: new Set<string>(), rewritten: new Set<string>() };
    return this.#entries.push({ event, attempts: 0, copies: 0, uuids: new Set(), ...fields }) - 1;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** The most rows that one record of this run held. */
  get rowsInRecord(): number {
    return this.#largestRecord;
  }

  /** By the project's id, how many rows of this run came from it. */
  get apps(): ReadonlyMap<unknown, number> {
    return this.#apps;
  }

  get sent(): number {
    return this.#count(({ attempts }) => attempts > 0);
  }

  get accepted(): number {
    return this.#count(({ answer }) => answer?.kind === "accepted");
  }

  get seen(): number {
    return this.#count(({ copies }) => copies > 0);
  }

  /** Sent and not read back, and not refused either. */
  get outstanding(): number {
    return this.#count(
      ({ attempts, copies, answer }) => attempts > 0 && copies === 0 && answer?.kind !== "refused",
    );
  }

  /** @returns how many of them are sent for the first time. */
  onRequest(indexes: number[], at: number): number {
    const entries = indexes.flatMap((index) => this.#entries[index] ?? []);
    for (const entry of entries) {
      entry.attempts += 1;
      entry.firstSentAt ??= at;
    }
    return entries.filter(({ attempts }) => attempts === 1).length;
  }

  onAnswer(index: number, answer: Answer): void {
    const entry = this.#entries[index];
    if (entry !== undefined) entry.answer ??= answer;
  }

  /** What is still with the SDK when it is ended has no answer. */
  onEnd(reason: string): void {
    for (const entry of this.#entries) entry.answer ??= { kind: "unanswered", reason };
  }

  /**
   * A row of the run, read at `receivedAt` (ms since 1970) from a record with `rowsInRecord` rows.
   *
   * @returns the event's latency in ms, at its first copy.
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

  hasSeen(index: number): boolean {
    return (this.#entries[index]?.copies ?? 0) > 0;
  }

  /** Of the events that were part of a request. */
  counts(): AmplitudeCounts {
    const absent = (kind: Answer["kind"]) =>
      this.#count(
        ({ copies, attempts, answer = PENDING }) => attempts > 0 && copies === 0 && answer.kind === kind,
      );
    return {
      delivered: this.#count(({ copies, differing }) => copies > 0 && differing.size === 0),
      corrupted: this.#count(({ copies, differing }) => copies > 0 && differing.size > 0),
      refused: absent("refused"),
      unanswered: absent("unanswered"),
      absent: absent("accepted"),
    };
  }

  /** Copies beyond the first of an event. */
  get duplicates(): number {
    return this.#entries.reduce((sum, { copies }) => sum + Math.max(0, copies - 1), 0);
  }

  /**
   * Copies that neither of two retries explains: Amplitude's, which writes one row (one `uuid`) again, and the SDK's,
   * which sends one event again.
   */
  get unexplainedDuplicates(): number {
    return this.#entries.reduce(
      (sum, { attempts, uuids }) => sum + Math.max(0, uuids.size - Math.max(1, attempts)),
      0,
    );
  }

  get seenThoughRefused(): number {
    return this.#count(({ copies, answer }) => copies > 0 && answer?.kind === "refused");
  }

  differingFields(): FieldCounts {
    return this.#fieldCounts(({ differing }) => differing);
  }

  rewrittenFields(): FieldCounts {
    return this.#fieldCounts(({ rewritten }) => rewritten);
  }

  /** The reasons of one kind of answer, most common first. */
  reasons(kind: "refused" | "unanswered"): [reason: string, events: number][] {
    const reasons = this.#entries.flatMap(({ answer }) =>
      answer?.kind === kind && "reason" in answer ? [answer.reason] : [],
    );
    return ranked(reasons);
  }

  /** Event types of which events were accepted and none is in the stream. */
  absentTypes(): string[] {
    const accepted = this.#entries.filter(({ answer }) => answer?.kind === "accepted");
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
