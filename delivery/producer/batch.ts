import type { Clock } from "../clock";
import { type OutgoingRecord, recordSize } from "./record";

/** Source: AWS, Kinesis API Reference, PutRecords: 500 records and 10 MiB, partition keys included. */
export const BATCH_LIMITS: BatchLimits = { records: 500, bytes: 10 * 1024 * 1024 };

export interface BatchLimits {
  records: number;
  bytes: number;
}

/** A batch that is being filled. */
class Batch {
  #records: OutgoingRecord[] = [];
  #bytes = 0;

  constructor(private readonly limits: BatchLimits) {}

  get isEmpty(): boolean {
    return this.#records.length === 0;
  }

  get isFull(): boolean {
    return this.#records.length >= this.limits.records;
  }

  fits(record: OutgoingRecord): boolean {
    return !this.isFull && this.#bytes + recordSize(record) <= this.limits.bytes;
  }

  add(record: OutgoingRecord): void {
    this.#records.push(record);
    this.#bytes += recordSize(record);
  }

  take(): OutgoingRecord[] {
    const records = this.#records;
    this.#records = [];
    this.#bytes = 0;
    return records;
  }
}

const LINGERED = Symbol("lingered");
const ENDED = Symbol("ended");

/**
 * Batches of what the source gives: full ones while it is quick, and what there is after `lingerMs` while it is slow.
 * It asks the source for the next record only when a batch is asked of it.
 *
 * @param source of records that each fit into an empty batch.
 * @param signal ends it at once, even while the source is silent: what no batch was made of yet is left out.
 */
export async function* batches(
  source: AsyncIterable<OutgoingRecord>,
  limits: BatchLimits,
  lingerMs: number,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<OutgoingRecord[]> {
  const iterator = source[Symbol.asyncIterator]();
  const batch = new Batch(limits);
  let wait = new Wait(clock, signal);
  let next: Promise<IteratorResult<OutgoingRecord>> | undefined;
  try {
    while (!signal.aborted) {
      next ??= iterator.next();
      const result = await Promise.race([next, wait.over]);
      if (result === ENDED) return;
      if (result !== LINGERED) {
        next = undefined;
        if (result.done) break;
        if (!batch.isEmpty && !batch.fits(result.value)) {
          yield batch.take();
          wait = wait.restart();
        }
        if (batch.isEmpty) wait.linger(lingerMs);
        batch.add(result.value);
        if (!batch.isFull) continue;
      }
      yield batch.take();
      wait = wait.restart();
    }
    if (!batch.isEmpty && !signal.aborted) yield batch.take();
  } finally {
    wait.stop();
    await close(iterator, next);
  }
}

/** A source that still owes a record may never give it: it is closed once it does, and not waited for. */
async function close(
  iterator: AsyncIterator<OutgoingRecord>,
  owed: Promise<unknown> | undefined,
): Promise<void> {
  const closed = iterator.return?.();
  if (owed === undefined) {
    await closed;
    return;
  }
  owed.catch(() => undefined);
  closed?.catch(() => undefined);
}

/** What can come before the next record: the end of the batch's time, or the signal. One a batch: races with it add up. */
class Wait {
  readonly over: Promise<typeof LINGERED | typeof ENDED>;
  readonly #stop = new AbortController();
  #end: (reason: typeof LINGERED | typeof ENDED) => void = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    signal.addEventListener("abort", () => this.#end(ENDED), { signal: this.#stop.signal });
  }

  linger(ms: number): void {
    void this.clock.sleep(ms, this.#stop.signal).then(() => this.#end(LINGERED));
  }

  stop(): void {
    this.#stop.abort();
  }

  restart(): Wait {
    this.stop();
    return new Wait(this.clock, this.signal);
  }
}
