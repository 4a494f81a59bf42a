import type { Clock } from "../common/clock";
import type { ShardReport } from "../common/findings";
import { LatencyRecorder } from "../common/histogram";
import { GRACE_MS } from "../common/limits";
import type { RunKey } from "../common/runId";
import type { Timeline } from "../common/timeline";
import type { ShardRecords } from "../kinesis/shardReader";
import type { StreamApi } from "../kinesis/streamApi";
import { StreamReader } from "../kinesis/streamReader";
import type { Progress } from "../sending/options";
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

/** Enters what is read from the stream into the ledger, and counts what is not of this run. */
export class Collector {
  readonly #recordsByShard = new Map<string, number>();
  readonly #latency = new LatencyRecorder();
  readonly #foundAgain = new Set<number>();
  #recordsForeign = 0;

  constructor(
    private readonly ledger: Ledger,
    private readonly key: RunKey,
    private readonly timeline: Timeline,
  ) {}

  get recordsForeign(): number {
    return this.#recordsForeign;
  }

  get latency(): LatencyRecorder {
    return this.#latency;
  }

  /** Takes records of the first reading. */
  take({ shardId, records, receivedAt }: ShardRecords): void {
    let own = 0;
    for (const { PartitionKey, Data = new Uint8Array() } of records) {
      const index = this.#indexOf(PartitionKey);
      if (index === undefined) {
        this.#recordsForeign += 1;
        continue;
      }
      own += 1;
      this.#enter(index, Data, receivedAt);
    }
    this.#count(shardId, own);
  }

  /** Takes records of the second reading, of which only those of events that the first one missed are news. */
  takeMissing({ shardId, records, receivedAt }: ShardRecords): void {
    let own = 0;
    for (const { PartitionKey, Data = new Uint8Array() } of records) {
      const index = this.#indexOf(PartitionKey);
      if (index === undefined) continue;
      if (!this.ledger.hasSeen(index)) this.#foundAgain.add(index);
      if (!this.#foundAgain.has(index)) continue;
      own += 1;
      this.#enter(index, Data, receivedAt);
    }
    this.#count(shardId, own);
  }

  /** The shards that were read, those without events too, and any other that events were acknowledged to be in. */
  shards(readShardIds: string[]): ShardReport[] {
    const acknowledged = this.ledger.acknowledgedByShard;
    const shardIds = [...new Set([...readShardIds, ...acknowledged.keys()])].sort();
    return shardIds.map((shardId) => ({
      shardId,
      eventsAcknowledged: acknowledged.get(shardId) ?? 0,
      recordsRead: this.#recordsByShard.get(shardId) ?? 0,
    }));
  }

  #enter(index: number, bytes: Uint8Array, receivedAt: number): void {
    const latencyMs = this.ledger.onRead(index, bytes, receivedAt);
    // Of its first copy alone.
    if (latencyMs === undefined) return;
    this.#latency.record(latencyMs);
    this.timeline.count("read", receivedAt);
  }

  #count(shardId: string, own: number): void {
    this.#recordsByShard.set(shardId, (this.#recordsByShard.get(shardId) ?? 0) + own);
  }

  #indexOf(partitionKey: string | undefined): number | undefined {
    const index = this.key.indexOf(partitionKey);
    return index !== undefined && index < this.ledger.size ? index : undefined;
  }
}
