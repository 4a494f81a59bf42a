import type { Finding, Verdict } from "../common/findings";
import type { Latency } from "../common/histogram";
import type { Deviation } from "../events/deviations";
import type { EventKind } from "../events/event";
import type { Framing, Unreadable } from "../events/recordContent";
import type { Counted } from "./boundedTally";

/** What a record is that holds nothing of Amplitude's: of the stream's other producers, or unreadable. */
export type ForeignKind = Unreadable | "not-amplitude";

/** A way in which rows deviate from the documented shape. */
export interface CountedDeviation extends Deviation {
  /** Rows that deviate in this way. */
  count: number;
}

/** An Amplitude project whose rows arrived. */
export interface Project {
  /** The project's id, the field `app`; `null` for rows without one. */
  app: string | null;
  /** Its rows. */
  count: number;
  /** Whether it is one of `expectApps`; absent where none are given. */
  expected?: boolean;
}

/** What has arrived since the watch began. Rows are events, Identify and Group Identify calls. */
export interface WatchSnapshot {
  /** Rises when a field changes its meaning or goes; a new field doesn't raise it. */
  snapshotVersion: 1;
  /** The stack's output. */
  region: string;
  /** The stack's output. */
  streamName: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  /** When this was taken, likewise. */
  at: string;
  /** Since the shards are read. */
  elapsedInSeconds: number;
  /** Whether the records of `verify` and `send` count as Amplitude's: a rehearsal, of which the verdict says nothing about Amplitude. */
  includesTests: boolean;
  /** Shards that are read or were, those of a resharding included. */
  shards: number;
  /** Everything that had arrived two seconds ago was read. */
  caughtUp: boolean;
  /** Rows of Amplitude's: all that follows but `records` is of these. */
  events: number;
  /** Of those, the ones that count towards `until`: of an expected project, and no repetition of a `uuid`. */
  eventsExpected: number;
  /** Over the last ten seconds, by when they were read. */
  eventsPerSecond: number;
  /** In each of the last 60 seconds, the one under way last. */
  lastMinute: number[];
  /** By kind. */
  kinds: Record<EventKind, number>;
  /** The commonest 20, in order. Names that look like a person's data are masked. */
  eventTypes: Counted[];
  /** Rows of further types than the 2,000 that are told apart. */
  eventTypesOther: number;
  /** The commonest 20, in order. */
  projects: Project[];
  /** Of `expectApps`' other projects: rows that should not be here. Zero where no project is expected by name. */
  eventsUnexpected: number;
  /** Seconds from `server_upload_time` (Amplitude's receipt; in its absence `server_received_time`) to the arrival in the stream, by Kinesis's clock. */
  latencyInSeconds: Latency | null;
  /** Seconds from `event_time` to the arrival: what a device kept before it uploaded is in it. */
  ageInSeconds: Latency | null;
  /** Rows whose `uuid` was seen before: delivered twice. Of the last million ids at least, two million at most. */
  eventsDuplicated: number;
  /** Rows with another `uuid`, but an `$insert_id` seen before of the same device; likewise. */
  insertIdsRepeated: number;
  /** Events that deviate from the documented shape in at least one way. */
  eventsDeviating: number;
  /** Identify and Group Identify rows that deviate from it: the shape in which they are forwarded is undocumented. */
  identifiesDeviating: number;
  /** Each way with one sample, masked; the commonest 20, in order. */
  deviations: CountedDeviation[];
  /** Those of Identify and Group Identify rows, likewise. */
  identifyDeviations: CountedDeviation[];
  /** How rows lie in their records. */
  framings: Record<Framing, number>;
  /** Records of the stream. */
  records: {
    /** All. */
    read: number;
    /** Their bytes. */
    bytes: number;
    /** Written by this package's `verify` and `send`. */
    ofTests: number;
    /** Of nobody that is known, by kind; those of no record are left out. */
    foreign: Partial<Record<ForeignKind, number>>;
  };
  /** What is wrong or worth knowing. */
  findings: Finding[];
  /** Once the watch is over. `verified`: what was asked for arrived, and nothing is wrong. `failed`: rows of another project, or nothing, arrived. `undecided`: it ended early, or a part could not be told. */
  verdict: Verdict | null;
}
