import type { Clock } from "../common/clock";
import { GRACE_MS } from "../common/limits";
import type { ShardRecords } from "../kinesis/shardReader";
import type { StreamApi } from "../kinesis/streamApi";
import { StreamReader } from "../kinesis/streamReader";
import type { Progress } from "../sending/options";
import type { Collector } from "./collector";
import type { Ledger } from "./ledger";

export interface ReadBackOptions {
  api: StreamApi;
  /** By the service's clock. */
  from: Date;
  /** How far the service's clock is ahead of this machine's at the most, in ms. */
  clockOffsetMs: number;
  /** Between two readings of a shard, in ms, and the most that is read of it; undefined for the reader's defaults. */
  pollMs: number | undefined;
  bytesPerSecond: number | undefined;
  clock: Clock;
  random: () => number;
  ledger: Ledger;
  collector: Collector;
  /** How long after the last attempt an event may still turn up. */
  settleMs: number;
  /** How long to wait without a further event turning up. */
  timeoutMs: number;
  signal: AbortSignal;
  onProgress: (progress?: Pick<Progress, "phase" | "step">) => void;
}

/** Reads a run's events back: all that the stream takes while they are sent, and once more where some are missing. */
export class ReadBack {
  readonly #options: ReadBackOptions;
  readonly #first: StreamReader;
  /** Where time ran out: the shards that had not been read to a time after the last attempt. */
  unreadShardIds: string[] | undefined;

  constructor(options: ReadBackOptions) {
    this.#options = options;
    this.#first = this.#reader((batch) => options.collector.take(batch));
  }

  /** Aborted once the stream can't be read. */
  get failed(): AbortSignal {
    return this.#first.failed;
  }

  get shardIds(): string[] {
    return this.#first.shardIds;
  }

  /** The shards that have not answered yet. */
  get silentShardIds(): string[] {
    return this.#first.silentShardIds;
  }

  /**
   * @returns whether every shard has answered.
   * @throws StreamUnreadable
   */
  async start(): Promise<boolean> {
    void this.#first.start();
    return this.#first.waitFor(() => this.#first.hasReadAll, this.#deadline(), this.#options.signal);
  }

  /**
   * Waits for all that was sent.
   *
   * @returns whether the stream was read to its end, and twice where events were missing.
   * @throws StreamUnreadable
   */
  async finish(): Promise<boolean> {
    const { clock, ledger, settleMs, timeoutMs, signal, onProgress } = this.#options;
    const sentAt = clock.now();
    onProgress({ phase: "reading", step: "reading events back" });
    const reader = this.#first;
    const allRead = () => ledger.outstanding === 0 && reader.hasReadUpTo(sentAt);
    const isSettled = () => allRead() || reader.hasReadUpTo(sentAt + settleMs);
    const isAwaiting = () => ledger.outstanding > 0 && settleMs < timeoutMs;
    const wantedUpTo = () => (isAwaiting() ? sentAt + settleMs : sentAt);
    const isComplete = await this.#patiently(reader, isSettled, wantedUpTo);
    if (signal.aborted) return reader.waitFor(allRead, clock.now() + GRACE_MS);
    if (!isComplete || ledger.outstanding === 0) return isComplete;
    // Two readers at once would take twice their share of the stream, and count one record as two.
    await reader.stop();
    return this.#lookAgain();
  }

  async stop(): Promise<void> {
    await this.#first.stop();
  }

  /** A second reading from the start, for what the first one did not find. */
  async #lookAgain(): Promise<boolean> {
    const { clock, ledger, collector, onProgress } = this.#options;
    onProgress({ phase: "looking again", step: "looking again for what is missing" });
    const since = clock.now();
    const reader = this.#reader((batch) => collector.takeMissing(batch));
    try {
      void reader.start();
      const isDone = () => ledger.outstanding === 0 || reader.hasReadUpTo(since);
      return await this.#patiently(reader, isDone, () => since);
    } finally {
      await reader.stop();
    }
  }

  /**
   * Time is up only where nothing has turned up for that long: a long run takes long to read.
   *
   * @param wantedUpTo everything that had arrived by then is to be read, in ms since 1970.
   */
  async #patiently(
    reader: StreamReader,
    condition: () => boolean,
    wantedUpTo: () => number,
  ): Promise<boolean> {
    const { ledger, signal } = this.#options;
    for (;;) {
      const seen = ledger.seen;
      if (await reader.waitFor(condition, this.#deadline(), signal)) return true;
      if (signal.aborted) return false;
      if (ledger.seen > seen) continue;
      this.unreadShardIds = reader.unreadShardIds(wantedUpTo());
      return false;
    }
  }

  #reader(onRecords: (batch: ShardRecords) => void): StreamReader {
    const { api, from, clockOffsetMs, clock, random, pollMs, bytesPerSecond, onProgress } = this.#options;
    return new StreamReader({
      api,
      from,
      clockOffsetMs,
      clock,
      random,
      onRecords: (batch) => {
        onRecords(batch);
        onProgress();
      },
      ...(pollMs === undefined ? {} : { pollMs }),
      ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    });
  }

  #deadline(): number {
    return this.#options.clock.now() + this.#options.timeoutMs;
  }
}
