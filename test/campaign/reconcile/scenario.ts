import type { DeliveryFaultOptions } from "../../../sandbox/amplitude/deliveryFaults";
import type { ExportFault } from "../../../sandbox/amplitude/exportApi";
import { type Chances, draw, drawWhole } from "../faults/draw";
import type { ReadFaultName, RequestFaultName } from "../faults/faults";
import { type FaultPlan, NO_FAULTS } from "../faults/plan";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** Arrangement of rows in a record. */
export type Framing = "object" | "list" | "lines" | "aggregated";

/** One reconciliation: what Amplitude received, what the stream holds, and the faults. */
export interface ReconcileScenario {
  seed: string;
  /** Epoch time in ms of the first hour's start. */
  from: number;
  hours: number;
  /** Epoch time in ms at which the run starts. */
  startedAt: number;
  retentionHours: number;
  shards: number;
  /** Events that Amplitude receives in the hours. */
  events: number;
  /** Types of the events. Those of the last one are in the filter of `faults`, if any. */
  types: string[];
  /** Options of the run. */
  eventTypes: string[];
  allTypes: boolean;
  faults: DeliveryFaultOptions;
  /** Share of the events whose rows have no `uuid`, 0–1, and of those without any identity. */
  withoutUuid: number;
  withoutIdentity: number;
  /** Share of the rows that the export holds twice, 0–1. */
  repeated: number;
  framings: Framing[];
  /** Rows of the stream that the export of the hours lacks. */
  strangers: { otherProjects: number; otherHours: number; unexplained: number; foreign: number };
  /** Epoch times in ms of splits and merges. */
  reshards: { at: number; kind: "split" | "merge" }[];
  /** `files`: archives as downloaded, with the hours next to the range. */
  source: "files" | "fetched";
  /** Faults of the Export API's responses to one range, in order. */
  exportFaults: ExportFault[];
  plan: FaultPlan;
}

const TYPES = ["Page Viewed", "Order Placed", "session_start", "$identify", "Song Played"];
const READS: ReadFaultName[] = [
  "throttled",
  "kms-throttled",
  "expired-iterator",
  "internal-before",
  "unavailable-before",
  "reset-before",
  "cut",
  "delay",
  "few",
  "none-yet",
  "again",
];
const LOOKUPS: RequestFaultName[] = ["limit-exceeded", "internal-before", "reset-before", "delay"];
/** Faults that a client has to retry. */
const EXPORT_FAULTS: ExportFault[] = [429, 500, 502, 503, 504, "cut", "torn"];
const DELAYS_MS = [90_000, 30 * MINUTE_MS, 2 * HOUR_MS, 10 * HOUR_MS];
/** Time from the end of the hours to the run. */
const AGES_MS = [
  30 * MINUTE_MS,
  2 * HOUR_MS,
  3 * HOUR_MS,
  4 * HOUR_MS,
  5 * HOUR_MS,
  12 * HOUR_MS,
  12 * HOUR_MS,
];

/** Returns the scenario of a seed, which is the same at any time and on any machine. */
export function reconcileScenario(number: number): ReconcileScenario {
  const seed = `reconcile ${number}`;
  const is = (chance: number, ...parts: (string | number)[]) => draw(seed, ...parts) < chance;
  const one = <Value>(values: readonly [Value, ...Value[]] | readonly Value[], what: string): Value =>
    values[drawWhole(0, values.length - 1, seed, what)] as Value;
  const count = (chance: number, what: string, most = 6) =>
    is(chance, what) ? drawWhole(1, most, seed, what, "count") : 0;
  const share = (chance: number, what: string, most: number) =>
    is(chance, what) ? draw(seed, what, "share") * most : 0;
  const from = Date.UTC(2026, 0, 5, drawWhole(0, 23, seed, "from"));
  const hours = drawWhole(1, 3, seed, "hours");
  const end = from + hours * HOUR_MS;
  const startedAt = end + one(AGES_MS, "age");
  const types = TYPES.slice(0, drawWhole(2, TYPES.length, seed, "types"));
  const isFiltered = is(0.5, "filter");
  const filteredTypes = isFiltered ? types.slice(-1) : [];
  return {
    seed,
    from,
    hours,
    startedAt,
    retentionHours: is(0.2, "boundary") ? Math.ceil((startedAt - from) / HOUR_MS) + 1 : 48,
    shards: drawWhole(1, 4, seed, "shards"),
    events: is(0.05, "empty") ? 0 : drawWhole(1, 60, seed, "events"),
    types,
    eventTypes: is(0.2, "eventTypes") ? [one(types, "eventType")] : [],
    allTypes: is(0.15, "allTypes"),
    faults: {
      seed,
      dropped: is(0.05, "all dropped") ? 1 : share(0.4, "dropped", 0.2),
      delayed: share(0.4, "delayed", 0.4),
      maxDelayMs: one(DELAYS_MS, "delay"),
      doubled: share(0.4, "doubled", 0.3),
      changed: share(0.4, "changed", 0.2),
      restyled: is(0.1, "all restyled") ? 1 : share(0.4, "restyled", 0.5),
      filteredTypes,
    },
    withoutUuid: is(0.05, "none has a uuid") ? 1 : share(0.3, "withoutUuid", 0.3),
    withoutIdentity: share(0.1, "withoutIdentity", 0.1),
    repeated: share(0.15, "repeated", 0.1),
    framings: is(0.5, "framings") ? ["object", "list", "lines", "aggregated"] : ["object"],
    strangers: {
      otherProjects: count(0.25, "otherProjects"),
      otherHours: count(0.4, "otherHours"),
      unexplained: count(0.2, "unexplained"),
      foreign: count(0.2, "foreign"),
    },
    reshards: Array.from({ length: count(0.3, "reshards", 3) }, (_, at) => ({
      at: from + Math.floor(draw(seed, "reshard", at) * (startedAt - from)),
      kind: is(0.6, "reshard", at, "split") ? ("split" as const) : ("merge" as const),
    })).sort((first, other) => first.at - other.at),
    source: is(0.3, "files") ? "files" : "fetched",
    exportFaults: Array.from({ length: count(0.3, "exportFaults", 3) }, (_, at) =>
      one(EXPORT_FAULTS, `exportFault ${at}`),
    ),
    plan: {
      ...NO_FAULTS,
      seed,
      reads: is(0.4, "reads") ? chances(READS, seed, "read") : {},
      lookups: is(0.2, "lookups") ? chances(LOOKUPS, seed, "lookup") : {},
      sharesNumbers: is(0.1, "shares numbers"),
    },
  };
}

function chances<Name extends string>(names: readonly Name[], seed: string, what: string): Chances<Name> {
  const drawn = names.filter((name) => draw(seed, what, name) < 0.3);
  return Object.fromEntries(
    drawn.map((name) => [name, draw(seed, what, name, "often") * 0.2]),
  ) as Chances<Name>;
}
