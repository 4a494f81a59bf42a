import type { ChildShard, GetRecordsOutput, _Record as KinesisRecord, Shard } from "@aws-sdk/client-kinesis";
import type { Position, StreamApi } from "../../../delivery/kinesis/streamApi";
import { serviceError } from "../aws/serviceErrors";
import type { VirtualClock } from "../common/virtualClock";

interface FakeShard {
  id: string;
  parents: string[];
  records: StoredRecord[];
  closedAt?: number;
  hasExpired: boolean;
}

interface StoredRecord {
  sequenceNumber: bigint;
  arrivedAt: number;
  name: string;
  bytes: Buffer;
}

/** A call of the reader, as a fault sees it. */
export interface Call {
  operation: "listShards" | "iterator" | "records";
  /** From 0, over all calls. */
  number: number;
  shardId?: string;
}

/** What may be wrong with one call: an error, iterators that have all expired, or an answer without records. */
export type Fault = Error | "expired" | "empty" | undefined;

const FIRST_SEQUENCE_NUMBER = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989n;

/** A stream in memory, with all that a reader has to cope with. */
export class FakeStream implements StreamApi {
  /** Records in an answer at most. */
  answerSize = 3;
  /** Whether the last answer of a closed shard names its children. */
  namesChildren = true;
  /** Whether answers say how far they are behind. */
  tellsLag = true;
  /** How long a call takes, in ms. */
  latencyMs = 0;
  fault: (call: Call) => Fault = () => undefined;
  readonly calls: Call[] = [];
  /** What the shards were listed from, a call of listShards each. */
  readonly listedFrom: Date[] = [];
  readonly positions: { shardId: string; position: Position }[] = [];
  readonly #shards = new Map<string, FakeShard>();
  #sequenceNumber = FIRST_SEQUENCE_NUMBER;
  #generation = 0;

  constructor(
    private readonly clock: VirtualClock,
    shards = 1,
  ) {
    for (let count = 0; count < shards; count += 1) this.#open([]);
  }

  get shardIds(): string[] {
    return [...this.#shards.keys()];
  }

  put(shardId: string, name: string, bytes = Buffer.from(name)): void {
    const shard = this.#shard(shardId);
    if (shard.closedAt !== undefined) throw new Error(`${shardId} is closed`);
    this.#sequenceNumber += 7n;
    shard.records.push({ sequenceNumber: this.#sequenceNumber, arrivedAt: this.clock.now(), name, bytes });
  }

  /** @returns the children. */
  split(shardId: string): [string, string] {
    this.#shard(shardId).closedAt = this.clock.now();
    return [this.#open([shardId]), this.#open([shardId])];
  }

  /** @returns the child. */
  merge(first: string, second: string): string {
    for (const parent of [first, second]) this.#shard(parent).closedAt = this.clock.now();
    return this.#open([first, second]);
  }

  /** Its retention is over: it can't be read any more, though it may have been listed. */
  expire(shardId: string): void {
    this.#shard(shardId).hasExpired = true;
  }

  count(operation: Call["operation"]): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  async listShards(from: Date, signal: AbortSignal): Promise<Shard[]> {
    this.listedFrom.push(from);
    await this.#call("listShards", signal);
    return [...this.#shards.values()]
      .filter(({ closedAt }) => closedAt === undefined || closedAt >= from.getTime())
      .map(toListed);
  }

  async iterator(shardId: string, position: Position, signal: AbortSignal): Promise<string> {
    await this.#call("iterator", signal, shardId);
    this.positions.push({ shardId, position });
    return this.#iterator(shardId, startOf(this.#shard(shardId).records, position));
  }

  async records(iterator: string, signal: AbortSignal): Promise<GetRecordsOutput> {
    const [shardId = "", at, generation] = iterator.split("|");
    const fault = await this.#call("records", signal, shardId);
    if (Number(generation) !== this.#generation) throw serviceError("ExpiredIteratorException", 400);
    return this.#answer(this.#shard(shardId), Number(at), fault === "empty" ? 0 : this.answerSize);
  }

  async #call(operation: Call["operation"], signal: AbortSignal, shardId?: string): Promise<Fault> {
    const call = { operation, number: this.calls.length, ...(shardId === undefined ? {} : { shardId }) };
    this.calls.push(call);
    await (this.latencyMs === 0 ? undefined : this.clock.sleep(this.latencyMs, signal));
    if (signal.aborted) throw Object.assign(new Error("Request aborted"), { name: "AbortError" });
    const fault = this.fault(call);
    if (fault instanceof Error) throw fault;
    if (shardId !== undefined && this.#shard(shardId).hasExpired)
      throw serviceError("ResourceNotFoundException", 400, `no shard ${shardId}`);
    if (fault === "expired") this.#generation += 1;
    return fault;
  }

  #answer(shard: FakeShard, at: number, size: number): GetRecordsOutput {
    const next = Math.min(at + size, shard.records.length);
    const isEnd = shard.closedAt !== undefined && next === shard.records.length;
    const behind = shard.records[next];
    return {
      Records: shard.records.slice(at, next).map(toRecord),
      ...(isEnd ? {} : { NextShardIterator: this.#iterator(shard.id, next) }),
      ...(isEnd && this.namesChildren ? { ChildShards: this.#children(shard.id) } : {}),
      ...(this.tellsLag
        ? { MillisBehindLatest: behind === undefined ? 0 : this.clock.now() - behind.arrivedAt + 1 }
        : {}),
    };
  }

  #children(shardId: string): ChildShard[] {
    return [...this.#shards.values()]
      .filter(({ parents }) => parents.includes(shardId))
      .map(({ id, parents }) => ({ ShardId: id, ParentShards: parents, HashKeyRange: undefined }));
  }

  #iterator(shardId: string, at: number): string {
    return `${shardId}|${at}|${this.#generation}`;
  }

  #open(parents: string[]): string {
    const id = `shardId-${String(this.#shards.size).padStart(12, "0")}`;
    this.#shards.set(id, { id, parents, records: [], hasExpired: false });
    return id;
  }

  #shard(shardId: string): FakeShard {
    const shard = this.#shards.get(shardId);
    if (shard === undefined) throw new Error(`no shard ${shardId}`);
    return shard;
  }
}

function startOf(records: StoredRecord[], position: Position): number {
  if (position.type === "TRIM_HORIZON") return 0;
  const at =
    position.type === "AT_TIMESTAMP"
      ? records.findIndex(({ arrivedAt }) => arrivedAt >= position.timestamp.getTime())
      : records.findIndex(({ sequenceNumber }) => sequenceNumber > BigInt(position.sequenceNumber));
  return at === -1 ? records.length : at;
}

function toListed({ id, parents: [parent, adjacent], closedAt }: FakeShard): Shard {
  const StartingSequenceNumber = String(FIRST_SEQUENCE_NUMBER);
  return {
    ShardId: id,
    HashKeyRange: undefined,
    SequenceNumberRange: {
      StartingSequenceNumber,
      ...(closedAt === undefined ? {} : { EndingSequenceNumber: StartingSequenceNumber }),
    },
    ...(parent === undefined ? {} : { ParentShardId: parent }),
    ...(adjacent === undefined ? {} : { AdjacentParentShardId: adjacent }),
  };
}

function toRecord({ sequenceNumber, arrivedAt, name, bytes }: StoredRecord): KinesisRecord {
  return {
    SequenceNumber: String(sequenceNumber),
    ApproximateArrivalTimestamp: new Date(arrivedAt),
    PartitionKey: name,
    Data: bytes,
  };
}
