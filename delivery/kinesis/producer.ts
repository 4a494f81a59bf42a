import { PROPAGATION_POLL_MS } from "../aws/pollUntil";
import type { Clock, EpochMs } from "../common/clock";
import { BATCH_LIMITS, batches } from "./batcher";
import {
  type AttemptResult,
  type OutgoingRecord,
  type PutRecords,
  type Reason,
  type RecordSource,
  readFailure,
  readResponse,
  TOO_LARGE,
} from "./outcome";
import { retryDelay } from "./retry";

/** End of a record. */
export type RecordEnd =
  | { kind: "acknowledged"; shardId: string }
  /** Given up. `refused`: no attempt with a response wrote it. `unanswered`: at least one may have written it. */
  | { kind: "refused" | "unanswered"; reason: Reason }
  /** The run ended before the next attempt. `abandoned`: certainly not written. `leftOpen`: possibly written. */
  | { kind: "abandoned" | "leftOpen" };

/** Receives the outcome of every record. */
export interface OutcomeListener {
  /** An attempt of these records is about to start. If this throws, it doesn't. */
  beforeAttempt?(records: readonly OutgoingRecord[], at: EpochMs): void;
  /** An attempt with this record starts. */
  onAttempt(index: number, at: EpochMs): void;
  /** An attempt may have written the record. It may be retried. */
  onAmbiguous(index: number): void;
  /** Called once per record. */
  onEnd(index: number, end: RecordEnd, at: EpochMs): void;
}

export interface ProducerOptions {
  put: PutRecords;
  listener: OutcomeListener;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  /** Largest record in bytes, partition key included. */
  largestRecordBytes: number;
  /** Number of requests in flight, from 1. Default 4. */
  concurrency?: number;
  /** How long a batch is retried before the rest of it is given up, in ms. An attempt in flight may finish. Default 90,000. */
  giveUpAfterMs?: number;
  /** Attempts of a batch before the rest of it is given up, from 1. Default 12: at most 31 s of backoff, half of that on average. */
  maxAttempts?: number;
  /** How long a batch may wait for more records, in ms. Default 50. */
  lingerMs?: number;
  /** From the start, how long a denied access counts as a permission that has not propagated yet, in ms. Default 0. */
  propagationMs?: number;
  /** How long requests in flight may take to finish after an abort, in ms. Default 10,000. */
  drainMs?: number;
  onAccessDenied?: () => void;
}

/** Why a producer stopped before the end of its source. */
export interface Stopped {
  reason: Reason;
  /** Client-side failure: this machine could not reach the destination, or had no valid credentials. */
  clientSide: boolean;
}

const DEFAULTS = {
  concurrency: 4,
  maxAttempts: 12,
  giveUpAfterMs: 90_000,
  lingerMs: 50,
  propagationMs: 0,
  drainMs: 10_000,
};
/** The run stops after this many consecutive batches without any acknowledgement. */
const MAX_CONSECUTIVE_FAILED_BATCHES = 3;

/**
 * Sends records in batches. Memory is bounded: the producer requests more records only when one of `concurrency` requests has
 * finished. The listener receives the outcome of every attempted record.
 */
export class Producer {
  readonly #options: ProducerOptions & typeof DEFAULTS;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #cancel = new AbortController();
  readonly #end = new AbortController();
  #failure: { error: unknown } | undefined;
  #stopped: Stopped | undefined;
  #propagationDeadline = 0;
  #consecutiveFailures = 0;

  constructor(options: ProducerOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * Sends every record of the source.
   *
   * @param signal Stops sending and retrying. Requests in flight get `drainMs` to finish.
   * @returns Why sending stopped early, or undefined if every record was attempted.
   * @throws Whatever the source or the listener throws, after the requests in flight have finished.
   */
  async run(source: RecordSource, signal: AbortSignal): Promise<Stopped | undefined> {
    const { clock, concurrency, lingerMs, propagationMs } = this.#options;
    this.#propagationDeadline = clock.now() + propagationMs;
    const end = AbortSignal.any([signal, this.#end.signal]);
    const stopTimer = this.#cancelAfter(signal);
    const accept = (record: OutgoingRecord, size: number) => this.#accept(record, size);
    try {
      const options = { limits: BATCH_LIMITS, lingerMs, clock, signal: end, accept };
      for await (const batch of batches(source, options)) {
        this.#start(batch, signal);
        if (this.#inFlight.size >= concurrency) await Promise.race(this.#inFlight);
      }
    } finally {
      await Promise.all(this.#inFlight);
      stopTimer();
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#stopped;
  }

  /** Refuses a record that no request can hold. */
  #accept({ index }: OutgoingRecord, size: number): boolean {
    const { largestRecordBytes, listener, clock } = this.#options;
    if (size <= largestRecordBytes) return true;
    const detail = `record too large: more than the ${largestRecordBytes} bytes that the stream allows, partition key included`;
    listener.onEnd(index, { kind: "refused", reason: { code: TOO_LARGE, detail } }, clock.now());
    return false;
  }

  #start(batch: OutgoingRecord[], signal: AbortSignal): void {
    const sending = this.#send(batch, signal)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#inFlight.delete(sending));
    this.#inFlight.add(sending);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#end.abort();
  }

  /** Cancels the requests that are still in flight `drainMs` after the signal. */
  #cancelAfter(signal: AbortSignal): () => void {
    const { clock, drainMs } = this.#options;
    const stop = new AbortController();
    const start = () => void clock.sleep(drainMs, stop.signal).then(() => this.#cancel.abort());
    if (signal.aborted) start();
    else signal.addEventListener("abort", start, { signal: stop.signal });
    return () => stop.abort();
  }

  /** Sends one batch until every record has its outcome. */
  async #send(batch: OutgoingRecord[], signal: AbortSignal): Promise<void> {
    const { maxAttempts, giveUpAfterMs, clock, random } = this.#options;
    const giveUpAt = clock.now() + giveUpAfterMs;
    const ambiguous = new Set<number>();
    let rest = batch;
    let attempts = 0;
    for (;;) {
      const result = await this.#attempt(rest);
      rest = this.#settle(result, ambiguous);
      if (rest.length === 0) return;
      const propagating = this.#isPropagating(result);
      if (!propagating) attempts += 1;
      const isExhausted = attempts >= maxAttempts || clock.now() >= giveUpAt;
      if (!propagating && (result.retry !== "retry" || isExhausted)) {
        this.#giveUp(result, ambiguous);
        return;
      }
      if (!signal.aborted)
        await clock.sleep(propagating ? PROPAGATION_POLL_MS : retryDelay(attempts, random()), signal);
      if (signal.aborted) {
        this.#endRest(result, ambiguous, abandoned);
        return;
      }
    }
  }

  async #attempt(records: OutgoingRecord[]): Promise<AttemptResult> {
    const { put, listener, clock } = this.#options;
    const now = clock.now();
    listener.beforeAttempt?.(records, now);
    for (const { index } of records) listener.onAttempt(index, now);
    try {
      return readResponse(records, await put(records, this.#cancel.signal));
    } catch (error) {
      return readFailure(records, error);
    }
  }

  /** Reports acknowledged records and returns the others. */
  #settle({ outcomes }: AttemptResult, ambiguous: Set<number>): OutgoingRecord[] {
    const { listener, clock } = this.#options;
    const now = clock.now();
    const rest: OutgoingRecord[] = [];
    for (const outcome of outcomes) {
      const { index } = outcome.record;
      if (outcome.kind === "acknowledged") {
        this.#consecutiveFailures = 0;
        listener.onEnd(index, outcome, now);
        continue;
      }
      if (outcome.kind === "unknown") {
        ambiguous.add(index);
        listener.onAmbiguous(index);
      }
      rest.push(outcome.record);
    }
    return rest;
  }

  /** Ends the batch. A client-side failure proves nothing about the destination, so its records are not refused. */
  #giveUp(result: AttemptResult, ambiguous: Set<number>): void {
    const { outcomes, retry, clientSide } = result;
    this.#consecutiveFailures += 1;
    if (retry === "stop" || clientSide || this.#consecutiveFailures >= MAX_CONSECUTIVE_FAILED_BATCHES) {
      const failed = outcomes.find((outcome) => outcome.kind !== "acknowledged");
      if (failed !== undefined) this.#stopped ??= { reason: failed.reason, clientSide };
      this.#end.abort();
    }
    this.#endRest(result, ambiguous, clientSide ? abandoned : givenUp);
  }

  /** Reports the end of the records that were not acknowledged. */
  #endRest({ outcomes }: AttemptResult, ambiguous: Set<number>, endOf: typeof givenUp): void {
    const { listener, clock } = this.#options;
    const now = clock.now();
    for (const outcome of outcomes) {
      if (outcome.kind === "acknowledged") continue;
      const { record, reason } = outcome;
      listener.onEnd(record.index, endOf(ambiguous.has(record.index), reason), now);
    }
  }

  #isPropagating({ accessDenied }: AttemptResult): boolean {
    const { clock, onAccessDenied } = this.#options;
    // A permission propagates to one front end at a time, so a rejection can follow an acknowledgement.
    const propagating = accessDenied && clock.now() < this.#propagationDeadline;
    if (propagating) onAccessDenied?.();
    return propagating;
  }
}

function givenUp(isAmbiguous: boolean, reason: Reason): RecordEnd {
  return { kind: isAmbiguous ? "unanswered" : "refused", reason };
}

/** End before the next attempt. A refusal that would have been retried is not final. */
function abandoned(isAmbiguous: boolean): RecordEnd {
  return { kind: isAmbiguous ? "leftOpen" : "abandoned" };
}
