import type { Finding } from "../common/findings";
import type { Latency } from "../common/histogram";
import type { Part } from "../common/part";
import type { Omissions } from "../events/source";

/**
 * `complete`: every exported event of a forwarded type is in the stream. `incomplete`: an event is missing. `undecided`: an
 * hour can't be exported yet, the stream was not read to its end, or a part of the export can't be matched.
 */
export type ReconcileVerdict = "complete" | "incomplete" | "undecided";

/** Exported events by what became of them. Each event counts once, however often it was exported or delivered. */
export interface EventOutcomes {
  /** Events that Amplitude's export has. */
  eventsExported: number;
  /** Events of which the stream has at least one row, also a different one. */
  eventsDelivered: number;
  /** Events of which the stream has no row, except those that are not forwarded. */
  eventsMissing: number;
  /** Rows beyond the first of each event. */
  eventsDuplicated: number;
  /** Delivered events of which a row has other fields than the export. */
  eventsDifferent: number;
  /** Delivered events that arrived over 60 s after Amplitude received them (`server_upload_time`). */
  eventsLate: number;
  /** Late events that arrived over an hour after Amplitude received them. */
  eventsLateOverAnHour: number;
  /** Events of a type of which nothing arrived, so that the destination's filter may exclude it. */
  eventsNotForwarded: number;
}

/** One hour by `server_upload_time`. */
export interface HourReport extends EventOutcomes {
  /** `2026-11-27T10`, UTC. */
  hour: string;
  /**
   * `undecided`: Amplitude does not export the hour yet, the export seems to lack it, a part of it can't be matched, the
   * stream was not read to its end, or nothing arrived at all.
   */
  verdict: ReconcileVerdict;
}

/** One event type. */
export interface EventTypeReport extends EventOutcomes {
  /** Its name, redacted if it looks like a person's data. */
  eventType: string;
}

/** A field that differs between exported events and their rows in the stream. */
export interface FieldDifference {
  /** The field's name, such as `event_properties.price`, redacted if it looks like a person's data. */
  field: string;
  /** Events in which it differs, among the first 64 MiB of different rows. */
  count: number;
  /** One redacted pair: exported value, and value in the stream. `absent` stands for a missing field. */
  sample: [exported: string, streamed: string];
}

/** Amplitude's own delivery metrics of the destination for the same hours. They count by the time of delivery. */
export interface AmplitudeMetrics {
  /** Events delivered, as Amplitude counts them. */
  eventsDelivered: number;
  /** Events not delivered, as Amplitude counts them. */
  eventsNotDelivered: number;
  /** Events that Amplitude stopped retrying. */
  eventsExpired: number;
  /** Events that Amplitude discarded. */
  eventsDiscarded: number;
}

/** Rows of an export that don't count as events. */
export interface IgnoredRows {
  /** Rows that repeat an event, such as in overlapping archives. */
  repeated: number;
  /** Rows of hours outside the range. */
  otherHours: number;
  /** Rows without a readable `server_upload_time`. */
  withoutTime: number;
}

/** Result of writing the missing events. */
export interface BackfillReport {
  /** Events that Kinesis acknowledged. */
  eventsWritten: number;
  /** Events that Kinesis rejected, that are too large, or whose request got no clear response. */
  eventsNotWritten: number;
}

/** Comparison of Amplitude's export with the stream. */
export interface ReconcileReport extends EventOutcomes, Omissions {
  /** Rises if a field changes its meaning or goes; a new field doesn't raise it. */
  reportVersion: 1;
  /** Result. */
  verdict: ReconcileVerdict;
  /** The stack's output. */
  roleArn: string;
  /** The stack's output. */
  region: string;
  /** The stack's output. */
  streamName: string;
  /** First hour, UTC. */
  from: string;
  /** Last hour, UTC, inclusive. */
  to: string;
  /** Part that this process read; then every count is of its shards only, also `eventsMissing`. Null for the whole stream. */
  part: Part | null;
  /** Id that joins the parts of a run, also after merging. Null for a stream that was not divided. */
  runId: string | null;
  /** ISO 8601, UTC. */
  startedAt: string;
  /** Whole run, backfill included. */
  durationInSeconds: number;
  /** Exported events with neither a `uuid` nor a device and an `$insert_id`, so that they can't be matched. */
  eventsWithoutIdentity: number;
  /** Rows of the export that don't count as events. */
  rowsIgnored: IgnoredRows;
  /** Rows of the stream from other Amplitude projects, by `app`. */
  eventsOfOtherProjects: number;
  /** Rows of the stream from earlier or later hours. */
  eventsOfOtherHours: number;
  /** Further rows of the stream that the export lacks. */
  eventsUnexplained: number;
  /** Rows of the stream that `verify` or `send` of this package generated. */
  rowsOfTests: number;
  /** Records of the stream without rows of Amplitude. */
  recordsForeign: number;
  /** Time from `server_upload_time` to the arrival in the stream, by Kinesis's clock. Null if nothing was delivered. */
  latencyInSeconds: Latency | null;
  /** Every hour of the range, in order. */
  hours: HourReport[];
  /** Exported types, the most frequent first. */
  eventTypes: EventTypeReport[];
  /** The 20 fields that differ most often. */
  differences: FieldDifference[];
  /** Null without `backfill`, or if nothing was missing. */
  backfill: BackfillReport | null;
  /** Null without `syncId`. */
  amplitudeMetrics: AmplitudeMetrics | null;
  /** Problems, and facts worth knowing. */
  findings: Finding[];
  /** Version of this package. */
  version: string;
}
