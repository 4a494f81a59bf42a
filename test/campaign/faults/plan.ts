import type { Chances } from "./draw";
import type { EntryFaultName, ReadFaultName, RequestFaultName } from "./faults";

/**
 * The faults of one run. Counts of records are of different partition keys, in the order in which they came first.
 * All of it is data, and the seed draws the rest: the same plan does the same to the same requests.
 */
export interface FaultPlan {
  seed: string;
  /** What a PutRecords request meets, by its first record and that one's attempt. */
  writes: Chances<RequestFaultName>;
  /** What an entry of it meets, by its record and attempt. */
  entries: Chances<EntryFaultName>;
  /** That a shard takes nothing of a request: by shard, and by the request as above. 0–1. */
  shardThrottled: number;
  /** What GetRecords meets, by shard and the number of the call on it. */
  reads: Chances<ReadFaultName>;
  /** What ListShards and GetShardIterator meet, likewise. */
  lookups: Chances<RequestFaultName>;
  /** That a record which was acknowledged at once is left out of the first answer that it belongs to. 0–1. */
  leftOut: number;
  /** What GetRecords says of how far it is behind, unless it says the truth: that it is ahead, or at the tip. */
  toldLag: "negative" | "none" | undefined;
  /** Whether up to four records in a row bear the sequence number of the first. */
  sharesNumbers: boolean;
  /** Shards that are never listed, nor named as children: to be read by whoever knows of them, or not even so. */
  hidden: { shardIds: string[]; areReadable: boolean };
  /** What the stream's description says from the second one on: that it was created again, or keeps records for an hour. */
  changed: "created-again" | "kept-shorter" | undefined;
  /** At later attempts of a record nothing is drawn, so that what is drawn passes. From 0. */
  faultyAttempts: number;
  /** So many calls in a row on one shard meet what is drawn at most. From 0. */
  faultsInARow: number;
  /** What an entry meets at every attempt, by the record's name. */
  always: Record<string, EntryFaultName>;
  /** Requests that hold a record after so many meet this, `requests` of them. */
  writeOutages: { afterRecords: number; fault: RequestFaultName; requests: number }[];
  /** Calls of GetRecords on a shard meet this, from that one on (from 1), `calls` of them. */
  readOutages: { shardId: string; fromCall: number; calls: number; fault: RequestFaultName }[];
  /** Before the record after so many is written, a shard is split or two are merged. */
  reshards: { afterRecords: number; kind: "split" | "merge" }[];
  /** Before the record after so many is written, others write as many records of their own. */
  strangers: { afterRecords: number; records: number }[];
  /** How far the service's clock is ahead, in ms: of its Date headers, its arrival times, and the times that it is asked for. */
  skewMs: number;
  /** How far off an arrival time may be, in ms: AWS promises it no accuracy. From 0. */
  arrivalJitterMs: number;
  /** How long a delay lasts, and how late a late record is, at most, in ms. */
  longestDelayMs: number;
}

/** Nothing goes wrong. */
export const NO_FAULTS: Omit<FaultPlan, "seed"> = {
  writes: {},
  entries: {},
  shardThrottled: 0,
  reads: {},
  lookups: {},
  leftOut: 0,
  toldLag: undefined,
  sharesNumbers: false,
  hidden: { shardIds: [], areReadable: true },
  changed: undefined,
  faultyAttempts: 6,
  faultsInARow: 4,
  always: {},
  writeOutages: [],
  readOutages: [],
  reshards: [],
  strangers: [],
  skewMs: 0,
  arrivalJitterMs: 0,
  longestDelayMs: 3_000,
};
