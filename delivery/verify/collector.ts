import type { ShardReport } from "../common/findings";
import { LatencyRecorder } from "../common/histogram";
import type { RunKey } from "../common/runId";
import type { Timeline } from "../common/timeline";
import type { ShardRecords } from "../kinesis/shardReader";
import type { Ledger } from "./ledger";

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
