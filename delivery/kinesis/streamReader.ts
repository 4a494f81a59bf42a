import type { Clock } from "../common/clock";
import { withRetries } from "./retry";
import { type ListedShard, listedShard, ShardReader, type ShardRecords } from "./shardReader";
import type { Position, StreamApi } from "./streamApi";

export interface StreamReaderOptions {
  api: StreamApi;
  /** Records that arrived from then on, by the service's clock. */
  from: Date;
  clock: Clock;
  random: () => number;
  /** Most that the service's clock can be ahead of this machine's, in ms. Default 0. */
  clockOffsetMs?: number;
  onRecords: (records: ShardRecords) => unknown;
  /** Interval between two GetRecords of a shard, in ms. The service allows five per second for all consumers. Default 500. */
  pollMs?: number;
  /** Highest rate at which a shard is read, in bytes per second. Default: half of its capacity, 1 MiB/s. */
  bytesPerSecond?: number;
}

/** A shard could not be read, and trying again didn't help; `cause` is what the service answered. */
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
  /** Time before which all arrived records were read, in milliseconds since 1970. Undefined before the first response. */
  readUpTo?: number;
  closed: boolean;
  /** Why a shard that is not listed can't be read. It is not waited for. */
  problem?: { cause: unknown };
}

function isRead({ closed, readUpTo = -1, problem }: ShardProgress, time: number): boolean {
  return closed || readUpTo > time || problem !== undefined;
}

type KnownShard = Pick<ListedShard, "shardId" | "isClosed">;
type FollowedShard = KnownShard & { from: Position };

/** A child can't have ended before its parent did, so the filter that let the parent through lets it through too. */
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
 * Reads all shards of a stream at once, and those that take their place when it is resharded: a child is read once a
 * parent of it has been read to its end.
 */
export class StreamReader {
  readonly #shards = new Map<string, ShardProgress>();
  readonly #running = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  readonly #failing = new AbortController();
  readonly #changes: ChangeSignal;
  #failure: StreamUnreadable | undefined;
  #started = false;
  /** Aborted once a shard, or the list of them, can't be read, with the StreamUnreadable as its reason; `stop` does not abort it. */
  readonly failed: AbortSignal = this.#failing.signal;

  constructor(private readonly options: StreamReaderOptions) {
    this.#changes = new ChangeSignal(options.clock);
  }

  /**
   * Lists the shards and begins to read them. Ends once that is done, has failed, or is stopped, and need not be waited for:
   * nothing counts as read meanwhile, and a failure shows in `waitFor` and `failed`.
   */
  start(): Promise<void> {
    return this.#track(this.#begin());
  }

  /** The shards that were found, also after `stop`. */
  get shardIds(): string[] {
    return [...this.#shards.keys()];
  }

  /** Every shard has answered at least once. */
  get hasReadAll(): boolean {
    return this.#started && this.silentShardIds.length === 0;
  }

  /** The shards, of those that were found, that have not answered yet. */
  get silentShardIds(): string[] {
    return [...this.#shards].flatMap(([shardId, { closed, readUpTo }]) =>
      closed || readUpTo !== undefined ? [] : [shardId],
    );
  }

  /** Everything that had arrived in the stream by `time` (ms since 1970, of this machine) was read. */
  hasReadUpTo(time: number): boolean {
    return this.#started && [...this.#shards.values()].every((shard) => isRead(shard, time));
  }

  /** The shards, of those that were found, of which that does not hold. */
  unreadShardIds(time: number): string[] {
    return [...this.#shards].filter(([, shard]) => !isRead(shard, time)).map(([shardId]) => shardId);
  }

  /**
   * Reads shards that were not listed too, such as those that only acknowledgements name.
   *
   * @returns whether there are any.
   */
  readAlso(shardIds: Iterable<string>): boolean {
    const unlisted = [...shardIds].filter((shardId) => !this.#shards.has(shardId));
    for (const shardId of unlisted) {
      const progress = this.#enter(shardId);
      const reading = this.#read({ shardId, isClosed: false, from: this.#start }, progress);
      void this.#track(
        reading.catch((cause: unknown) => {
          progress.problem = { cause };
          this.#changes.notify();
        }),
      );
    }
    return unlisted.length > 0;
  }

  /** The shards of `readAlso` that can't be read, in one error; undefined if there are none. */
  get unreadable(): StreamUnreadable | undefined {
    const shards = [...this.#shards].filter(([, { problem }]) => problem !== undefined);
    const problem = shards[0]?.[1].problem;
    return problem && new StreamUnreadable(problem, shards.map(([shardId]) => shardId).join(", "));
  }

  /**
   * Resolves once the condition holds; it is looked at whenever something was read.
   *
   * @returns false where `deadline` or the signal came first.
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

  /** Ends all reading, and cancels the requests under way, those of `start` too. It may be called at any time, and again. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
  }

  async #begin(): Promise<void> {
    const shards = await this.#list();
    if (this.#abort.signal.aborted) return;
    for (const shard of shards) this.#follow({ ...shard, from: this.#start });
    // Without a shard everything would count as read, and nothing would have been.
    if (this.#shards.size === 0) throw new Error("ListShards gave no shard");
    this.#started = true;
    this.#changes.notify();
  }

  /** @returns nothing after `stop`. */
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
    void this.#track(this.#read(shard, this.#enter(shard.shardId)), shard.shardId);
  }

  #enter(shardId: string): ShardProgress {
    const progress = { closed: false };
    this.#shards.set(shardId, progress);
    return progress;
  }

  /** Never rejects: a failure of the work is the reader's. */
  #track(work: Promise<void>, shardId?: string): Promise<void> {
    const tracked = work
      .catch((error: unknown) => this.#fail(error, shardId))
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
    return tracked;
  }

  async #read(shard: FollowedShard, progress: ShardProgress): Promise<void> {
    const { api, clock, random, pollMs = DEFAULT_POLL_MS, clockOffsetMs = 0, onRecords } = this.options;
    const { bytesPerSecond = HALF_OF_A_SHARD } = this.options;
    const reader = new ShardReader({
      ...shard,
      api,
      clock,
      random,
      pollMs,
      bytesPerSecond,
      clockOffsetMs,
      signal: this.#abort.signal,
      onRecords: async (records) => {
        await onRecords(records);
        this.#changes.notify();
      },
      onReadUpTo: (time) => {
        progress.readUpTo = time;
        this.#changes.notify();
      },
    });
    const children = await this.#readToEnd(shard.shardId, reader);
    for (const child of children ?? []) this.#follow({ ...child, from: { type: "TRIM_HORIZON" } });
    // After the signal its children are not followed, so that it can't stand for them.
    if (children !== undefined && !this.#abort.signal.aborted) progress.closed = true;
    this.#changes.notify();
  }

  /**
   * An answer without a way on says that the shard is closed and read. One that the list of shards doesn't bear out is
   * taken for a damaged one, or for ahead of the list: the shard is read on.
   *
   * @returns what took the shard's place; undefined after the signal.
   */
  async #readToEnd(shardId: string, reader: ShardReader): Promise<KnownShard[] | undefined> {
    const { clock, pollMs = DEFAULT_POLL_MS } = this.options;
    for (;;) {
      const closed = await reader.run();
      if (closed === undefined) return undefined;
      if (closed.children.length > 0)
        return closed.children.map(({ shardId }) => ({ shardId, isClosed: false }));
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

  /** Wakes everyone who waits. */
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
