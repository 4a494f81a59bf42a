import type { Finding, ShardReport, Verdict } from "../common/findings";
import type { Latency } from "../common/histogram";
import type { StackOutputs } from "../common/outputs";
import type { Part } from "../common/part";
import type { TimelineReport } from "../common/timeline";
import type { ReportedRoute } from "../deployment/route";
import type { Omissions } from "../events/source";

/** Result of a delivery test. Its names follow Amplitude's delivery metrics API if that has one. */
export interface DeliveryReport extends Pick<StackOutputs, "roleArn" | "region" | "streamName">, Omissions {
  /** Version of the format. It rises if a field changes its meaning or is removed, but not with a new field. */
  reportVersion: 1;
  /** Verdict on the run. */
  verdict: Verdict;
  /** Route by which the events were written. It tells who wrote them. */
  route: ReportedRoute;
  /**
   * Id of the run: part of `amplitude-kinesis.RUN.NUMBER`, which is every record's partition key, or on the route
   * `amplitude` every event's `$insert_id`.
   */
  runId: string;
  /**
   * Part of the run that this report is about, with its index from 0. Null for a whole run, and for the merged report of
   * all parts.
   */
  part: Part | null;
  /**
   * Whether `verify --resume RUN` can resume the run: it is undecided, a further process may still decide it, and it
   * has a run file.
   */
  resumable: boolean;
  /** Start of the run's first process, in ISO 8601, UTC. Null if the run was not resumed. */
  resumedFrom: string | null;
  /** Start of this process, in ISO 8601, UTC. */
  startedAt: string;
  /** Time from the start to the verdict, in seconds. */
  durationInSeconds: number;
  /** Number of events sent, or refused before they could be: delivered + not delivered + corrupted + unknown. */
  eventsSent: number;
  /** Number of events that Kinesis acknowledged; on the route `amplitude`, that Amplitude's API accepted. */
  eventsAcknowledged: number;
  /**
   * Number of events read back with exactly the bytes that were sent; on the route `amplitude`, with the fields that
   * were.
   */
  eventsDelivered: number;
  /** Number of events that are not in the stream: refused + lost + unanswered. */
  eventsNotDelivered: number;
  /** Number of undelivered events that certainly no attempt wrote. */
  eventsRefused: number;
  /**
   * Number of undelivered events that were acknowledged. Two readings of the stream from the run's start did not find
   * them.
   */
  eventsLost: number;
  /**
   * Number of undelivered events without a clear response. Two readings from the run's start did not find them either.
   */
  eventsUnanswered: number;
  /** Number of events read back with other bytes; on the route `amplitude`, with other fields. */
  eventsCorrupted: number;
  /** Number of copies beyond the first, of any event. */
  eventsDuplicated: number;
  /** Number of those copies that neither the acknowledgement nor an attempt without a clear response accounts for. */
  duplicatesUnexplained: number;
  /** Number of events read back although every attempt was refused. They also count as delivered or corrupted. */
  eventsSeenDespiteRefusal: number;
  /**
   * Number of events with an unknown outcome. They were not read back, for example because reading could not be
   * finished.
   */
  eventsUnknown: number;
  /** Ratio eventsDelivered ÷ eventsSent, 0–1; 0 if nothing was sent. */
  deliveryRate: number;
  /**
   * Latency from when an event was due until it was read back, which includes the wait for the next read. If the run
   * has a rate, an event is due at its time, otherwise at its first attempt. Events that an earlier process sent are
   * left out. Null if there are no others.
   */
  latencyInSeconds: Latency | null;
  /**
   * Latency from when an event was due until Kinesis acknowledged it. Null if none was measured, and on the route
   * `amplitude`.
   */
  acknowledgementInSeconds: Latency | null;
  /**
   * Complete distribution of `latencyInSeconds`, in ms: an HdrHistogram in its compressed V2 encoding, in base64. The
   * HdrHistogram libraries of any language decode it and add it up over runs. Null if nothing was read.
   */
  latencyHistogram: string | null;
  /** Distribution of `acknowledgementInSeconds` in the same encoding, and null if that is. */
  acknowledgementHistogram: string | null;
  /** Times at which events were sent, acknowledged and read. */
  timeline: TimelineReport;
  /**
   * Number of records in the stream meanwhile that do not belong to this run. They are only counted. A part counts those in
   * the shards whose first hash key it has, so that no two parts count the same one.
   */
  recordsForeign: number;
  /** Number of records of the run's other parts in the shards that this part has read. Those parts account for them. */
  recordsOfOtherParts: number;
  /** Shards that the run has seen, including those of a resharding. */
  shards: ShardReport[];
  /** Findings of the preflight, of the run and about its events. */
  findings: Finding[];
  /** Meaning of the verdict. */
  proof: Proof;
  /** Environment in which the test ran. */
  environment: Environment;
}

/** Environment in which a test ran. */
export interface Environment {
  /** Version of this package. */
  version: string;
  /** Version of Node.js, such as `v24.1.0`. */
  nodeVersion: string;
  /** Operating system and processor, such as `linux x64`. */
  platform: string;
}

/** Meaning of a verdict in words, one sentence per entry. */
export interface Proof {
  /** Facts that the run proves. Empty unless the run is verified. */
  proves: string[];
  /** Facts that the run can't prove. */
  notProven: string[];
}
