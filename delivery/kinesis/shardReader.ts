import { hash } from "node:crypto";
import type {
  ChildShard,
  GetRecordsOutput,
  HashKeyRange,
  _Record as KinesisRecord,
  Shard,
} from "@aws-sdk/client-kinesis";
import { classify } from "../aws/errors";
import type { EpochMs } from "../common/clock";
import { type RetryOptions, withRetries } from "./retry";
import type { Position, StreamApi } from "./streamApi";

/** Records of one response, in the order of the shard. */
export interface ShardRecords {
  shardId: string;
  records: KinesisRecord[];
  /**
   * Subset of the records that were read before, by their sequence numbers. If an endpoint's numbers don't rise within a
   * shard, new records are among them, so that a missing record must also be looked for here.
   */
  repeated?: ReadonlySet<KinesisRecord>;
  /** Instant at which they were received, by this machine's clock. */
  receivedAt: EpochMs;
  /** Whether the shard belongs to another part of the run, which counts the records of others. */
  isOfOtherPart?: boolean;
}

export interface ShardReaderOptions extends RetryOptions {
  api: StreamApi;
  shardId: string;
  from: Position;
  /** Whether the shard was already closed when it was listed. It may have expired since, and then counts as read to its end. */
  isClosed: boolean;
  /** Interval between two GetRecords of the shard, in ms. */
  pollMs: number;
  /** Highest rate at which the shard is read, in bytes per second. */
  bytesPerSecond: number;
  /** Upper bound of the lead of the service's clock over this machine's, in ms. */
  clockOffsetMs: number;
  /** Receives records. The next ones are read once the promise that it may return has settled. */
  onRecords: (records: ShardRecords) => unknown;
  /**
   * Called when all records that arrived in the shard before `time` were passed on. It is not called for the shard's end,
   * because its children may hold more.
   */
  onReadUpTo: (time: EpochMs) => void;
}

/** A closed shard that was read to its end, with its children if the service names them. */
export interface ClosedShard {
  children: Omit<ListedShard, "isClosed">[];
}

/** Response of a shard at its end: no records, and no next iterator. */
const END: GetRecordsOutput = { Records: [] };

interface ShardResponse {
  /** Instant of the request, by this machine's clock. */
  requestedAt: EpochMs;
  output: GetRecordsOutput;
}

/**
 * Reads one shard until it is closed and empty, or until the signal. Passes every record on in order, and marks one that the
 * endpoint returns again as `repeated`.
 */
export class ShardReader {
  #position: Position;
  #iterator: string | undefined;
  /** First record with the highest sequence number so far. */
  #highest: Partial<KinesisRecord> = {};
  /** Identities of the records with that number. Only an endpoint that numbers wrongly has several. */
  #atHighest = new Set<string>();

  constructor(private readonly options: ShardReaderOptions) {
    this.#position = options.from;
  }

  /**
   * @returns Undefined after the signal.
   * @throws The service's error if a retry can't help or didn't, and whatever the callbacks throw.
   */
  async run(): Promise<ClosedShard | undefined> {
    while (!this.options.signal.aborted) {
      const response = await withRetries(() => this.#request(), this.options);
      const closed = response === undefined ? undefined : await this.#take(response);
      if (closed !== undefined) return closed;
    }
    return undefined;
  }

  async #request(): Promise<ShardResponse> {
    const { api, shardId, signal, clock, isClosed } = this.options;
    const requestedAt = clock.now();
    try {
      this.#iterator ??= await api.iterator(shardId, this.#position, signal);
      return { requestedAt, output: await api.records(this.#iterator, signal) };
    } catch (error) {
      if (isClosed && classify(error) === "not-found") return { requestedAt, output: END };
      // An iterator expires after five minutes (ExpiredIteratorException), so the next attempt requests another.
      this.#iterator = undefined;
      throw error;
    }
  }

  async #take({ output, requestedAt }: ShardResponse): Promise<ClosedShard | undefined> {
    const { clock, onReadUpTo, signal, pollMs, bytesPerSecond, clockOffsetMs } = this.options;
    const { Records: records = [] } = output;
    const repeated = this.#repeatedIn(records);
    const emitted = this.#emit(records, repeated);
    if (emitted instanceof Promise) await emitted;
    this.#iterator = output.NextShardIterator;
    if (this.#iterator === undefined) return { children: (output.ChildShards ?? []).flatMap(childShard) };
    // A response with only repeated records says nothing about what follows the last one.
    if (records.length === 0 || records.length !== repeated?.size)
      onReadUpTo(readUpTo({ requestedAt, output }, clock.now(), clockOffsetMs));
    const bytes = records.reduce((sum, { Data }) => sum + (Data?.length ?? 0), 0);
    await clock.sleep(Math.max(pollMs, (bytes * 1000) / bytesPerSecond), signal);
    return undefined;
  }

  #emit(records: KinesisRecord[], repeated: Set<KinesisRecord> | undefined): unknown {
    const { shardId, clock, onRecords } = this.options;
    if (records.length === 0) return undefined;
    const sequenceNumber = records.flatMap((record) => record.SequenceNumber || []).at(-1);
    if (sequenceNumber !== undefined) this.#position = { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber };
    return onRecords({ shardId, records, receivedAt: clock.now(), ...(repeated && { repeated }) });
  }

  /**
   * Returns the records that were read before. Numbers rise within a shard, so a number that doesn't rise belongs to such a
   * record, unless it equals the highest one with another partition key or other bytes. Memory doesn't grow with the records
   * read.
   */
  #repeatedIn(records: KinesisRecord[]): Set<KinesisRecord> | undefined {
    let repeated: Set<KinesisRecord> | undefined;
    for (const record of records) {
      const { SequenceNumber: number } = record;
      if (!number) continue;
      if (isLater(number, this.#highest.SequenceNumber ?? "")) {
        this.#highest = record;
        this.#atHighest.clear();
      } else if (!this.#isNewAtHighest(record)) {
        repeated ??= new Set();
        repeated.add(record);
      }
    }
    return repeated;
  }

  #isNewAtHighest(record: KinesisRecord): boolean {
    if (record.SequenceNumber !== this.#highest.SequenceNumber) return false;
    const known = this.#atHighest.add(identityOf(this.#highest));
    if (known.size >= MAX_RECORDS_PER_NUMBER || known.has(identityOf(record))) return false;
    known.add(identityOf(record));
    return true;
  }
}

/** Highest number of records with one sequence number that are distinguished. */
const MAX_RECORDS_PER_NUMBER = 1_000;

function identityOf({ PartitionKey = "", Data = new Uint8Array() }: Partial<KinesisRecord>): string {
  return hash("sha256", Data) + PartitionKey;
}

function childShard({
  ShardId,
  ParentShards = [],
  HashKeyRange: range,
}: ChildShard): ClosedShard["children"] {
  return ShardId === undefined ? [] : [{ shardId: ShardId, parentShardIds: ParentShards, range }];
}

/** Compares decimals without leading zeros that exceed what a number holds: the longer one is larger. */
function isLater(one: string, other: string): boolean {
  return one.length === other.length ? one > other : one.length > other.length;
}

/**
 * Returns the instant before which all arrived records were read, by this machine's clock. Records prove no more than the
 * arrival time of the last one, and nothing if that is after they were read. `MillisBehindLatest` counts by itself only if
 * there are none.
 */
function readUpTo({ requestedAt, output }: ShardResponse, now: EpochMs, clockOffsetMs: number): EpochMs {
  const { MillisBehindLatest, Records = [] } = output;
  const stated = requestedAt - Math.max(0, MillisBehindLatest || 0);
  const last = Records.at(-1);
  if (last === undefined) return stated;
  const arrival = (last.ApproximateArrivalTimestamp?.getTime() ?? Number.NaN) - clockOffsetMs;
  if (MillisBehindLatest === undefined || !(arrival <= now)) return Number.NEGATIVE_INFINITY;
  return Math.min(stated, arrival);
}

/** A shard as ListShards returns it. */
export interface ListedShard {
  shardId: string;
  /** One after a split, two after a merge. */
  parentShardIds: string[];
  /** Whether the shard accepts no more records: its last sequence number is known. */
  isClosed: boolean;
  /** Hash keys that the shard takes, if the endpoint says so. */
  range: HashKeyRange | undefined;
}

/** Returns an empty list for a shard without an id, which the API's types allow. */
export function listedShard(shard: Shard): ListedShard[] {
  const { ShardId, ParentShardId, AdjacentParentShardId, SequenceNumberRange, HashKeyRange: range } = shard;
  if (ShardId === undefined) return [];
  const parentShardIds = [ParentShardId, AdjacentParentShardId].flatMap((id) => id ?? []);
  return [
    {
      shardId: ShardId,
      parentShardIds,
      isClosed: typeof SequenceNumberRange?.EndingSequenceNumber === "string",
      range,
    },
  ];
}
