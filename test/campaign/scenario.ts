import { type Chances, draw, drawWhole } from "./faults/draw";
import type { EntryFaultName, ReadFaultName, RequestFaultName } from "./faults/faults";
import { type FaultPlan, NO_FAULTS } from "./faults/plan";

/** One run: its events, how they are sent, and its faults. */
export interface Scenario {
  seed: string;
  events: number;
  shards: number;
  concurrency: number;
  pollMs: number;
  timeoutSeconds: number;
  /** Events per second; undefined for as fast as possible. */
  rate: number | undefined;
  plan: FaultPlan;
}

/** Temporary faults: a sender that retries delivers every event. */
const WRITES: RequestFaultName[] = [
  "throttled",
  "limit-exceeded",
  "kms-throttled",
  "expired-token",
  "internal-before",
  "internal-after",
  "unavailable-before",
  "unavailable-after",
  "reset-before",
  "reset-after",
  "cut",
  "page",
  "slow",
  "delay",
];
const ENTRIES: EntryFaultName[] = [
  "throttled",
  "failed",
  "failed-but-written",
  "throttled-but-written",
  "twice",
  "late",
];
const LIES: EntryFaultName[] = ["lost", "changed", "twice-once-changed", "elsewhere"];
/** Lies of an endpoint that change nothing about the delivery. */
const UNTRUTHS: EntryFaultName[] = ["blank-code", "misplaced"];
const READS: ReadFaultName[] = [
  "throttled",
  "kms-throttled",
  "expired-iterator",
  "expired-token",
  "internal-before",
  "internal-after",
  "unavailable-before",
  "reset-before",
  "reset-after",
  "cut",
  "page",
  "slow",
  "delay",
  "few",
  "none-yet",
];
const LOOKUPS: RequestFaultName[] = [
  "limit-exceeded",
  "expired-token",
  "internal-before",
  "reset-before",
  "reset-after",
  "slow",
  "delay",
];
const ALWAYS: EntryFaultName[] = [
  "throttled",
  "failed",
  "failed-but-written",
  "throttled-but-written",
  "lost",
];
const WRITE_OUTAGES: RequestFaultName[] = [
  "kms-disabled",
  "kms-access-denied",
  "access-denied",
  "expired-token",
  "throttled",
  "internal-before",
  "internal-after",
  "reset-after",
];
const READ_OUTAGES: RequestFaultName[] = [
  "silence",
  "silence",
  "kms-disabled",
  "kms-access-denied",
  "access-denied",
  "expired-token",
  "internal-before",
  "reset-before",
];
const SKEWS_MS = [0, 0, 0, 2_500, -2_500, 3_600_000, -3_600_000, 18_000_000];
const RATES = [2, 20, 200];
const FOR_GOOD = 1_000_000;

/** Returns the scenario of a seed, which is the same at any time and on any machine. */
export function scenarioOf(seed: string): Scenario {
  const events = drawWhole(1, 80, seed, "events");
  const shards = drawWhole(1, 4, seed, "shards");
  const plan = planOf(seed, events, shards);
  return {
    seed,
    events,
    shards,
    concurrency: drawWhole(1, 4, seed, "concurrency"),
    pollMs: [500, 1_000, 2_000, 4_000][drawWhole(0, 3, seed, "poll")] ?? 500,
    timeoutSeconds: 40,
    rate: isDrawn(0.25, seed, "paced") ? oneOf(RATES, seed, "rate") : undefined,
    plan,
  };
}

function planOf(seed: string, events: number, shards: number): FaultPlan {
  const untruths = isDrawn(0.25, seed, "untruths") ? some(UNTRUTHS, 0.5, 0.2, seed, "untruth") : {};
  const hidden = isDrawn(0.12, seed, "hidden") ? hiddenShards(seed, shards) : NO_FAULTS.hidden;
  const lies = isDrawn(0.3, seed, "lies") ? some(LIES, 0.5, 0.06, seed, "lie") : {};
  return {
    ...NO_FAULTS,
    seed,
    writes: some(WRITES, 0.3, 0.25, seed, "write"),
    entries: { ...some(ENTRIES, 0.3, 0.15, seed, "entry"), ...lies, ...untruths },
    shardThrottled: isDrawn(0.2, seed, "shard throttled") ? 0.3 : 0,
    reads: {
      ...some(READS, 0.25, 0.2, seed, "read"),
      ...(isDrawn(0.15, seed, "again") ? { again: 0.2 } : {}),
    },
    lookups: some(LOOKUPS, 0.25, 0.2, seed, "lookup"),
    leftOut: isDrawn(0.15, seed, "left-out") ? 0.1 : 0,
    always: always(seed, events),
    writeOutages: isDrawn(0.2, seed, "write outage") ? [writeOutage(seed, events)] : [],
    readOutages: isDrawn(0.2, seed, "read outage") ? [readOutage(seed, shards)] : [],
    reshards: hidden.shardIds.length > 0 ? [] : reshards(seed, events),
    hidden,
    toldLag: isDrawn(0.2, seed, "told lag") ? oneOf(["negative", "none"] as const, seed, "lag") : undefined,
    sharesNumbers: isDrawn(0.15, seed, "shares numbers"),
    changed: isDrawn(0.1, seed, "changed")
      ? oneOf(["created-again", "kept-shorter"] as const, seed, "to")
      : undefined,
    foreignWrites: foreignWrites(seed, events),
    skewMs: oneOf(SKEWS_MS, seed, "skew"),
    arrivalJitterMs: isDrawn(0.3, seed, "jitter") ? 5_000 : 0,
  };
}

/** Draws any shard but the first, because a stream needs a shard. */
function hiddenShards(seed: string, shards: number): FaultPlan["hidden"] {
  const others = Array.from({ length: shards - 1 }, (_, at) => shardIdOf(at + 1));
  return {
    shardIds: others.filter((shardId) => isDrawn(0.5, seed, "hidden", shardId)),
    areReadable: isDrawn(0.6, seed, "hidden shards are readable"),
  };
}

function shardIdOf(number: number): string {
  return `shardId-${String(number).padStart(12, "0")}`;
}

function isDrawn(chance: number, seed: string, ...parts: (string | number)[]): boolean {
  return draw(seed, ...parts) < chance;
}

function oneOf<Value>(values: readonly Value[], seed: string, ...parts: (string | number)[]): Value {
  const value = values[drawWhole(0, values.length - 1, seed, ...parts)];
  if (value === undefined) throw new Error("nothing to draw from");
  return value;
}

/** Draws each name with this chance, and a probability of up to `most` for it. */
function some<Name extends string>(
  names: readonly Name[],
  chance: number,
  most: number,
  seed: string,
  what: string,
): Chances<Name> {
  const chances: Chances<Name> = {};
  for (const name of names) {
    if (isDrawn(chance, seed, what, name)) chances[name] = draw(seed, what, name, "often") * most;
  }
  return chances;
}

/** Draws one or two events that fail at every attempt. */
function always(seed: string, events: number): FaultPlan["always"] {
  const count = isDrawn(0.2, seed, "always") ? drawWhole(1, 2, seed, "always", "count") : 0;
  return Object.fromEntries(
    Array.from({ length: count }, (_, at): [string, EntryFaultName] => [
      String(drawWhole(0, events - 1, seed, "always", at)),
      oneOf(ALWAYS, seed, "always", at, "fault"),
    ]),
  );
}

function writeOutage(seed: string, events: number): FaultPlan["writeOutages"][number] {
  return {
    afterRecords: drawWhole(0, events - 1, seed, "write outage", "after"),
    fault: oneOf(WRITE_OUTAGES, seed, "write outage", "fault"),
    requests: isDrawn(0.5, seed, "write outage", "for good")
      ? FOR_GOOD
      : drawWhole(1, 5, seed, "write outage", "requests"),
  };
}

function readOutage(seed: string, shards: number): FaultPlan["readOutages"][number] {
  const shard = drawWhole(0, shards, seed, "read outage", "shard");
  return {
    shardId: shardIdOf(shard),
    fromCall: drawWhole(1, 12, seed, "read outage", "from"),
    calls: isDrawn(0.7, seed, "read outage", "for good")
      ? FOR_GOOD
      : drawWhole(1, 4, seed, "read outage", "calls"),
    fault: oneOf(READ_OUTAGES, seed, "read outage", "fault"),
  };
}

function reshards(seed: string, events: number): FaultPlan["reshards"] {
  const count = isDrawn(0.35, seed, "reshards") ? drawWhole(1, 3, seed, "reshards", "count") : 0;
  return Array.from({ length: count }, (_, at) => ({
    afterRecords: drawWhole(0, events - 1, seed, "reshard", at),
    kind: oneOf(["split", "merge"] as const, seed, "reshard", at, "kind"),
  }));
}

function foreignWrites(seed: string, events: number): FaultPlan["foreignWrites"] {
  const count = isDrawn(0.3, seed, "strangers") ? drawWhole(1, 3, seed, "strangers", "count") : 0;
  return Array.from({ length: count }, (_, at) => ({
    afterRecords: drawWhole(0, events - 1, seed, "strangers", at),
    records: drawWhole(1, 10, seed, "strangers", at, "records"),
  }));
}
