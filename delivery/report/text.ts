import { findingLines, type Verdict } from "../common/findings";
import type { Latency } from "../common/histogram";
import { partText } from "../common/part";
import { printableReport } from "../common/text";
import { leftOut } from "../events/source";
import type { DeliveryReport } from "../verify/report";

const SENTENCES: Record<Verdict, string> = {
  verified: "every event sent was read back, byte for byte",
  failed: "delivery to this stream does not work",
  undecided: "the run could not show whether delivery works",
};
const VERIFIED_THROUGH_AMPLITUDE =
  "every event sent to Amplitude arrived in the stream, with the fields that were sent";

/** Returns the verdict as a sentence that follows its name. */
export function verdictSentence(report: DeliveryReport): string {
  if (report.verdict !== "verified") return SENTENCES[report.verdict];
  return report.route === "amplitude" ? VERIFIED_THROUGH_AMPLITUDE : SENTENCES.verified + leftOut(report);
}

/** Returns 0–100, rounded down: only a complete delivery may read 100%. */
export function deliveredPercent({ deliveryRate }: DeliveryReport): number {
  return Math.floor(deliveryRate * 100_000) / 1000;
}

/** Renders a report for a terminal, without a line break at its end. */
export function reportText(untrusted: DeliveryReport): string {
  const report = printableReport(untrusted);
  return [
    `${report.verdict.toUpperCase()}: ${verdictSentence(report)}`,
    "",
    ...numbers(report),
    ...report.findings.flatMap(findingLines),
    "",
    ...(report.proof.proves.length === 0 ? [] : [`Proven (route: ${report.route}):`]),
    ...report.proof.proves.map((proof) => `  + ${proof}`),
    "Not proven:",
    ...report.proof.notProven.map((open) => `  - ${open}`),
  ].join("\n");
}

function numbers(report: DeliveryReport): string[] {
  const { latencyInSeconds: latency, shards } = report;
  const rows: [string, string][] = [
    ["stream", `${report.streamName} (${report.region})`],
    ["role", report.roleArn],
    ["events sent", String(report.eventsSent)],
    ["acknowledged", String(report.eventsAcknowledged)],
    ["delivered", `${report.eventsDelivered} (${deliveredPercent(report)}%)`],
    ["not delivered", notDelivered(report)],
    ["corrupted", String(report.eventsCorrupted)],
    ["unknown", String(report.eventsUnknown)],
    ["duplicates", duplicates(report)],
    ["events skipped", String(report.eventsSkipped)],
    ["foreign records", String(report.recordsForeign)],
    ...(report.route === "amplitude"
      ? []
      : [["acknowledged in", latencyText(report.acknowledgementInSeconds)] satisfies [string, string]]),
    ["latency", latencyText(latency)],
    [
      "shards",
      shards.length === 0
        ? "none"
        : shards.map(({ shardId, recordsRead }) => `${shardId}: ${recordsRead}`).join(", "),
    ],
    ["duration", `${report.durationInSeconds.toFixed(1)} s`],
    ["run", runText(report)],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(16)}${value}`);
}

/** Returns the run's id, its part and its first start, as far as they apply. */
function runText({ runId, part, resumedFrom }: DeliveryReport): string {
  return [
    runId,
    ...(part === null ? [] : [`part ${partText(part)}`]),
    ...(resumedFrom === null ? [] : [`started ${resumedFrom}`]),
  ].join(", ");
}

export function latencyText(latency: Latency | null): string {
  if (latency === null) return "none measured";
  return `p50 ${latency.p50} s, p95 ${latency.p95} s, p99 ${latency.p99} s, max ${latency.max} s`;
}

function notDelivered(report: DeliveryReport): string {
  const { eventsNotDelivered, eventsRefused, eventsLost, eventsUnanswered } = report;
  if (eventsNotDelivered === 0) return "0";
  return `${eventsNotDelivered} (rejected ${eventsRefused}, lost ${eventsLost}, no response ${eventsUnanswered})`;
}

function duplicates({ eventsDuplicated, duplicatesUnexplained }: DeliveryReport): string {
  return duplicatesUnexplained === 0
    ? String(eventsDuplicated)
    : `${eventsDuplicated} (unexplained ${duplicatesUnexplained})`;
}
