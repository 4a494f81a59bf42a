import { checkRequestLimits } from "../../../sandbox/aws/kinesis/request";
import { AwsError, type HttpResponse } from "../../../sandbox/aws/protocol";
import type { KinesisEndpoint } from "../kinesisEndpoint";
import { hashKeyOf } from "./hashKeys";
import { decodeIterator, encodeIterator, type IteratorRequest, positionIn } from "./iterators";
import { type MemoryShard, MemoryStream, type StoredRecord } from "./memoryStream";

type Json = Record<string, unknown>;
type Operation = (request: Json) => object;

/** Maximum number of records in a GetRecords response. Source: "Quotas and limits", Kinesis Developer Guide. */
const MAX_RECORDS = 10_000;
const DEFAULT_RETENTION_HOURS = 24;

/**
 * Streams in this process, with only the semantics of records, shards and iterators: no permissions, no throughput limits
 * and no states. It serves thousands of short runs, for which the Kinesis engine is too slow. A test compares it with the
 * engine. The given clock decides when an iterator expires.
 */
export class MemoryKinesis implements KinesisEndpoint {
  readonly #streams = new Map<string, MemoryStream>();
  readonly #operations: Record<string, Operation> = {
    CreateStream: (request) => this.#create(request),
    DescribeStreamSummary: (request) => this.#describe(request),
    PutRecords: (request) => this.#put(request),
    ListShards: (request) => this.#listShards(request),
    GetShardIterator: (request) => this.#iterator(request),
    GetRecords: (request) => this.#records(request),
    SplitShard: (request) => this.#split(request),
    MergeShards: (request) => this.#merge(request),
  };

  /**
   * @param place Default of `retentionHours`: 24.
   * @param now Returns the epoch time in ms.
   */
  constructor(
    private readonly place: { region: string; accountId: string; retentionHours?: number },
    private readonly now: () => number,
  ) {}

  async call(operation: string, request: object): Promise<HttpResponse> {
    try {
      const run = Object.hasOwn(this.#operations, operation) ? this.#operations[operation] : undefined;
      if (run === undefined)
        throw new AwsError("UnknownOperationException", `There is no ${operation} here.`);
      return this.#answer(200, run({ ...request }));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return this.#answer(error.status, { __type: error.code, message: error.message });
    }
  }

  #answer(status: number, value: object): HttpResponse {
    const headers = {
      "content-type": "application/x-amz-json-1.1",
      date: new Date(this.now()).toUTCString(),
    };
    return { status, headers, body: Buffer.from(JSON.stringify(value)) };
  }

  #create({ StreamName: name, ShardCount: shardCount = 1 }: Json): object {
    if (typeof name !== "string") throw new AwsError("ValidationException", "StreamName is missing.");
    if (this.#streams.has(name)) throw new AwsError("ResourceInUseException", `Stream ${name} exists.`);
    this.#streams.set(name, new MemoryStream(name, Number(shardCount), this.now));
    return {};
  }

  #stream({ StreamName: name, StreamARN: arn }: Json): MemoryStream {
    const named = typeof name === "string" ? name : String(arn).slice(String(arn).indexOf("/") + 1);
    const stream = this.#streams.get(named);
    if (stream !== undefined) return stream;
    throw new AwsError("ResourceNotFoundException", `Stream ${named} not found.`);
  }

  #describe(request: Json): object {
    const { name, openShards, createdAt } = this.#stream(request);
    const { region, accountId, retentionHours = DEFAULT_RETENTION_HOURS } = this.place;
    return {
      StreamDescriptionSummary: {
        StreamName: name,
        StreamARN: `arn:aws:kinesis:${region}:${accountId}:stream/${name}`,
        StreamStatus: "ACTIVE",
        StreamCreationTimestamp: createdAt / 1000,
        RetentionPeriodHours: retentionHours,
        EncryptionType: "KMS",
        KeyId: "alias/aws/kinesis",
        OpenShardCount: openShards.length,
        StreamModeDetails: { StreamMode: "PROVISIONED" },
      },
    };
  }

  #put(request: Json): object {
    const stream = this.#stream(request);
    const records = Array.isArray(request.Records) ? request.Records : [];
    checkRequestLimits(records);
    const placed = records.map(({ PartitionKey, ExplicitHashKey, Data }) => {
      const hashKey = hashKeyOf(PartitionKey, ExplicitHashKey);
      if (hashKey === undefined)
        throw new AwsError("InvalidArgumentException", "ExplicitHashKey is not valid");
      return () => stream.put(hashKey, PartitionKey, Data);
    });
    const written = placed.map((put) => put());
    return {
      FailedRecordCount: 0,
      Records: written.map(({ shardId, sequenceNumber }) => ({
        SequenceNumber: String(sequenceNumber),
        ShardId: shardId,
      })),
      EncryptionType: "KMS",
    };
  }

  #listShards(request: Json): object {
    const { shards } = this.#stream(request);
    const filter = request.ShardFilter as { Type?: string; Timestamp?: number } | undefined;
    const oldest = this.#oldest();
    const kept = shards.filter(({ closedAt }) => closedAt === undefined || closedAt >= oldest);
    return { Shards: kept.filter((shard) => passes(shard, filter)).map(described) };
  }

  #iterator(request: Json & IteratorRequest): object {
    const stream = this.#stream(request);
    const shard = stream.shard(request.ShardId);
    const now = this.now();
    const next = positionIn(shard, request, now);
    const state = { streamName: stream.name, shardId: shard.shardId, next, issuedAt: now };
    return { ShardIterator: encodeIterator(state) };
  }

  #records({ ShardIterator: iterator, Limit: limit = MAX_RECORDS }: Json): object {
    const now = this.now();
    const state = decodeIterator(iterator, now);
    const stream = this.#stream({ StreamName: state.streamName });
    const shard = stream.shard(state.shardId);
    const oldest = this.#oldest();
    const kept = shard.records.findIndex(
      ({ arrivedAt }, index) => index >= state.next && arrivedAt >= oldest,
    );
    const first = kept === -1 ? shard.records.length : kept;
    const next = Math.min(shard.records.length, first + Number(limit));
    const unread = shard.records[next];
    const isEnd = shard.closedAt !== undefined && unread === undefined;
    return {
      Records: shard.records.slice(first, next).map(served),
      // A record that arrived within the current millisecond also counts as lag.
      MillisBehindLatest: unread === undefined ? 0 : Math.max(1, now - unread.arrivedAt),
      ...(isEnd
        ? { ChildShards: stream.childrenOf(shard).map(child) }
        : { NextShardIterator: encodeIterator({ ...state, next, issuedAt: now }) }),
    };
  }

  /** Returns the epoch time in ms from which records are retained. */
  #oldest(): number {
    return this.now() - (this.place.retentionHours ?? DEFAULT_RETENTION_HOURS) * 3_600_000;
  }

  #split(request: Json): object {
    const hashKey = hashKeyOf("", String(request.NewStartingHashKey));
    if (hashKey === undefined)
      throw new AwsError("InvalidArgumentException", "NewStartingHashKey is not valid");
    this.#stream(request).split(String(request.ShardToSplit), hashKey);
    return {};
  }

  #merge(request: Json): object {
    this.#stream(request).merge(String(request.ShardToMerge), String(request.AdjacentShardToMerge));
    return {};
  }
}

/** Source: Kinesis API Reference, ShardFilter. */
function passes({ closedAt }: MemoryShard, filter: { Type?: string; Timestamp?: number } = {}): boolean {
  if (filter.Type === "AT_LATEST") return closedAt === undefined;
  if (filter.Type !== "FROM_TIMESTAMP") return true;
  return closedAt === undefined || closedAt >= (filter.Timestamp ?? 0) * 1000;
}

function rangeOf({ range }: MemoryShard): object {
  return { StartingHashKey: String(range.start), EndingHashKey: String(range.end) };
}

function described(shard: MemoryShard): object {
  const { shardId, parentShardIds, startingSequenceNumber, closedAt, records } = shard;
  const [parent, adjacentParent] = parentShardIds;
  const ending = records.at(-1)?.sequenceNumber ?? startingSequenceNumber;
  return {
    ShardId: shardId,
    HashKeyRange: rangeOf(shard),
    SequenceNumberRange: {
      StartingSequenceNumber: String(startingSequenceNumber),
      ...(closedAt === undefined ? {} : { EndingSequenceNumber: String(ending) }),
    },
    ...(parent === undefined ? {} : { ParentShardId: parent }),
    ...(adjacentParent === undefined ? {} : { AdjacentParentShardId: adjacentParent }),
  };
}

function child(shard: MemoryShard): object {
  return { ShardId: shard.shardId, ParentShards: shard.parentShardIds, HashKeyRange: rangeOf(shard) };
}

function served({ sequenceNumber, partitionKey, data, arrivedAt }: StoredRecord): object {
  return {
    SequenceNumber: String(sequenceNumber),
    PartitionKey: partitionKey,
    Data: data,
    ApproximateArrivalTimestamp: arrivedAt / 1000,
    EncryptionType: "KMS",
  };
}
