import { findingLines } from "../common/findings";
import { counted, printableReport } from "../common/text";
import type { CheckReport, CheckVerdict } from "./report";

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

function rows(report: CheckReport): [string, string][] {
  const { stream, role, alarms, guard } = report;
  return [
    ["stream", `${report.streamName} (${report.region})`],
    [
      "",
      stream === null
        ? UNKNOWN
        : `${stream.status}, ${stream.mode}, ${counted(stream.openShards, "open shard")}`,
    ],
    ...(stream === null ? [] : streamRows(stream)),
    ["role", report.roleArn],
    ...(role === null ? ([["", UNKNOWN]] as [string, string][]) : roleRows(role)),
    ["alarms", alarms === null ? UNKNOWN : alarms.join(", ") || "none"],
    ...(guard === null ? [] : ([["guard", guardText(guard)]] as [string, string][])),
    ["checked as", report.checkedAs],
  ];
}

function guardText({ state, projectIds }: NonNullable<CheckReport["guard"]>): string {
  if (state === null) return UNKNOWN;
  return projectIds === null ? state : `${state}, expects ${projectIds.join(", ")}`;
}

function streamRows(stream: NonNullable<CheckReport["stream"]>): [string, string][] {
  const key = stream.keyId === null ? "" : ` with ${stream.keyId}`;
  return [
    ["encryption", `${stream.encryption}${key}`],
    ["retention", `${stream.retentionHours} h; records up to ${stream.maxRecordSizeKib} KiB`],
  ];
}

function roleRows(role: NonNullable<CheckReport["role"]>): [string, string][] {
  const { policies, permissionsBoundaryArn, maxSessionSeconds } = role;
  return [
    ["policies", policies === null ? UNKNOWN : policies.join(", ") || "none"],
    ["boundary", permissionsBoundaryArn ?? "none"],
    ["sessions", `up to ${maxSessionSeconds} s`],
  ];
}
