import { type Finding, findingLines } from "../common/findings";
import { counted, printableReport } from "../common/text";
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
  /** Rises if a field changes its meaning or goes; a new field doesn't raise it. */
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

const SENTENCES: Record<CheckVerdict, string> = {
  passed: "PASSED: found nothing that stops Amplitude's delivery",
  failed: "FAILED: Amplitude can't deliver to this stream as it is",
  undecided: "UNDECIDED: whether Amplitude can deliver could not be determined",
};

/** Returns the report for a terminal, without a line break at its end. */
export function checkText(untrusted: CheckReport): string {
  const report = printableReport(untrusted);
  return [
    SENTENCES[report.verdict],
    "",
    ...rows(report).map(([name, value]) => `  ${name.padEnd(14)}${value}`),
    ...report.findings.flatMap(findingLines),
    "",
    "Not proven:",
    ...report.notProven.map((sentence) => `  - ${sentence}`),
  ].join("\n");
}

const UNKNOWN = "could not be looked up";

type Row = [name: string, value: string];

function rows(report: CheckReport): Row[] {
  const { stream, role, alarms, guard } = report;
  const unknown: Row[] = [["", UNKNOWN]];
  return [
    ["stream", `${report.streamName} (${report.region})`],
    ...(stream === null ? unknown : streamRows(stream)),
    ["role", report.roleArn],
    ...(role === null ? unknown : roleRows(role)),
    ["alarms", alarms === null ? UNKNOWN : alarms.join(", ") || "none"],
    ...(guard === null ? [] : [["guard", guardText(guard)] as Row]),
    ["checked as", report.checkedAs],
  ];
}

function guardText({ state, projectIds }: CheckedGuard): string {
  if (state === null) return UNKNOWN;
  return projectIds === null ? state : `${state}, expects ${projectIds.join(", ")}`;
}

function streamRows(stream: CheckedStream): Row[] {
  const key = stream.keyId === null ? "" : ` with ${stream.keyId}`;
  return [
    ["", `${stream.status}, ${stream.mode}, ${counted(stream.openShards, "open shard")}`],
    ["encryption", `${stream.encryption}${key}`],
    ["retention", `${stream.retentionHours} h; records up to ${stream.maxRecordSizeKib} KiB`],
  ];
}

function roleRows({ policies, permissionsBoundaryArn, maxSessionSeconds }: CheckedRole): Row[] {
  return [
    ["policies", policies === null ? UNKNOWN : policies.join(", ") || "none"],
    ["boundary", permissionsBoundaryArn ?? "none"],
    ["sessions", `up to ${maxSessionSeconds} s`],
  ];
}
