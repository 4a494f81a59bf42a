import type { Chances } from "./draw";
import type { EntryFaultName, ReadFaultName, RequestFaultName } from "./faults";

/**
 * The faults of one run. Counts of records count different partition keys, in the order of their first arrival. The plan is
 * data and the seed draws the rest, so the same plan has the same effect on the same requests.
 */
export interface FaultPlan {
  seed: string;
  /** Faults of PutRecords requests, drawn by the first record and its attempt. */
  writes: Chances<RequestFaultName>;
  /** Faults of their entries, drawn by the record and its attempt. */
  entries: Chances<EntryFaultName>;
  /** Probability that a shard throttles a request, drawn by the shard and the request, 0–1. */
  shardThrottled: number;
  /** Faults of GetRecords, drawn by the shard and the number of the call on it. */
  reads: Chances<ReadFaultName>;
  /** Faults of ListShards and GetShardIterator, drawn in the same way. */
  lookups: Chances<RequestFaultName>;
  /** Probability that the first response omits a record whose first attempt was acknowledged, 0–1. */
  leftOut: number;
  /** Lie of GetRecords about its lag: a negative one, or none. Undefined for the truth. */
  toldLag: "negative" | "none" | undefined;
  /** Whether up to four consecutive records have the sequence number of the first. */
  sharesNumbers: boolean;
  /** Shards that are never listed nor named as children. They are readable by their id, or not at all. */
  hidden: { shardIds: string[]; areReadable: boolean };
  /** Change in the stream's description from the second one on: another creation time, or a retention of an hour. */
  changed: "created-again" | "kept-shorter" | undefined;
  /** Number of attempts of a record that can meet a drawn fault, from 0. Later attempts succeed. */
  faultyAttempts: number;
  /** Maximum number of consecutive calls on one shard that meet a drawn fault, from 0. */
  faultsInARow: number;
  /** Faults of an entry at every attempt, by the record's name. */
  always: Record<string, EntryFaultName>;
  /** Faults of the next `requests` requests after a number of records. */
  writeOutages: { afterRecords: number; fault: RequestFaultName; requests: number }[];
  /** Faults of `calls` GetRecords calls on a shard, starting with number `fromCall` (from 1). */
  readOutages: { shardId: string; fromCall: number; calls: number; fault: RequestFaultName }[];
  /** Splits and merges of shards after a number of records. */
  reshards: { afterRecords: number; kind: "split" | "merge" }[];
  /** Foreign records that others write after a number of records. */
  foreignWrites: { afterRecords: number; records: number }[];
  /** Offset of the service's clock in ms: of its Date headers, its arrival times, and the times in requests. */
  skewMs: number;
  /** Maximum error of an arrival time in ms, from 0. AWS promises no accuracy. */
  arrivalJitterMs: number;
  /** Maximum delay of a response and of a late write, in ms. */
  longestDelayMs: number;
}

/** A plan without faults. */
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
  foreignWrites: [],
  skewMs: 0,
  arrivalJitterMs: 0,
  longestDelayMs: 3_000,
};
