import type { Finding, ShardReport } from "../common/findings";
import type { Route } from "../deployment/route";

/** `sent`: Kinesis acknowledged every event. `failed`: it refused some, or can't take any. `undecided`: some got no clear answer, or were not sent. */
export type SendOutcome = "sent" | "failed" | "undecided";

/** The result of sending; the names are those of a delivery report. Nothing was read back. */
export interface SendReport {
  /** Rises when a field changes its meaning or goes; a new field doesn't raise it. */
  reportVersion: 1;
  /** What became of it. */
  outcome: SendOutcome;
  /** By whose permissions the events were written. */
  route: Route;
  /** The stack's output. */
  roleArn: string;
  /** The stack's output. */
  region: string;
  /** The stack's output. */
  streamName: string;
  /** In every record's partition key: `amplitude-kinesis.RUN.NUMBER`. */
  runId: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  /** From the start to the end. */
  durationInSeconds: number;
  /** Events sent, or refused before they could be. Acknowledged + refused + unknown. */
  eventsSent: number;
  /** Of those, the ones that Kinesis acknowledged. */
  eventsAcknowledged: number;
  /** Of those, the ones that no attempt wrote for certain. */
  eventsRefused: number;
  /** Of those, the ones that got no clear answer, or were given up before the next try: the former may be in the stream. */
  eventsUnknown: number;
  /** By the shard that acknowledged them, in order. */
  shards: Pick<ShardReport, "shardId" | "eventsAcknowledged">[];
  /** What is wrong or worth knowing. */
  findings: Finding[];
}
