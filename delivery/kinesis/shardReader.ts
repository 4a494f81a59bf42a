import type { ChildShard, GetRecordsOutput, _Record as KinesisRecord, Shard } from "@aws-sdk/client-kinesis";
import { classify } from "../aws/errors";
import type { Clock } from "../common/clock";
import { withRetries } from "./retry";
import type { Position, StreamApi } from "./streamApi";

/** Records of one response, in the order of the shard. */
export interface ShardRecords {
  shardId: string;
  records: KinesisRecord[];
  /**
   * Those of the records that were read before, by their sequence numbers. An endpoint whose numbers don't rise within a
   * shard has other records among them, so that a record which is missing must be looked for here too.
   */
  repeated?: ReadonlySet<KinesisRecord>;
  /** Time at which they were received, in milliseconds since 1970, by this machine's clock. */
  receivedAt: number;
}

export interface ShardReaderOptions {
  api: StreamApi;
  shardId: string;
  from: Position;
  /** Whether the shard was already closed when it was listed. It may have expired since, and then counts as read to its end. */
  isClosed: boolean;
  clock: Clock;
  random: () => number;
  signal: AbortSignal;
  /** Interval between two GetRecords of the shard, in ms. */
  pollMs: number;
  /** Highest rate at which the shard is read, in bytes per second. */
  bytesPerSecond: number;
  /** Most that the service's clock can be ahead of this machine's, in ms. */
  clockOffsetMs: number;
  /** Receives records. The next ones are read once the promise that it may return has settled. */
  onRecords: (records: ShardRecords) => unknown;
  /**
   * Reports that all records that arrived in the shard before `time` (milliseconds since 1970) were delivered. It is not
   * called for the shard's end, because its children may hold more.
   */
  onReadUpTo: (time: number) => void;
}

/** A closed shard that was read to its end, with its children if the service names them. */
export interface ClosedShard {
  children: { shardId: string; parentShardIds: string[] }[];
}

/** Response of a shard at its end: no records, and no next iterator. */
const END: GetRecordsOutput = { Records: [] };

interface Answer {
  /** Time of the request, in milliseconds since 1970, by this machine's clock. */
  since: number;
  output: GetRecordsOutput;
}

/**
 * Reads one shard until it is closed and empty, or the signal. Every record is handed on in order; one that the endpoint
 * gives again is handed on as `repeated`.
 */
export class ShardReader {
  #position: Position;
  #iterator: string | undefined;
  /** The highest sequence number that was handed on. */
  #highest = "";
  /** Partition keys of the records that were handed on with it. Only an endpoint that numbers wrongly gives it to several. */
  #keysAtHighest: (string | undefined)[] = [];

  constructor(private readonly options: ShardReaderOptions) {
    this.#position = options.from;
  }

  /**
   * @returns undefined after the signal.
   * @throws what the service answers, where trying again can't help or didn't, and what the callbacks throw.
   */
  async run(): Promise<ClosedShard | undefined> {
    while (!this.options.signal.aborted) {
      const answer = await withRetries(() => this.#ask(), this.options);
      const closed = answer === undefined ? undefined : await this.#take(answer);
      if (closed !== undefined) return closed;
    }
    return undefined;
  }

  async #ask(): Promise<Answer> {
    const { api, shardId, signal, clock, isClosed } = this.options;
    const since = clock.now();
    try {
      this.#iterator ??= await api.iterator(shardId, this.#position, signal);
      return { since, output: await api.records(this.#iterator, signal) };
    } catch (error) {
      if (isClosed && classify(error) === "not-found") return { since, output: END };
      // An iterator expires after five minutes (ExpiredIteratorException), so the next attempt requests another.
      this.#iterator = undefined;
      throw error;
    }
  }

  async #take({ output, since }: Answer): Promise<ClosedShard | undefined> {
    const { clock, onReadUpTo, signal, pollMs, bytesPerSecond, clockOffsetMs } = this.options;
    const { Records: records = [] } = output;
    const repeated = this.#repeatedIn(records);
    await this.#handOn(records, repeated);
    this.#iterator = output.NextShardIterator;
    if (this.#iterator === undefined) return { children: (output.ChildShards ?? []).flatMap(childShard) };
    // An answer that only repeats records says nothing of what follows the last one.
    if (records.length === 0 || records.length !== repeated?.size)
      onReadUpTo(readUpTo({ since, output }, clock.now(), clockOffsetMs));
    const bytes = records.reduce((sum, { Data }) => sum + (Data?.length ?? 0), 0);
    await clock.sleep(Math.max(pollMs, (bytes * 1000) / bytesPerSecond), signal);
    return undefined;
  }

  async #handOn(records: KinesisRecord[], repeated: Set<KinesisRecord> | undefined): Promise<void> {
    const { shardId, clock, onRecords } = this.options;
    if (records.length === 0) return;
    const sequenceNumber = records.flatMap((record) => record.SequenceNumber || []).at(-1);
    if (sequenceNumber !== undefined) this.#position = { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber };
    await onRecords({ shardId, records, receivedAt: clock.now(), ...(repeated && { repeated }) });
  }

  /**
   * Numbers rise within a shard, so one that doesn't belongs to a record that was read before, unless it is the last one
   * with another partition key. Memory doesn't grow with what was read.
   */
  #repeatedIn(records: KinesisRecord[]): Set<KinesisRecord> | undefined {
    let repeated: Set<KinesisRecord> | undefined;
    for (const record of records) {
      const { SequenceNumber: number, PartitionKey: key } = record;
      if (!number) continue;
      const keys = this.#keysAtHighest;
      if (isLater(number, this.#highest)) {
        this.#highest = number;
        this.#keysAtHighest = [key];
      } else if (number === this.#highest && keys.length < MAX_KEYS_PER_NUMBER && !keys.includes(key)) {
        keys.push(key);
      } else {
        repeated ??= new Set();
        repeated.add(record);
      }
    }
    return repeated;
  }
}

/** Number of records with one sequence number that are told apart. */
const MAX_KEYS_PER_NUMBER = 1_000;

function childShard({ ShardId, ParentShards = [] }: ChildShard): ClosedShard["children"] {
  return ShardId === undefined ? [] : [{ shardId: ShardId, parentShardIds: ParentShards }];
}

/** Sequence numbers are decimals without leading zeros, far beyond what a number holds: the longer one is the larger one. */
function isLater(one: string, other: string): boolean {
  return one.length === other.length ? one > other : one.length > other.length;
}

/**
 * Returns the time before which all arrived records were read, in milliseconds since 1970, by this machine's clock. Records
 * prove no more than the arrival time of the last one, and nothing if that is after they were read: `MillisBehindLatest` counts
 * on its own only if there are none.
 */
function readUpTo({ since, output }: Answer, now: number, clockOffsetMs: number): number {
  const { MillisBehindLatest, Records = [] } = output;
  const told = since - Math.max(0, MillisBehindLatest || 0);
  const last = Records.at(-1);
  if (last === undefined) return told;
  const arrival = (last.ApproximateArrivalTimestamp?.getTime() ?? Number.NaN) - clockOffsetMs;
  if (MillisBehindLatest === undefined || !(arrival <= now)) return Number.NEGATIVE_INFINITY;
  return Math.min(told, arrival);
}

/** A shard as ListShards returns it. */
export interface ListedShard {
  shardId: string;
  /** One after a split, two after a merge. */
  parentShardIds: string[];
  /** It accepts no more records, because its last sequence number is known. */
  isClosed: boolean;
}

/** Returns an empty list for a shard without an id, which the API's types allow. */
export function listedShard(shard: Shard): ListedShard[] {
  const { ShardId, ParentShardId, AdjacentParentShardId, SequenceNumberRange } = shard;
  if (ShardId === undefined) return [];
  const parentShardIds = [ParentShardId, AdjacentParentShardId].flatMap((id) => id ?? []);
  return [
    {
      shardId: ShardId,
      parentShardIds,
      isClosed: typeof SequenceNumberRange?.EndingSequenceNumber === "string",
    },
  ];
}
