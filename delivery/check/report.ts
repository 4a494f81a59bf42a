import type { Finding } from "../common/findings";
import type { CheckedGuard } from "../deployment/guard";
import type { CheckedStream } from "../deployment/stream";

/** `passed`: nothing stops delivery. `failed`: something does. `undecided`: a part could not be determined. */
export type CheckVerdict = "passed" | "failed" | "undecided";

/** The role as IAM describes it. */
export interface CheckedRole {
  /** ARN in IAM. */
  roleArn: string;
  /** Longest session of the role. */
  maxSessionSeconds: number;
  /** Null without a boundary. */
  permissionsBoundaryArn: string | null;
  /** Names of its policies; null if they could not be listed. */
  policies: string[] | null;
}

/** Result of a check, which writes nothing. */
export interface CheckReport {
  /** Rises when a field changes its meaning or goes; a new field doesn't raise it. */
  reportVersion: 1;
  /** Verdict of the findings. */
  verdict: CheckVerdict;
  /** The stack's output. */
  roleArn: string;
  /** The stack's output. */
  region: string;
  /** The stack's output. */
  streamName: string;
  /** ARN of the caller, as AWS sees it. */
  checkedAs: string;
  /** ISO 8601, UTC. */
  checkedAt: string;
  /** Null if it could not be looked up. */
  stream: CheckedStream | null;
  /** Null if it could not be read. */
  role: CheckedRole | null;
  /** Names of the alarms on the stream's metrics; null if CloudWatch could not be asked. */
  alarms: string[] | null;
  /** The guard that the outputs name; null without one. */
  guard: CheckedGuard | null;
  /** Problems and facts worth knowing, the most severe first. */
  findings: Finding[];
  /** Facts that a check can't prove, one phrase each. */
  notProven: string[];
}
