import type { Clock } from "../common/clock";
import { type OutgoingRecord, type RecordSource, recordSize } from "./outcome";

export interface BatchLimits {
  records: number;
  bytes: number;
}

/** Source: AWS, Kinesis API Reference, PutRecords: 500 records and 10 MiB, partition keys included. */
export const BATCH_LIMITS: BatchLimits = { records: 500, bytes: 10 * 1024 * 1024 };

export interface BatchOptions {
  limits: BatchLimits;
  /** How long a batch waits for more records after its first one, in ms. */
  lingerMs: number;
  clock: Clock;
  /** Ends the batches at once, even while the source is silent. Records of an incomplete batch are dropped. */
  signal: AbortSignal;
  /** Decides whether a record goes into a batch, by its size in bytes. Default: every record does. */
  accept?: (record: OutgoingRecord, size: number) => boolean;
}

/**
 * Yields the source's records in batches: full ones while the source is fast, and after `lingerMs` whatever has arrived.
 * The source is read only while a batch is requested.
 *
 * @param source Records that each fit into an empty batch.
 * @throws Whatever the source throws.
 */
export async function* batches(
  source: RecordSource,
  options: BatchOptions,
): AsyncGenerator<OutgoingRecord[]> {
  const { signal, accept = () => true } = options;
  if (signal.aborted) return;
  const iterator = source[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<readonly OutgoingRecord[]>> | undefined;
  let batch = new OpenBatch(options);
  const next = () => {
    const { records } = batch.close();
    batch = new OpenBatch(options);
    return records;
  };
  try {
    while (!signal.aborted) {
      pending ??= iterator.next();
      const step = await Promise.race([pending, batch.due]);
      if (signal.aborted) return;
      if (step === undefined) {
        // The consumer may keep the batch for long, and the source may fail meanwhile: the next step throws it.
        pending.catch(() => undefined);
        yield next();
        continue;
      }
      pending = undefined;
      if (step.done) break;
      for (const record of step.value) {
        const size = recordSize(record);
        if (!accept(record, size)) continue;
        if (!batch.hasRoomFor(size)) yield next();
        if (signal.aborted) return;
        batch.add(record, size);
        if (batch.isFull) yield next();
        if (signal.aborted) return;
      }
    }
    if (batch.records.length > 0) yield next();
  } finally {
    batch.close();
    const closed = iterator.return?.();
    // A silent source may never return: it is closed, but not waited for.
    if (pending === undefined) await closed;
    else for (const open of [pending, closed]) open?.catch(() => undefined);
  }
}

/** Why a batch no longer waits. Without a reason, every abort creates an error with a stack. */
const CLOSED = "the batch is closed";

/** One batch while it fills. */
class OpenBatch {
  readonly records: OutgoingRecord[] = [];
  /** Resolves when the batch has waited for `lingerMs` since its first record, or at the signal. */
  readonly due: Promise<undefined>;
  #bytes = 0;
  #setDue = () => {};
  readonly #closed = new AbortController();

  constructor(private readonly options: BatchOptions) {
    this.due = new Promise((resolve) => {
      this.#setDue = () => resolve(undefined);
    });
    options.signal.addEventListener("abort", this.#setDue, { signal: this.#closed.signal });
  }

  hasRoomFor(size: number): boolean {
    return this.records.length === 0 || this.#bytes + size <= this.options.limits.bytes;
  }

  get isFull(): boolean {
    return this.records.length >= this.options.limits.records;
  }

  add(record: OutgoingRecord, size: number): void {
    const { clock, lingerMs } = this.options;
    if (this.records.length === 0) void clock.sleep(lingerMs, this.#closed.signal).then(this.#setDue);
    this.records.push(record);
    this.#bytes += size;
  }

  close(): this {
    this.#closed.abort(CLOSED);
    return this;
  }
}
