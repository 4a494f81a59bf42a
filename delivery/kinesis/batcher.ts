import type { BatchLimits } from "./batches";
import { type OutgoingRecord, recordSize } from "./record";

export interface FillingOptions {
  limits: BatchLimits;
  /** Resolves when a batch has waited long enough since its first record, or at the signal. */
  linger: (stop: AbortSignal) => Promise<void>;
  accept: (record: OutgoingRecord, size: number) => boolean;
}

/** Why no batch is lingered for any more. Without a reason each time, an error with a stack is made for one. */
const GIVEN = "the batch was given";

/** Who has asked for a batch and waits for it. */
interface Taker {
  give: (batch: OutgoingRecord[] | undefined) => void;
  fail: (error: unknown) => void;
}

/**
 * Fills one batch after the other from a source. A loop of its own takes from the source, so that a record costs its step
 * there alone, and no race with the clock; it rests while no batch is asked for. Whenever a batch holds records, somebody
 * waits for it.
 */
export class Filling {
  #records: OutgoingRecord[] = [];
  #bytes = 0;
  #lingering: AbortController | undefined;
  #taker: Taker | undefined;
  /** Lets the resting loop go on. */
  #resume: (() => void) | undefined;
  #started = false;
  #ended = false;
  #failure: { error: unknown } | undefined;
  #owed = false;

  constructor(
    private readonly source: AsyncIterator<readonly OutgoingRecord[]>,
    private readonly options: FillingOptions,
  ) {}

  /** Asked for again only once it has answered. @returns undefined at the end. @throws what the source throws. */
  next(): Promise<OutgoingRecord[] | undefined> {
    return new Promise((give, fail) => {
      if (this.#failure !== undefined) return fail(this.#failure.error);
      if (this.#ended) return give(undefined);
      this.#taker = { give, fail };
      if (this.#started) return this.#resume?.();
      this.#started = true;
      this.#fill().then(
        () => this.#finish(),
        (error: unknown) => this.#fail(error),
      );
    });
  }

  /** Ends it at once; the records of the batch that is being filled are left out. */
  end(): void {
    this.#ended = true;
    this.#records = [];
    this.#give(undefined);
  }

  /** A source that still owes a record may never give it: it is closed once it does, and not waited for. */
  async close(): Promise<void> {
    this.end();
    const closed = this.source.return?.();
    if (this.#owed) closed?.catch(() => undefined);
    else await closed;
  }

  async #fill(): Promise<void> {
    for (;;) {
      if (!this.#mayGoOn && !(await this.#isAsked())) return;
      this.#owed = true;
      const { done, value } = await this.source.next();
      this.#owed = false;
      if (done) return;
      for (const record of value) {
        if (!this.#mayGoOn && !(await this.#isAsked())) return;
        const size = recordSize(record);
        if (!this.options.accept(record, size)) continue;
        if (this.#records.length > 0 && this.#bytes + size > this.options.limits.bytes) {
          this.#handOver();
          if (!(await this.#isAsked())) return;
        }
        this.#add(record, size);
      }
    }
  }

  #add(record: OutgoingRecord, size: number): void {
    if (this.#records.length === 0) this.#linger();
    this.#records.push(record);
    this.#bytes += size;
    if (this.#records.length >= this.options.limits.records) this.#handOver();
  }

  #linger(): void {
    const lingering = new AbortController();
    this.#lingering = lingering;
    void this.options.linger(lingering.signal).then(() => {
      if (!lingering.signal.aborted) this.#handOver();
    });
  }

  #handOver(): void {
    const records = this.#records;
    this.#records = [];
    this.#bytes = 0;
    this.#give(records);
  }

  #give(batch: OutgoingRecord[] | undefined): void {
    this.#lingering?.abort(GIVEN);
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.give(batch);
    if (this.#ended) this.#resume?.();
  }

  /** Without a promise, where there is nothing to wait for. */
  get #mayGoOn(): boolean {
    return this.#taker !== undefined && !this.#ended;
  }

  /** Rests until a batch is asked for. @returns false where it has ended. */
  async #isAsked(): Promise<boolean> {
    if (this.#taker === undefined && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve;
      });
      this.#resume = undefined;
    }
    return !this.#ended;
  }

  #finish(): void {
    if (this.#records.length > 0) this.#handOver();
    this.end();
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#lingering?.abort(GIVEN);
    this.#taker?.fail(error);
  }
}
