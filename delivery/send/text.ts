import { findingLines } from "../common/findings";
import { partText } from "../common/part";
import { printableReport } from "../common/text";
import { leftOut } from "../sending/findings";
import type { SendOutcome, SendReport } from "./report";

const SENTENCES: Record<SendOutcome, string> = {
  sent: "SENT: Nothing was read back; Kinesis acknowledged every event",
  failed: "FAILED: not every event is in the stream",
  undecided: "UNDECIDED: not every event was sent, or got a clear response",
};

/** Returns the report for a person at a terminal, without a line break at its end. */
export function sendText(untrusted: SendReport): string {
  const report = printableReport(untrusted);
  const rows: [name: string, text: string][] = [
    ["stream", `${report.streamName} (${report.region})`],
    ["role", report.roleArn],
    ["route", report.route],
    ["events sent", String(report.eventsSent)],
    ["acknowledged", String(report.eventsAcknowledged)],
    ["refused", String(report.eventsRefused)],
    ["unknown", String(report.eventsUnknown)],
    ["events skipped", String(report.eventsSkipped)],
    ["shards", shards(report)],
    ["run", report.part === null ? report.runId : `${report.runId}, part ${partText(report.part)}`],
    ["took", `${report.durationInSeconds.toFixed(1)} s`],
  ];
  return [
    `${SENTENCES[report.outcome]}${report.outcome === "sent" ? leftOut(report) : ""}`,
    "",
    ...rows.map(([name, text]) => `  ${name.padEnd(16)}${text}`),
    ...report.findings.flatMap(findingLines),
  ].join("\n");
}

function shards({ shards }: SendReport): string {
  if (shards.length === 0) return "none";
  return shards.map(({ shardId, eventsAcknowledged }) => `${shardId}: ${eventsAcknowledged}`).join(", ");
}
