import type { Clock, EpochMs } from "../common/clock";
import type { PartOfStream } from "./partOfStream";
import { withRetries } from "./retry";
import { type ListedShard, listedShard, ShardReader, type ShardReaderOptions } from "./shardReader";
import type { Position } from "./streamApi";

export interface StreamReaderOptions
  extends Pick<ShardReaderOptions, "api" | "clock" | "random" | "onRecords"> {
  /** Instant from which records are read, by the service's clock. */
  from: Date;
  /** Upper bound of the lead of the service's clock over this machine's, in ms. Default 0. */
  clockOffsetMs?: number | undefined;
  /** Interval between two GetRecords of a shard, in ms. The service allows five per second for all consumers. Default 500. */
  pollMs?: number | undefined;
  /** Highest rate at which a shard is read, in bytes per second. Default: half of its capacity, 1 MiB/s. */
  bytesPerSecond?: number | undefined;
  /** Part of the stream to read. Default: all of it. */
  part?: PartOfStream | undefined;
}

/** A shard can't be read, despite retries. `cause` is the error of the last attempt. */
export class StreamUnreadable extends Error {
  override readonly name = "StreamUnreadable";

  constructor(
    options: { cause: unknown },
    /** Absent if the list of shards can't be read. */
    readonly shardId?: string,
  ) {
    super(`${shardId ?? "the list of shards"} can't be read`, options);
  }
}

/** A shard and how far it was read. */
interface ShardProgress {
  /** Instant before which all arrived records were read. Undefined before the first response. */
  readUpTo?: EpochMs;
  closed: boolean;
  /** Error of an unlisted shard that can't be read. Nothing waits for such a shard. */
  problem?: { cause: unknown };
}

function isRead({ closed, readUpTo = -1 }: ShardProgress, time: number): boolean {
  return closed || readUpTo > time;
}

type KnownShard = Omit<ListedShard, "parentShardIds">;
type FollowedShard = KnownShard & { from: Position };

/** A child ends after its parent, so the filter that includes the parent includes its children. */
function childrenOf(shardId: string, listed: ListedShard[]): ListedShard[] {
  return listed.filter(({ parentShardIds }) => parentShardIds.includes(shardId));
}

const DEFAULT_POLL_MS = 500;
/**
 * Half of the 2 MiB/s that a shard returns and that the customer's consumers share.
 * Source: AWS, "Quotas and limits" (Kinesis Developer Guide).
 */
const HALF_OF_A_SHARD = 1024 * 1024;

/**
 * Reads all shards of a stream, or of a part of it, concurrently, also those that resharding creates: a child is read once
 * one of its parents has been read to its end.
 */
export class StreamReader {
  readonly #shards = new Map<string, ShardProgress>();
  readonly #running = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  readonly #failing = new AbortController();
  readonly #changes: ChangeSignal;
  #failure: StreamUnreadable | undefined;
  #started = false;
  /** Aborts with the StreamUnreadable once a shard, or the list of shards, can't be read. `stop` doesn't abort it. */
  readonly failed: AbortSignal = this.#failing.signal;

  constructor(private readonly options: StreamReaderOptions) {
    this.#changes = new ChangeSignal(options.clock);
  }

  /**
   * Lists the shards and starts to read them. The promise need not be awaited: a failure shows in `waitFor` and `failed`.
   */
  start(): Promise<void> {
    return this.#track(this.#begin());
  }

  /** Ids of all known shards, also after `stop`. */
  get shardIds(): string[] {
    return [...this.#shards.keys()];
  }

  /** Whether every shard has responded at least once. */
  get hasReadAll(): boolean {
    return this.#started && this.silentShardIds.length === 0;
  }

  /** Ids of the known shards that have not responded yet. */
  get silentShardIds(): string[] {
    return [...this.#shards].flatMap(([shardId, { closed, readUpTo }]) =>
      closed || readUpTo !== undefined ? [] : [shardId],
    );
  }

  /**
   * Returns whether everything that arrived by `time`, on this machine's clock, was read, apart from the shards of
   * `unreadable`.
   */
  hasReadUpTo(time: EpochMs): boolean {
    return this.#started && [...this.#shards.values()].every((shard) => shard.problem || isRead(shard, time));
  }

  /**
   * Returns the ids of the shards that were not read up to `time`.
   *
   * @param unlisted Shards that belong to the stream, listed or not.
   */
  unreadShardIds(time: EpochMs, unlisted: Iterable<string> = []): string[] {
    const known = [...this.#shards].filter(([, shard]) => !isRead(shard, time)).map(([shardId]) => shardId);
    return [...known, ...[...unlisted].filter((shardId) => !this.#shards.has(shardId))];
  }

  /**
   * Also reads shards that were not listed, such as those that only acknowledgements name.
   *
   * @returns Whether there are any.
   */
  readAlso(shardIds: Iterable<string>): boolean {
    const unlisted = [...shardIds].filter((shardId) => !this.#shards.has(shardId));
    for (const shardId of unlisted) {
      const progress = this.#enter(shardId);
      const shard = { shardId, isClosed: false, range: undefined, from: this.#start };
      const reading = this.#read(shard, progress);
      void this.#track(
        reading.catch((cause: unknown) => {
          progress.problem = { cause };
          this.#changes.notify();
        }),
      );
    }
    return unlisted.length > 0;
  }

  /** One error for all shards of `readAlso` that can't be read, or undefined if there are none. */
  get unreadable(): StreamUnreadable | undefined {
    const shards = [...this.#shards].filter(([, { problem }]) => problem !== undefined);
    const problem = shards[0]?.[1].problem;
    return problem && new StreamUnreadable(problem, shards.map(([shardId]) => shardId).join(", "));
  }

  /**
   * Resolves once the condition holds, which is tested whenever something was read.
   *
   * @returns False if `deadline` or the signal came first.
   * @throws StreamUnreadable
   */
  async waitFor(condition: () => boolean, deadline: number, signal?: AbortSignal): Promise<boolean> {
    const { clock } = this.options;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (condition()) return true;
      if (signal?.aborted || clock.now() >= deadline) return false;
      await this.#changes.wait(signal, deadline - clock.now());
    }
  }

  /** Ends all reading, and cancels the requests in flight. It may be called at any time, and more than once. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
  }

  async #begin(): Promise<void> {
    const shards = await this.#list();
    if (this.#abort.signal.aborted) return;
    for (const shard of shards) this.#follow({ ...shard, from: this.#start });
    // A stream without shards would count as read.
    if (this.#shards.size === 0) throw new Error("ListShards returned no shard");
    this.#started = true;
    this.#changes.notify();
  }

  /** @returns An empty list after `stop`. */
  async #list(): Promise<ListedShard[]> {
    const { api, from, clock, random } = this.options;
    const { signal } = this.#abort;
    const shards = await withRetries(() => api.listShards(from, signal), { clock, random, signal });
    return (shards ?? []).flatMap(listedShard);
  }

  get #start(): Position {
    return { type: "AT_TIMESTAMP", timestamp: this.options.from };
  }

  #follow(shard: FollowedShard): void {
    if (this.#shards.has(shard.shardId) || this.#abort.signal.aborted) return;
    if (this.options.part?.reads(shard.range) === false) return;
    void this.#track(this.#read(shard, this.#enter(shard.shardId)), shard.shardId);
  }

  #enter(shardId: string): ShardProgress {
    const progress = { closed: false };
    this.#shards.set(shardId, progress);
    return progress;
  }

  /** Never rejects, because a failure of the work fails the reader. */
  #track(work: Promise<void>, shardId?: string): Promise<void> {
    const tracked = work
      .catch((error: unknown) => this.#fail(error, shardId))
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
    return tracked;
  }

  async #read(shard: FollowedShard, progress: ShardProgress): Promise<void> {
    const { part, onRecords, clockOffsetMs = 0 } = this.options;
    const { pollMs = DEFAULT_POLL_MS, bytesPerSecond = HALF_OF_A_SHARD } = this.options;
    const isOfOtherPart = part?.owns(shard.range) === false;
    const reader = new ShardReader({
      ...this.options,
      ...shard,
      pollMs,
      bytesPerSecond,
      clockOffsetMs,
      onRecords: isOfOtherPart ? (batch) => onRecords({ ...batch, isOfOtherPart }) : onRecords,
      signal: this.#abort.signal,
      onReadUpTo: (time) => {
        progress.readUpTo = time;
        this.#changes.notify();
      },
    });
    const children = await this.#readToEnd(shard.shardId, reader);
    for (const child of children ?? []) this.#follow({ ...child, from: { type: "TRIM_HORIZON" } });
    // After the signal its children are not followed, so the shard is not closed on their behalf.
    if (children !== undefined && !this.#abort.signal.aborted) progress.closed = true;
    this.#changes.notify();
  }

  /**
   * Reads a shard until a response without a next iterator says that it is closed. If the list of shards still has it
   * open, the response was damaged or is ahead of the list, so reading continues.
   *
   * @returns The shard's children, or undefined after the signal.
   */
  async #readToEnd(shardId: string, reader: ShardReader): Promise<KnownShard[] | undefined> {
    const { clock, pollMs = DEFAULT_POLL_MS } = this.options;
    for (;;) {
      const closed = await reader.run();
      if (closed === undefined) return undefined;
      if (closed.children.length > 0)
        return closed.children.map(({ shardId, range }) => ({ shardId, range, isClosed: false }));
      const listed = await this.#list();
      const children = childrenOf(shardId, listed);
      const isOpen = listed.some((shard) => shard.shardId === shardId && !shard.isClosed);
      if (children.length > 0 || !isOpen) return children;
      await clock.sleep(pollMs, this.#abort.signal);
    }
  }

  #fail(cause: unknown, shardId?: string): void {
    if (this.#abort.signal.aborted) return;
    this.#failure ??= new StreamUnreadable({ cause }, shardId);
    this.#failing.abort(this.#failure);
    this.#changes.notify();
  }
}

/** Lets several callers wait for the next change. */
export class ChangeSignal {
  readonly #waiting = new Set<() => void>();

  constructor(private readonly clock: Clock) {}

  /** Wakes every waiting caller. */
  notify(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Resolves at the next change, at the signal, or after `timeoutMs`. */
  async wait(signal: AbortSignal | undefined, timeoutMs: number): Promise<void> {
    if (signal?.aborted) return;
    const stop = new AbortController();
    let wake = () => {};
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#waiting.add(wake);
    signal?.addEventListener("abort", wake, { signal: stop.signal });
    await Promise.race([changed, this.clock.sleep(timeoutMs, stop.signal)]);
    this.#waiting.delete(wake);
    stop.abort();
  }
}
