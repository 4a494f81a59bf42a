import type { Clock } from "../clock";
import { ShardReader, type ShardRecords } from "./shardReader";
import type { Position, StreamApi } from "./streamApi";

export interface StreamReaderOptions {
  api: StreamApi;
  /** Records that arrived from then on, by the service's clock. */
  from: Date;
  clock: Clock;
  random: () => number;
  onRecords: (records: ShardRecords) => void;
  /** Between two GetRecords of a shard, in ms; the service allows five a second for all consumers together. Default 500. */
  pollMs?: number;
}

/** A shard could not be read, and trying again didn't help; `cause` is what the service answered. */
export class StreamUnreadable extends Error {
  override readonly name = "StreamUnreadable";
}

/** A shard and how far it was read. */
interface ShardProgress {
  /** Everything that had arrived before then was read, in ms since 1970; undefined before the first answer. */
  readUpTo?: number;
  closed: boolean;
}

const DEFAULT_POLL_MS = 500;

/**
 * Reads all shards of a stream at once, and those that take their place when it is resharded: a child is read once a
 * parent of it has been read to its end.
 */
export class StreamReader {
  readonly #shards = new Map<string, ShardProgress>();
  readonly #running = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  readonly #waiting = new Set<() => void>();
  #failure: StreamUnreadable | undefined;
  #started = false;

  constructor(private readonly options: StreamReaderOptions) {}

  /** Lists the shards and begins to read them. A failure shows in `waitFor`. */
  async start(): Promise<void> {
    const { api, from } = this.options;
    try {
      for (const { ShardId } of await api.listShards(this.#abort.signal)) {
        if (ShardId !== undefined) this.#follow(ShardId, { type: "AT_TIMESTAMP", timestamp: from });
      }
      // Without a shard everything would count as read, and nothing would have been.
      if (this.#shards.size === 0) throw new Error("ListShards gave no shard");
    } catch (error) {
      this.#fail(error);
    }
    this.#started = true;
    this.#wake();
  }

  get shardIds(): string[] {
    return [...this.#shards.keys()];
  }

  /** Every shard has answered at least once. */
  get hasReadAll(): boolean {
    return (
      this.#started &&
      [...this.#shards.values()].every(({ closed, readUpTo }) => closed || readUpTo !== undefined)
    );
  }

  /** Everything that had arrived in the stream by `time` (ms since 1970, of this machine) was read. */
  hasReadUpTo(time: number): boolean {
    return (
      this.#started &&
      [...this.#shards.values()].every(({ closed, readUpTo }) => closed || (readUpTo ?? -1) > time)
    );
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
      await this.#nextChange(deadline - clock.now(), signal);
    }
  }

  /** Ends all reading, and cancels the requests under way. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
  }

  #follow(shardId: string, from: Position): void {
    if (this.#shards.has(shardId) || this.#abort.signal.aborted) return;
    this.#shards.set(shardId, { closed: false });
    const reading = this.#read(shardId, from)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#running.delete(reading));
    this.#running.add(reading);
  }

  async #read(shardId: string, from: Position): Promise<void> {
    const { api, clock, random, pollMs = DEFAULT_POLL_MS, onRecords } = this.options;
    const progress = this.#shards.get(shardId);
    const reader = new ShardReader({
      api,
      shardId,
      from,
      clock,
      random,
      pollMs,
      signal: this.#abort.signal,
      onRecords: (records) => {
        onRecords(records);
        this.#wake();
      },
      onReadUpTo: (time) => {
        if (progress !== undefined) progress.readUpTo = time;
        this.#wake();
      },
    });
    const closed = await reader.run();
    if (closed === undefined) return;
    await this.#followChildren(shardId, closed.childShardIds);
    if (progress !== undefined) progress.closed = true;
    this.#wake();
  }

  /** Children are listed with the parent's last answer; where they are not, the list of shards names their parents. */
  async #followChildren(shardId: string, childShardIds: string[]): Promise<void> {
    const children = childShardIds.length > 0 ? childShardIds : await this.#childrenOf(shardId);
    for (const child of children) this.#follow(child, { type: "TRIM_HORIZON" });
  }

  async #childrenOf(shardId: string): Promise<string[]> {
    const shards = await this.options.api.listShards(this.#abort.signal);
    return shards
      .filter(
        ({ ParentShardId, AdjacentParentShardId }) =>
          ParentShardId === shardId || AdjacentParentShardId === shardId,
      )
      .flatMap(({ ShardId }) => ShardId ?? []);
  }

  #fail(cause: unknown): void {
    if (this.#abort.signal.aborted) return;
    this.#failure ??= new StreamUnreadable("a shard can't be read", { cause });
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  async #nextChange(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const stop = new AbortController();
    let wake = () => {};
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#waiting.add(wake);
    signal?.addEventListener("abort", wake, { signal: stop.signal });
    await Promise.race([changed, this.options.clock.sleep(timeoutMs, stop.signal)]);
    this.#waiting.delete(wake);
    stop.abort();
  }
}
