import { setTimeout as pause } from "node:timers/promises";
import { draw } from "./draw";
import { asked, type ProxiedStream } from "./proxiedStream";

interface OpenShard {
  shardId: string;
  start: bigint;
  end: bigint;
}

interface DescribedShard {
  ShardId: string;
  HashKeyRange: { StartingHashKey: string; EndingHashKey: string };
  SequenceNumberRange: { EndingSequenceNumber?: string };
}

const STATE_POLL_MS = 10;

/** Holds the open shards of the stream, and splits and merges them. */
export class ShardMap {
  #open: OpenShard[] = [];

  constructor(private readonly stream: ProxiedStream) {}

  async refresh(): Promise<void> {
    const { endpoint, streamName } = this.stream;
    const { Shards } = await asked(endpoint, "ListShards", { StreamName: streamName });
    this.#open = (Shards as DescribedShard[])
      .filter(({ SequenceNumberRange: range }) => range.EndingSequenceNumber === undefined)
      .map(({ ShardId, HashKeyRange: { StartingHashKey, EndingHashKey } }) => ({
        shardId: ShardId,
        start: BigInt(StartingHashKey),
        end: BigInt(EndingHashKey),
      }))
      .sort((one, other) => (one.start < other.start ? -1 : 1));
  }

  shardOf(hashKey: string): string {
    const key = BigInt(hashKey);
    return this.#open.find(({ start, end }) => key >= start && key <= end)?.shardId ?? "";
  }

  /** Splits a stream of one shard instead, because there is nothing to merge. */
  async reshard(kind: "split" | "merge", occasion: number): Promise<void> {
    // Another proxy may have changed the stream.
    await this.refresh();
    const at = Math.floor(draw(this.stream.plan.seed, "reshard", occasion) * this.#open.length);
    const shard = this.#open[at];
    if (shard === undefined) throw new Error("the stream has no open shard");
    const [low, high] = this.#open.slice(Math.max(0, Math.min(at, this.#open.length - 2)));
    const { endpoint, streamName } = this.stream;
    if (kind === "merge" && low !== undefined && high !== undefined) {
      const shards = { ShardToMerge: low.shardId, AdjacentShardToMerge: high.shardId };
      await asked(endpoint, "MergeShards", { StreamName: streamName, ...shards });
    } else {
      const middle = shard.start + (shard.end - shard.start) / 2n + 1n;
      const split = { ShardToSplit: shard.shardId, NewStartingHashKey: String(middle) };
      await asked(endpoint, "SplitShard", { StreamName: streamName, ...split });
    }
    await this.#untilActive();
    await this.refresh();
  }

  async #untilActive(): Promise<void> {
    const { endpoint, streamName } = this.stream;
    for (;;) {
      const { StreamDescriptionSummary: summary } = await asked(endpoint, "DescribeStreamSummary", {
        StreamName: streamName,
      });
      if ((summary as { StreamStatus: string }).StreamStatus === "ACTIVE") return;
      await pause(STATE_POLL_MS);
    }
  }
}
