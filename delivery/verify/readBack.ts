import type { Clock } from "../common/clock";
import type { ShardReport } from "../common/findings";
import { LatencyRecorder } from "../common/histogram";
import { GRACE_MS } from "../common/limits";
import type { RunKey } from "../common/runId";
import type { Timeline } from "../common/timeline";
import { unique } from "../common/values";
import type { ShardRecords } from "../kinesis/shardReader";
import type { StreamReader } from "../kinesis/streamReader";
import { type Progress, waitWhileProgressing } from "../sending/deployment";
import type { Ledger } from "./ledger";

export interface ReadBackOptions {
  /** Creates a reader of the stream from the run's start. */
  newReader: (onRecords: (batch: ShardRecords) => void) => StreamReader;
  clock: Clock;
  ledger: Ledger;
  collector: Collector;
  /** Time after the last attempt in which an event may still appear, in ms. */
  settleMs: number;
  /** Time to wait for a further event before reading times out, in ms. */
  timeoutMs: number;
  signal: AbortSignal;
  onProgress: (progress?: Pick<Progress, "phase" | "step">) => void;
}

/** Reads a run's events back: everything the stream takes while they are sent, and again if some are missing. */
export class ReadBack {
  /** Reader that is started before events are sent. */
  readonly reader: StreamReader;
  /** Number of records by shard, each once. */
  readonly #records = { first: new Map<string, number>(), second: new Map<string, number>() };
  /**
   * Shards that had not been read to a time after the last attempt when reading timed out. Undefined without a timeout.
   */
  unreadShardIds: string[] | undefined;

  constructor(private readonly options: ReadBackOptions) {
    this.reader = this.#reader("first", (batch) => options.collector.take(batch));
  }

  /**
   * Waits for all events that were sent.
   *
   * @returns Whether the stream was read to its end, and twice if events were missing.
   * @throws StreamUnreadable
   */
  async finish(): Promise<boolean> {
    const { clock, ledger, settleMs, timeoutMs, signal, onProgress } = this.options;
    const sentAt = clock.now();
    onProgress({ phase: "reading", step: "reading events back" });
    const { reader } = this;
    const allRead = () => ledger.outstanding === 0 && reader.hasReadUpTo(sentAt);
    const isSettled = () => allRead() || reader.hasReadUpTo(sentAt + settleMs);
    const isAwaiting = () => ledger.outstanding > 0 && settleMs < timeoutMs;
    const unread = () =>
      isAwaiting()
        ? reader.unreadShardIds(sentAt + settleMs, this.#acknowledgedIn)
        : reader.unreadShardIds(sentAt);
    const isComplete = await this.#readAll(reader, isSettled, unread);
    if (signal.aborted) return reader.waitFor(allRead, clock.now() + GRACE_MS);
    if (!isComplete || ledger.outstanding === 0) return isComplete;
    // Two concurrent readers would use twice their share of the stream, and count one record as two.
    await reader.stop();
    return this.#lookAgain();
  }

  /**
   * Reads the stream from the start again, for the events that the first reading did not find.
   *
   * @throws StreamUnreadable also for a shard that acknowledged events and can't be read, if events are missing.
   */
  async #lookAgain(): Promise<boolean> {
    const { clock, ledger, collector, onProgress } = this.options;
    onProgress({ phase: "looking again", step: "looking again for what is missing" });
    const since = clock.now();
    const reader = this.#reader("second", (batch) => collector.takeMissing(batch));
    try {
      void reader.start();
      const shorter = () => this.#shorterShardIds(reader);
      const unread = () => unique([...reader.unreadShardIds(since, this.#acknowledgedIn), ...shorter()]);
      const isDone = () => ledger.outstanding === 0 || (reader.hasReadUpTo(since) && shorter().length === 0);
      const isComplete = await this.#readAll(reader, isDone, unread);
      if (isComplete && ledger.outstanding > 0 && reader.unreadable !== undefined) throw reader.unreadable;
      return isComplete;
    } finally {
      await reader.stop();
    }
  }

  /** Reads the listed shards and, if events are missing, those that only acknowledgements name. */
  async #readAll(reader: StreamReader, condition: () => boolean, unread: () => string[]): Promise<boolean> {
    const { ledger } = this.options;
    if (!(await this.#waitFor(reader, condition, unread))) return false;
    if (ledger.outstanding === 0 || !reader.readAlso(this.#acknowledgedIn)) return true;
    return this.#waitFor(reader, condition, unread);
  }

  /**
   * Waits until the condition holds. It times out only if no further event appeared for `timeoutMs`.
   *
   * @param unread Returns the shards that were not read far enough.
   */
  async #waitFor(reader: StreamReader, condition: () => boolean, unread: () => string[]): Promise<boolean> {
    const { ledger, signal, timeoutMs } = this.options;
    const seen = () => ledger.seen;
    const isDone = await waitWhileProgressing(reader, condition, seen, timeoutMs, this.options);
    if (!isDone && !signal.aborted) this.unreadShardIds = unread();
    return isDone;
  }

  get #acknowledgedIn(): Iterable<string> {
    return this.options.ledger.acknowledgedByShard.keys();
  }

  /** Returns shards of which the second reading gave fewer records than the first: they go on, whatever the service says. */
  #shorterShardIds(reader: StreamReader): string[] {
    const { first, second } = this.#records;
    return reader.shardIds.filter((shardId) => (second.get(shardId) ?? 0) < (first.get(shardId) ?? 0));
  }

  #reader(reading: "first" | "second", onRecords: (batch: ShardRecords) => void): StreamReader {
    return this.options.newReader((batch) => {
      onRecords(batch);
      const { shardId, records, repeated } = batch;
      const before = this.#records[reading].get(shardId) ?? 0;
      this.#records[reading].set(shardId, before + records.length - (repeated?.size ?? 0));
      this.options.onProgress();
    });
  }
}

/** Enters the records that are read from the stream into the ledger, and counts foreign records. */
export class Collector {
  readonly latency = new LatencyRecorder();
  /** Number of records that do not belong to the run, in shards that belong to this part of it. */
  recordsForeign = 0;
  /** Number of records of the run's other parts. */
  recordsOfOtherParts = 0;
  readonly #recordsByShard = new Map<string, number>();
  readonly #foundAgain = new Set<number>();

  constructor(
    private readonly ledger: Ledger,
    private readonly key: RunKey,
    private readonly timeline: Timeline,
  ) {}

  /** Takes records of the first reading. A repeated record is entered only if it adds something. */
  take(batch: ShardRecords): void {
    const isCounted = (index: number, bytes: Uint8Array, isRepeated: boolean) =>
      !isRepeated || this.ledger.isNews(index, bytes);
    const { foreign, ofOtherParts } = this.#take(batch, isCounted);
    this.recordsForeign += foreign;
    this.recordsOfOtherParts += ofOtherParts;
  }

  /**
   * Takes records of the second reading: those of events that the first reading missed, and what contradicts it. Foreign
   * records are counted only once.
   */
  takeMissing(batch: ShardRecords): void {
    this.#take(batch, (index, bytes, isRepeated) => {
      if (!isRepeated && !this.ledger.hasSeen(index)) this.#foundAgain.add(index);
      return (!isRepeated && this.#foundAgain.has(index)) || this.ledger.isNews(index, bytes);
    });
  }

  /**
   * Returns the shards that were read, including those without events, and any other shard that acknowledged events.
   */
  shards(readShardIds: string[]): ShardReport[] {
    const acknowledged = this.ledger.acknowledgedByShard;
    const shardIds = [...new Set([...readShardIds, ...acknowledged.keys()])].sort();
    return shardIds.map((shardId) => ({
      shardId,
      eventsAcknowledged: acknowledged.get(shardId) ?? 0,
      recordsRead: this.#recordsByShard.get(shardId) ?? 0,
    }));
  }

  /** Returns the numbers of records that do not belong to the run. */
  #take(
    { shardId, records, repeated, receivedAt, isOfOtherPart = false }: ShardRecords,
    isCounted: (index: number, bytes: Uint8Array, isRepeated: boolean) => boolean,
  ): { foreign: number; ofOtherParts: number } {
    const counts = { own: 0, foreign: 0, ofOtherParts: 0 };
    for (const record of records) {
      const { PartitionKey, Data = new Uint8Array() } = record;
      const index = this.key.indexOf(PartitionKey);
      const isRepeated = repeated?.has(record) ?? false;
      if (index === undefined || !this.ledger.canHold(index)) {
        if (isRepeated) continue;
        if (this.key.isOfOtherPart(PartitionKey)) counts.ofOtherParts += 1;
        else if (!isOfOtherPart) counts.foreign += 1;
      } else if (isCounted(index, Data, isRepeated)) {
        counts.own += 1;
        this.#enter(index, Data, receivedAt);
      }
    }
    this.#recordsByShard.set(shardId, (this.#recordsByShard.get(shardId) ?? 0) + counts.own);
    return counts;
  }

  #enter(index: number, bytes: Uint8Array, receivedAt: number): void {
    const latencyMs = this.ledger.onRead(index, bytes, receivedAt);
    // Latency is measured only for the first copy of an event.
    if (latencyMs === undefined) return;
    this.latency.record(latencyMs);
    this.timeline.count("read", receivedAt);
  }
}
