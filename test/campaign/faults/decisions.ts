import { createHash } from "node:crypto";
import { draw, drawOne } from "./draw";
import {
  ENTRY_FAULTS,
  type EntryFault,
  REQUEST_FAULTS,
  type ReadFaultName,
  type RequestFault,
  type RequestFaultName,
} from "./faults";
import type { FaultPlan } from "./plan";

/** One attempt of a record. `name` stands for its partition key; `attempt` counts from 1. */
export interface RecordAttempt {
  name: string;
  attempt: number;
}

const TRUE: EntryFault = { told: "acknowledged", copies: ["whole"] };

/** @param first Attempt of the request's first record. */
export function requestFault(plan: FaultPlan, { name, attempt }: RecordAttempt): RequestFault | undefined {
  if (attempt > plan.faultyAttempts) return undefined;
  const drawn = drawOne(plan.writes, plan.seed, "write", name, attempt);
  return drawn === undefined ? undefined : REQUEST_FAULTS[drawn];
}

/**
 * Decides an entry's response and what is written.
 *
 * @param request Attempt of the first record, which stands for the request.
 */
export function entryFault(
  plan: FaultPlan,
  entry: RecordAttempt,
  shardId: string,
  request: RecordAttempt,
): EntryFault {
  const { name, attempt } = entry;
  const always = plan.always[name];
  if (always !== undefined) return ENTRY_FAULTS[always];
  if (attempt > plan.faultyAttempts) return TRUE;
  if (draw(plan.seed, "shard", shardId, request.name, request.attempt) < plan.shardThrottled) {
    return ENTRY_FAULTS.throttled;
  }
  const drawn = drawOne(plan.entries, plan.seed, "entry", name, attempt);
  return drawn === undefined ? TRUE : ENTRY_FAULTS[drawn];
}

/** @param call Number of the GetRecords call on this shard, from 1. */
export function readFault(plan: FaultPlan, shardId: string, call: number): ReadFaultName | undefined {
  const outage = plan.readOutages.find(
    ({ shardId: of, fromCall, calls }) => of === shardId && call >= fromCall && call < fromCall + calls,
  );
  if (outage !== undefined) return outage.fault;
  return bounded(plan, call, (at) => drawOne(plan.reads, plan.seed, "read", shardId, at));
}

/** @param call Number of this operation's call on this shard (for ListShards, on the stream), from 1. */
export function lookupFault(
  plan: FaultPlan,
  operation: string,
  shardId: string,
  call: number,
): RequestFaultName | undefined {
  return bounded(plan, call, (at) => drawOne(plan.lookups, plan.seed, operation, shardId, at));
}

/** Spares one call after `faultsInARow` others, so that no chain of faults is longer, wherever it starts. */
function bounded<Name>(plan: FaultPlan, call: number, drawAt: (call: number) => Name): Name | undefined {
  return call % (plan.faultsInARow + 1) === 0 ? undefined : drawAt(call);
}

/** Returns a record's hash key, distributed like an MD5 but the same in every run, although the partition key names the run. */
export function hashKeyFor({ seed }: FaultPlan, name: string): string {
  const digest = createHash("md5").update(JSON.stringify([seed, name]));
  return String(BigInt(`0x${digest.digest("hex")}`));
}

/** Returns the data, in base64, with one bit changed. Empty data gets one byte. */
export function withAnotherByte({ seed }: FaultPlan, data: string, { name, attempt }: RecordAttempt): string {
  const bytes = Buffer.from(data, "base64");
  if (bytes.length === 0) return Buffer.from([0]).toString("base64");
  const at = Math.floor(draw(seed, "byte", name, attempt) * bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(draw(seed, "bit", name, attempt) * 8));
  return bytes.toString("base64");
}
