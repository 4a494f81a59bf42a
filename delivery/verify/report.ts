import type { Finding, ShardReport, Verdict } from "../common/findings";
import type { Latency } from "../common/histogram";
import type { TimelineReport } from "../common/timeline";
import type { ReportedRoute } from "../deployment/route";

/** The result of a delivery test; the names follow Amplitude's delivery metrics API where it has one. */
export interface DeliveryReport {
  /** Rises when a field changes its meaning or goes; a new field doesn't raise it. */
  reportVersion: 1;
  /** What the run has shown. */
  verdict: Verdict;
  /** By whom the events were written. */
  route: ReportedRoute;
  /** The stack's output. */
  roleArn: string;
  /** The stack's output. */
  region: string;
  /** The stack's output. */
  streamName: string;
  /** In every record's partition key, on the route `amplitude` in every event's `$insert_id`: `amplitude-kinesis.RUN.NUMBER`. */
  runId: string;
  /** Undecided for what a further process may still find out: it has a file by which `verify --resume RUN` goes on with it. */
  resumable: boolean;
  /** Where the run was gone on with: when it began first, in ISO 8601, UTC. Null otherwise. */
  resumedFrom: string | null;
  /** When this process began, in ISO 8601, UTC. */
  startedAt: string;
  /** From the start to the verdict. */
  durationInSeconds: number;
  /** Events sent, or refused before they could be. Delivered + not delivered + corrupted + unknown. */
  eventsSent: number;
  /** Of those, the ones that Kinesis acknowledged; on the route `amplitude`, that Amplitude's API accepted. */
  eventsAcknowledged: number;
  /** Read back with exactly the bytes that were sent; on the route `amplitude`, with the fields that were. */
  eventsDelivered: number;
  /** Not in the stream: refused + lost + unanswered. */
  eventsNotDelivered: number;
  /** Of those, the ones that no attempt wrote for certain. */
  eventsRefused: number;
  /** Of those, the ones that Kinesis acknowledged: absent after two readings of the stream from the run's start. */
  eventsLost: number;
  /** Of those, the ones that got no clear answer, and are absent after two readings likewise. */
  eventsUnanswered: number;
  /** Read back with other bytes. */
  eventsCorrupted: number;
  /** Copies beyond the first, of any event. */
  eventsDuplicated: number;
  /** Of those copies, the ones that neither the acknowledgement nor an attempt without a clear answer accounts for. */
  duplicatesUnexplained: number;
  /** Read back though every attempt was refused; they count as delivered or corrupted. */
  eventsSeenThoughRefused: number;
  /** Not read back so far, and the reading could not be finished. */
  eventsUnknown: number;
  /** eventsDelivered ÷ eventsSent, 0–1; 0 where nothing was sent. */
  deliveryRate: number;
  /**
   * From when an event was due until it was read back, with the wait for the next reading in it. It is due at its time
   * where the run has a rate, and else at its first attempt. Events that an earlier process sent are left out. Null where
   * there are none.
   */
  latencyInSeconds: Latency | null;
  /** Likewise until Kinesis acknowledged it. */
  acknowledgementInSeconds: Latency | null;
  /**
   * The same latencies whole, in ms: an HdrHistogram in its compressed V2 encoding, in base64, which the HdrHistogram
   * libraries of any language decode and add up over runs. Null where nothing was read.
   */
  latencyHistogram: string | null;
  /** When events were sent, acknowledged and read. */
  timeline: TimelineReport;
  /** Records in the stream meanwhile that are not of this run: counted and left alone. */
  recordsForeign: number;
  /** Every shard that the run has seen, those of a resharding included. */
  shards: ShardReport[];
  /** What is wrong or worth knowing. */
  findings: Finding[];
  /** What the verdict means. */
  proof: Proof;
  /** What the test ran on. */
  environment: Environment;
}

/** What a test ran on. */
export interface Environment {
  /** Of this package. */
  version: string;
  /** Of Node.js, such as `v24.1.0`. */
  nodeVersion: string;
  /** Operating system and processor, such as `linux x64`. */
  platform: string;
}

/** In words, a sentence each. */
export interface Proof {
  /** What the run proves: nothing unless it is verified. */
  proves: string[];
  /** What it can't. */
  notProven: string[];
}
