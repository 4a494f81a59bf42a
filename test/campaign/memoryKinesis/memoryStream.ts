import { AwsError } from "../../../sandbox/aws/protocol";
import { contains, evenRanges, type HashKeyRange } from "./hashKeys";

export interface StoredRecord {
  sequenceNumber: bigint;
  partitionKey: string;
  /** Data as received, in base64. */
  data: string;
  /** Epoch time in ms. */
  arrivedAt: number;
}

export interface MemoryShard {
  shardId: string;
  range: HashKeyRange;
  parentShardIds: string[];
  startingSequenceNumber: bigint;
  records: StoredRecord[];
  /** Epoch time in ms; undefined while the shard accepts records. */
  closedAt?: number;
}

/** Sequence numbers of AWS have 56 digits and begin like this. */
const FIRST_SEQUENCE_NUMBER = 49n * 10n ** 54n;

/** A stream's shards and records. Sequence numbers rise across all shards, in the order of arrival. */
export class MemoryStream {
  readonly shards: MemoryShard[] = [];
  /** Epoch time in ms. */
  readonly createdAt: number;
  #nextSequenceNumber = FIRST_SEQUENCE_NUMBER;

  constructor(
    readonly name: string,
    shardCount: number,
    private readonly now: () => number,
  ) {
    this.createdAt = now();
    for (const range of evenRanges(shardCount)) this.#open(range, []);
  }

  get openShards(): MemoryShard[] {
    return this.shards.filter(({ closedAt }) => closedAt === undefined);
  }

  put(hashKey: bigint, partitionKey: string, data: string): { shardId: string; sequenceNumber: bigint } {
    const shard = this.openShards.find(({ range }) => contains(range, hashKey));
    if (shard === undefined) throw new Error(`no open shard of ${this.name} takes the hash key ${hashKey}`);
    const sequenceNumber = this.#sequenceNumber();
    shard.records.push({ sequenceNumber, partitionKey, data, arrivedAt: this.now() });
    return { shardId: shard.shardId, sequenceNumber };
  }

  /** @throws AwsError like `open`, and if the hash key is outside the shard or is its first one. */
  split(shardId: string, newStartingHashKey: bigint): void {
    const parent = this.open(shardId);
    const { start, end } = parent.range;
    if (newStartingHashKey <= start || newStartingHashKey > end) {
      throw new AwsError(
        "InvalidArgumentException",
        `NewStartingHashKey ${newStartingHashKey} does not split shard ${shardId}.`,
      );
    }
    this.#close(parent);
    this.#open({ start, end: newStartingHashKey - 1n }, [shardId]);
    this.#open({ start: newStartingHashKey, end }, [shardId]);
  }

  /** @throws AwsError like `open`, and if the shards' ranges are not adjacent. */
  merge(shardId: string, adjacentShardId: string): void {
    const [one, other] = [this.open(shardId), this.open(adjacentShardId)];
    const [low, high] = one.range.start < other.range.start ? [one, other] : [other, one];
    if (low.range.end + 1n !== high.range.start) {
      throw new AwsError("InvalidArgumentException", `${shardId} and ${adjacentShardId} are not adjacent.`);
    }
    this.#close(one);
    this.#close(other);
    this.#open({ start: low.range.start, end: high.range.end }, [shardId, adjacentShardId]);
  }

  /** @throws AwsError `ResourceNotFoundException` */
  shard(shardId: unknown): MemoryShard {
    const shard = this.shards.find((candidate) => candidate.shardId === shardId);
    if (shard !== undefined) return shard;
    throw new AwsError(
      "ResourceNotFoundException",
      `Could not find shard ${shardId} in stream ${this.name}.`,
    );
  }

  /** @throws AwsError `ResourceNotFoundException`, and `ResourceInUseException` for a closed shard. */
  open(shardId: unknown): MemoryShard {
    const shard = this.shard(shardId);
    if (shard.closedAt === undefined) return shard;
    throw new AwsError("ResourceInUseException", `Shard ${shardId} of stream ${this.name} is closed.`);
  }

  childrenOf({ shardId }: MemoryShard): MemoryShard[] {
    return this.shards.filter(({ parentShardIds }) => parentShardIds.includes(shardId));
  }

  #open(range: HashKeyRange, parentShardIds: string[]): void {
    const shardId = `shardId-${String(this.shards.length).padStart(12, "0")}`;
    const startingSequenceNumber = this.#sequenceNumber();
    this.shards.push({ shardId, range, parentShardIds, startingSequenceNumber, records: [] });
  }

  #close(shard: MemoryShard): void {
    shard.closedAt = this.now();
  }

  #sequenceNumber(): bigint {
    const sequenceNumber = this.#nextSequenceNumber;
    this.#nextSequenceNumber += 1n;
    return sequenceNumber;
  }
}
