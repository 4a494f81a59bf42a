import type { Finding, Verdict } from "../common/findings";
import type { Latency } from "../common/histogram";
import type { Deviation, EventKind } from "../events/event";
import type { Framing, Unreadable } from "../events/recordContent";
import type { Counted } from "./boundedCounts";

/** Kind of a record without rows of Amplitude: from another producer, or unreadable. */
export type ForeignKind = Unreadable | "not-amplitude";

/** One way in which rows deviate from the documented shape. */
export interface CountedDeviation extends Deviation {
  /** Rows that deviate in this way. */
  count: number;
}

/** An Amplitude project whose rows arrived. */
export interface Project {
  /** The project's id, from the field `app`. `null` for rows without it. */
  app: string | null;
  /** Number of its rows. */
  count: number;
  /** Whether it is one of `expectApps`. Absent if there are none. */
  expected?: boolean;
}

/** Everything that arrived since the watch began. Rows are events, and Identify and Group Identify calls. */
export interface WatchSnapshot {
  /** Increases when a field changes its meaning or is removed, not when a field is added. */
  snapshotVersion: 1;
  /** The stack's output. */
  region: string;
  /** The stack's output. */
  streamName: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  /** Time of the snapshot: ISO 8601, UTC. */
  at: string;
  /** Time since the shards are read. */
  elapsedInSeconds: number;
  /** Whether the records of `verify` and `send` count as Amplitude's. The verdict of such a rehearsal proves nothing about Amplitude. */
  includesTests: boolean;
  /** Number of shards that were read, including those that resharding created. */
  shards: number;
  /** Whether everything was read that had arrived two seconds ago. */
  caughtUp: boolean;
  /** Number of Amplitude's rows. All fields below except `records` count these. */
  events: number;
  /** Rows that count towards `until`: from an expected project, and with a new `uuid`. */
  eventsExpected: number;
  /** Rate at which rows were read in the last ten seconds. */
  eventsPerSecond: number;
  /** Rows read in each of the last 60 seconds. The current second is the last. */
  lastMinute: number[];
  /** Rows by kind. */
  kinds: Record<EventKind, number>;
  /** The 20 most common types, in order. Names that look like a person's data are redacted. */
  eventTypes: Counted[];
  /** Rows of further types, beyond the 2,000 that are counted separately. */
  eventTypesOther: number;
  /** The 20 most common projects, in order. */
  projects: Project[];
  /** Rows from projects other than `expectApps`. 0 if `expectApps` is empty. */
  eventsUnexpected: number;
  /** Time from `server_upload_time`, or else `server_received_time`, when Amplitude received the event, to the arrival in the stream by Kinesis's clock. */
  latencyInSeconds: Latency | null;
  /** Time from `event_time` to the arrival, including the time that a device held the event. */
  ageInSeconds: Latency | null;
  /** Rows whose `uuid` was seen before, so they were delivered twice. At least the last million ids are remembered, at most two million. */
  eventsDuplicated: number;
  /** Rows with a new `uuid`, but an `$insert_id` that was seen before for the same device, with the same limit. */
  insertIdsRepeated: number;
  /** Events that deviate from the documented shape. */
  eventsDeviating: number;
  /** Identify and Group Identify rows that deviate from it. Their forwarded shape is undocumented. */
  identifiesDeviating: number;
  /** The 20 most common deviations of events, in order, each with one redacted sample. */
  deviations: CountedDeviation[];
  /** The 20 most common deviations of Identify and Group Identify rows, in order. */
  identifyDeviations: CountedDeviation[];
  /** Rows by their arrangement in records. */
  framings: Record<Framing, number>;
  /** The stream's records. */
  records: {
    /** Number of records that were read. A record that Kinesis returns again counts once. */
    read: number;
    /** Size of these records, in bytes. */
    bytes: number;
    /** Records that `verify` and `send` of this package wrote, by their partition key and their rows. */
    ofTests: number;
    /** Records that the Kinesis Producer Library aggregated. Their content counts like that of plain records. */
    aggregated: number;
    /** Messages of Amplitude's destination for cohorts, "Amazon Kinesis (Cohort)". They are not rows. */
    cohortMessages: number;
    /** Records of unknown producers by kind, without kinds that have none. */
    foreign: Partial<Record<ForeignKind, number>>;
  };
  /** Problems, and facts worth knowing. */
  findings: Finding[];
  /** `null` until the watch ends. `verified`: the requested rows arrived. `failed`: rows from another project arrived, or no rows. `undecided`: the watch ended early, or a part is unknown. */
  verdict: Verdict | null;
}
