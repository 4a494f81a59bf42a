import { PATIENCE_POLL_MS } from "../aws/waitUntil";
import { BATCH_LIMITS, batches } from "./batcher";
import { type AttemptResult, readFailure, readResponse } from "./outcome";
import type { ProducerOptions, Stopped } from "./producerOptions";
import type { OutgoingRecord, RecordSource } from "./record";
import { retryDelay } from "./retryDelay";

const DEFAULTS = {
  concurrency: 4,
  maxAttempts: 12,
  giveUpAfterMs: 90_000,
  lingerMs: 50,
  propagationMs: 0,
  drainMs: 10_000,
};
/** So many batches in a row of which nothing was acknowledged end the run. */
const MOST_GIVEN_UP = 3;

/**
 * Sends records in batches. Memory is bounded: the source is asked for more only when one of `concurrency` requests
 * has ended. Every record that an attempt was made of is reported to the listener, whatever happens.
 */
export class Producer {
  readonly #options: ProducerOptions & typeof DEFAULTS;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #cancel = new AbortController();
  readonly #end = new AbortController();
  #failure: { error: unknown } | undefined;
  #stopped: Stopped | undefined;
  #propagationDeadline = 0;
  #givenUpInARow = 0;

  constructor(options: ProducerOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * Sends all that the source gives; ends when every record has its outcome.
   *
   * @param signal no more is taken and nothing is tried again after it; requests under way get `drainMs` to end.
   * @returns why it ended early: a refusal, silence or a fault of this machine, that would meet every further record too.
   * Undefined otherwise.
   * @throws what the source or the listener throws, after the requests under way have ended.
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

  /** A record that no request can hold is refused here. */
  #accept({ index }: OutgoingRecord, size: number): boolean {
    const { largestRecordBytes, listener } = this.#options;
    if (size <= largestRecordBytes) return true;
    const limit = `more than the ${largestRecordBytes} bytes that the stream allows, partition key included`;
    listener.onRefused(index, `${TOO_LARGE}: ${limit}`);
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

  /** Cancels the requests that are still under way `drainMs` after the signal. */
  #cancelAfter(signal: AbortSignal): () => void {
    const { clock, drainMs } = this.#options;
    const stop = new AbortController();
    const start = () => void clock.sleep(drainMs, stop.signal).then(() => this.#cancel.abort());
    if (signal.aborted) start();
    else signal.addEventListener("abort", start, { signal: stop.signal });
    return () => stop.abort();
  }

  /** Sends one batch until nothing of it is left to try. */
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
        await clock.sleep(propagating ? PATIENCE_POLL_MS : retryDelay(attempts, random()), signal);
      if (signal.aborted) {
        this.#abandon(result, ambiguous);
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

  /** Reports what is settled, and gives back what is not. */
  #settle({ outcomes }: AttemptResult, ambiguous: Set<number>): OutgoingRecord[] {
    const { listener, clock } = this.#options;
    const now = clock.now();
    const rest: OutgoingRecord[] = [];
    for (const outcome of outcomes) {
      const { index } = outcome.record;
      if (outcome.kind === "acknowledged") {
        this.#givenUpInARow = 0;
        listener.onAcknowledged(index, outcome.shardId, now);
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

  /** Nothing of the batch is tried again. What this machine alone could not do says nothing of the destination. */
  #giveUp(result: AttemptResult, ambiguous: Set<number>): void {
    const { outcomes, retry, clientSide } = result;
    this.#givenUpInARow += 1;
    if (retry === "stop" || clientSide || this.#givenUpInARow >= MOST_GIVEN_UP) {
      this.#stop({ reason: reasonOf(outcomes), clientSide });
    }
    if (clientSide) this.#abandon(result, ambiguous);
    else this.#refuse(result, ambiguous);
  }

  #refuse(result: AttemptResult, ambiguous: Set<number>): void {
    const { listener } = this.#options;
    const unanswered = (index: number, reason: string) => listener.onUnanswered(index, reason);
    this.#endRest(result, ambiguous, unanswered, (index, reason) => listener.onRefused(index, reason));
  }

  /** A refusal is no final answer where it would have been tried again. */
  #abandon(result: AttemptResult, ambiguous: Set<number>): void {
    const { listener } = this.#options;
    const leftOpen = (index: number) => listener.onLeftOpen(index);
    this.#endRest(result, ambiguous, leftOpen, (index) => listener.onAbandoned(index));
  }

  /** Ends what was not acknowledged: by `maybeWritten` what an attempt may have written, by `notWritten` the rest. */
  #endRest(
    { outcomes }: AttemptResult,
    ambiguous: Set<number>,
    maybeWritten: (index: number, reason: string) => void,
    notWritten: (index: number, reason: string) => void,
  ): void {
    for (const outcome of outcomes) {
      if (outcome.kind === "acknowledged") continue;
      const { index } = outcome.record;
      if (ambiguous.has(index)) maybeWritten(index, outcome.reason);
      else notWritten(index, outcome.reason);
    }
  }

  #stop(stopped: Stopped): void {
    this.#stopped ??= stopped;
    this.#end.abort();
  }

  #isPropagating({ accessDenied }: AttemptResult): boolean {
    const { clock, onAccessDenied } = this.#options;
    // Front ends learn of a permission one by one: a refusal can come after a first acknowledgement.
    const propagating = accessDenied && clock.now() < this.#propagationDeadline;
    if (propagating) onAccessDenied?.();
    return propagating;
  }
}

function reasonOf(outcomes: AttemptResult["outcomes"]): string {
  const [first] = outcomes.filter((outcome) => outcome.kind !== "acknowledged");
  return first?.reason ?? "";
}

const TOO_LARGE = "record too large";

/** Whether a record was refused because it exceeds the stream's record size. */
export function isTooLarge(reason: string): boolean {
  return reason.startsWith(TOO_LARGE);
}
