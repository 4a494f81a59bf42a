import type { Finding } from "../common/findings";
import type { CheckedStream } from "../deployment/stream";

/** `passed`: nothing was found that stops delivery. `failed`: something does. `undecided`: a part of it could not be found out. */
export type CheckVerdict = "passed" | "failed" | "undecided";

/** The role as IAM describes it. */
export interface CheckedRole {
  /** As IAM has it. */
  roleArn: string;
  /** How long a session of the role may last. */
  maxSessionSeconds: number;
  /** Null without one. */
  permissionsBoundaryArn: string | null;
  /** Names of its policies; null where they could not be listed. */
  policies: string[] | null;
}

/** What a check found; nothing was written for it. */
export interface CheckReport {
  /** Rises when a field changes its meaning or goes; a new field doesn't raise it. */
  reportVersion: 1;
  /** What the findings come to. */
  verdict: CheckVerdict;
  /** The stack's output. */
  roleArn: string;
  /** The stack's output. */
  region: string;
  /** The stack's output. */
  streamName: string;
  /** Who asked, as AWS sees them. */
  checkedAs: string;
  /** ISO 8601, UTC. */
  checkedAt: string;
  /** Null where it could not be looked up. */
  stream: CheckedStream | null;
  /** Null where it could not be read. */
  role: CheckedRole | null;
  /** Names of the alarms on the stream's metrics; null where CloudWatch could not be asked. */
  alarms: string[] | null;
  /** What is wrong or worth knowing, the gravest first. */
  findings: Finding[];
  /** What no check from outside can tell, a sentence each. */
  leavesOpen: string[];
}
