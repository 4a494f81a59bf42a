import type { CustomerAccount, OutgoingRow } from "./customerAccount";
import type { CopyTruth, DeliveryFaults } from "./deliveryFaults";
import type { RowOutcome } from "./metricsApi";
import type { Json } from "./upload";

/** Draws in [0, 1). */
export type Random = () => number;

/** Delivery behavior of the stand-in. Undocumented behavior is configurable. */
export interface DeliveryHabits {
  /** 95 of 100 rows are written within this long of their reception, in ms. Documented: 60,000. */
  p95Ms: number;
  /** Share of the rows that are written twice, 0–1. Documented: no promise of exactly once. */
  duplicateRate: number;
  /** Share of the rows that are delayed behind later ones, 0–1. Documented: no promise of an order. */
  reorderRate: number;
  /** Attempts after the first one, before a row expires. Documented: 10. */
  retries: number;
  /** Time in ms in which a row is retried. Documented: 4 hours. */
  expireMs: number;
  /** Delay before the first retry in ms; it doubles before each further one. Undocumented. */
  retryDelayMs: number;
  /** Call that writes rows. Undocumented: the policy names both. */
  call: "PutRecords" | "PutRecord";
  /** Source of a record's partition key. Undocumented. */
  partitionKey: "uuid" | "user_id" | "device_id" | "amplitude_id";
}

export const DOCUMENTED_HABITS: DeliveryHabits = {
  p95Ms: 60_000,
  duplicateRate: 0.01,
  reorderRate: 0.02,
  retries: 10,
  expireMs: 4 * 3600 * 1000,
  retryDelayMs: 1_000,
  call: "PutRecords",
  partitionKey: "uuid",
};

/** Names of Amplitude's delivery metrics API. */
export interface DeliveryMetrics {
  eventsDelivered: number;
  successOnFirstAttempt: number;
  successAfterRetry: number;
  /** Given up after the last try, or after the time that a row is tried. */
  eventsExpired: number;
  /** Left out by the filter, or while the destination was disabled. */
  eventsDiscarded: number;
  /** Rows that were written twice. */
  eventsDuplicated: number;
  /** Reason of the last failed write. */
  lastFailure?: string;
}

export interface DestinationOptions {
  /** The id under which the delivery metrics API knows the destination. */
  syncId: string;
  account: CustomerAccount;
  habits: DeliveryHabits;
  random: Random;
  /** Milliseconds since 1970-01-01 UTC. */
  now: () => number;
}

interface Waiting {
  row: OutgoingRow;
  dueAt: number;
  receivedAt: number;
  attempt: number;
  isDuplicate: boolean;
  truth: CopyTruth | undefined;
}

/** Whether identify calls are forwarded, regardless of the event filter. */
const IDENTIFIES = new Set(["$identify", "$groupidentify"]);
/** PutRecords accepts 500 records. Rows are small compared to its 10 MiB. */
const RECORDS_A_CALL = 500;

/** A Kinesis destination of a project. It holds rows only in memory, as Amplitude documents for its retries. */
export class KinesisDestination {
  /** Events received while this is false are never sent. */
  enabled = true;
  /** "Send events": event types that are sent, or undefined for all. */
  filter: ((eventType: string) => boolean) | undefined;
  forwardsIdentify = true;
  /** Transforms a row before it is written. Tests inject faults here. */
  alter: (row: Json) => Json = (row) => row;
  /** Seeded faults, with a log of the truth. */
  faults: DeliveryFaults | undefined;
  /** Outcomes of all rows, for the delivery metrics API. */
  readonly outcomes: RowOutcome[] = [];
  readonly metrics: DeliveryMetrics = {
    eventsDelivered: 0,
    successOnFirstAttempt: 0,
    successAfterRetry: 0,
    eventsExpired: 0,
    eventsDiscarded: 0,
    eventsDuplicated: 0,
  };
  readonly #waiting = new Set<Waiting>();
  #timer: NodeJS.Timeout | undefined;
  /** Number of rows in the current request. */
  #writing = 0;
  #isWriting = false;
  #stopped = false;

  constructor(private readonly options: DestinationOptions) {}

  get syncId(): string {
    return this.options.syncId;
  }

  /** Rows that are not written yet. */
  get waiting(): number {
    return this.#waiting.size + this.#writing;
  }

  /** @param habits Behavior for these rows. Default: the destination's. */
  take(rows: Json[], habits: DeliveryHabits = this.options.habits): void {
    const { random, now } = this.options;
    const sent = rows.filter((row) => this.enabled && this.#passes(String(row.event_type)));
    const receivedAt = now();
    for (let discarded = rows.length - sent.length; discarded > 0; discarded -= 1) this.#omit("discarded");
    coursesOf(sent.length, habits, random).forEach((course, position) => {
      this.#send(this.alter(sent[position] ?? {}), course, receivedAt);
    });
    this.#plan();
  }

  /** Schedules a row's copies: the faults', and the one that the course adds. */
  #send(row: Json, { delayMs, againMs }: Course, receivedAt: number): void {
    const copies = this.faults?.copiesOf(row) ?? [{ row, delayMs: 0, truth: undefined }];
    const [first] = copies;
    if (first === undefined) {
      this.#omit(this.faults?.isFiltered(row) ? "discarded" : "expired");
      return;
    }
    const wait = (copy: typeof first, after: number, isDuplicate: boolean, truth = copy.truth) =>
      this.#waiting.add({
        row: this.#outgoing(copy.row),
        dueAt: receivedAt + after + copy.delayMs,
        receivedAt,
        attempt: 1,
        isDuplicate,
        truth,
      });
    for (const copy of copies) wait(copy, delayMs, copy !== first);
    if (againMs !== undefined) wait(first, againMs, true, first.truth && this.faults?.another(first.truth));
  }

  #omit(kind: "discarded" | "expired"): void {
    this.metrics[kind === "discarded" ? "eventsDiscarded" : "eventsExpired"] += 1;
    this.outcomes.push({ at: this.options.now(), kind });
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#waiting.clear();
    this.options.account.close();
  }

  #passes(eventType: string): boolean {
    return IDENTIFIES.has(eventType) ? this.forwardsIdentify : (this.filter?.(eventType) ?? true);
  }

  #outgoing(row: Json): OutgoingRow {
    const key = row[this.options.habits.partitionKey] ?? row.uuid;
    return { partitionKey: String(key), data: Buffer.from(JSON.stringify(row)) };
  }

  #plan(): void {
    if (this.#stopped || this.#isWriting || this.#waiting.size === 0) return;
    clearTimeout(this.#timer);
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#waiting) next = Math.min(next, dueAt);
    const wait = Math.max(0, next - this.options.now());
    this.#timer = setTimeout(() => void this.#write(), wait).unref();
  }

  async #write(): Promise<void> {
    const now = this.options.now();
    const due = [...this.#waiting]
      .filter(({ dueAt }) => dueAt <= now)
      .sort((one, other) => one.dueAt - other.dueAt)
      .slice(0, RECORDS_A_CALL);
    this.#isWriting = true;
    this.#writing = due.length;
    for (const entry of due) this.#waiting.delete(entry);
    const { account, habits } = this.options;
    const rows = due.map(({ row }) => row);
    const failures =
      due.length === 0
        ? []
        : await (habits.call === "PutRecords" ? account.putRecords(rows) : account.putRecordEach(rows));
    for (const [position, entry] of due.entries()) this.#enter(entry, failures[position]);
    this.#writing = 0;
    this.#isWriting = false;
    this.#plan();
  }

  #enter(entry: Waiting, failure: string | undefined): void {
    if (failure === undefined) {
      if (entry.truth !== undefined) entry.truth.writtenAt = this.options.now();
      if (entry.isDuplicate) this.metrics.eventsDuplicated += 1;
      else this.#delivered(entry);
      return;
    }
    this.metrics.lastFailure = failure;
    const { habits, random, now } = this.options;
    const dueAt = now() + retryDelayMs(entry.attempt + 1, habits.retryDelayMs, random);
    const isOver = entry.attempt > habits.retries || dueAt - entry.receivedAt > habits.expireMs;
    if (!isOver && !this.#stopped) this.#waiting.add({ ...entry, dueAt, attempt: entry.attempt + 1 });
    else if (!entry.isDuplicate) this.#omit("expired");
  }

  #delivered({ attempt, receivedAt }: Waiting): void {
    const at = this.options.now();
    this.outcomes.push({ at, kind: "delivered", attempts: attempt, latencyMs: at - receivedAt });
    this.metrics.eventsDelivered += 1;
    if (attempt === 1) this.metrics.successOnFirstAttempt += 1;
    else this.metrics.successAfterRetry += 1;
  }
}

/** The schedule of one row. */
export interface Course {
  /** Time from its reception to its writing, in ms. */
  delayMs: number;
  /** Time of a second writing after that, in ms from the reception. */
  againMs?: number;
}

/**
 * Schedules one upload: its rows go together, except delayed and duplicated rows. 95 of 100 uploads take
 * at most half of `p95Ms`, and delayed rows are written before `p95Ms` is over; the others take up to twice as long.
 */
export function coursesOf(
  rows: number,
  habits: Pick<DeliveryHabits, "p95Ms" | "duplicateRate" | "reorderRate">,
  random: Random,
): Course[] {
  const { p95Ms, duplicateRate, reorderRate } = habits;
  const half = p95Ms / 2;
  const isSlow = random() >= 0.95;
  const delayMs = random() * half + (isSlow ? p95Ms : 0);
  return Array.from({ length: rows }, () => {
    const heldBackMs = random() < reorderRate ? random() * half : 0;
    const course: Course = { delayMs: delayMs + heldBackMs };
    return random() < duplicateRate ? { ...course, againMs: course.delayMs + random() * half } : course;
  });
}

/** Returns the delay before an attempt, numbered from 2. */
export function retryDelayMs(attempt: number, firstMs: number, random: Random): number {
  return firstMs * 2 ** (attempt - 2) * (0.5 + random() / 2);
}
