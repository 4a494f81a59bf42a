import type { Finding, ShardReport } from "../common/findings";
import type { Part } from "../common/part";
import type { Route } from "../deployment/route";
import type { Omissions } from "../events/source";

/**
 * Outcome of sending.
 *
 * - `sent`: Kinesis acknowledged every event.
 * - `failed`: Kinesis refused some events, or can't take any.
 * - `undecided`: some events got no clear response, or were not sent.
 */
export type SendOutcome = "sent" | "failed" | "undecided";

/** Result of sending. Its names are those of a delivery report. Nothing was read back. */
export interface SendReport extends Omissions {
  /** Version of the format. It rises if a field changes its meaning or is removed, but not with a new field. */
  reportVersion: 1;
  /** Outcome of all events together. */
  outcome: SendOutcome;
  /** Route by which the events were written. It tells whose permissions were used. */
  route: Route;
  /** The stack's output. */
  roleArn: string;
  /** The stack's output. */
  region: string;
  /** The stack's output. */
  streamName: string;
  /** Id of the run, which is part of every record's partition key: `amplitude-kinesis.RUN.NUMBER`. */
  runId: string;
  /** Part of the run that this report is about, with its index from 0. Null for a whole run. */
  part: Part | null;
  /** Start of the run, in ISO 8601, UTC. */
  startedAt: string;
  /** Time from the start to the end, in seconds. */
  durationInSeconds: number;
  /** Number of events sent, or refused before they could be: acknowledged + refused + unknown. */
  eventsSent: number;
  /** Number of events that Kinesis acknowledged. */
  eventsAcknowledged: number;
  /** Number of events that certainly no attempt wrote. */
  eventsRefused: number;
  /**
   * Number of events that got no clear response, or were given up before the next attempt. Some may be in the stream.
   */
  eventsUnknown: number;
  /** Number of acknowledged events per shard, ordered by shard id. */
  shards: Pick<ShardReport, "shardId" | "eventsAcknowledged">[];
  /** Findings of the preflight, of the run and about the source. */
  findings: Finding[];
}
