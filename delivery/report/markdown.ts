import type { Finding, Severity, Verdict } from "../common/findings";
import { bySeverity } from "../common/findings";
import type { DeliveryReport } from "../verify/report";
import { codeSpans } from "./codeSpans";
import { presentable } from "./redactReport";
import { deliveredPercent, verdictSentence } from "./verdictSentence";

const VERDICT_SIGNS: Record<Verdict, string> = { verified: "✅", failed: "❌", undecided: "❓" };
const FINDING_SIGNS: Record<Severity, string> = { error: "❌", undetermined: "❓", warning: "⚠️" };

/** A comment on GitHub takes 65,536 characters; every text is cut and every list ends so that the report stays well below. */
const LONGEST_TEXT = 400;
const MOST_FINDINGS = 10;
const MOST_PROOFS = 5;

/**
 * The report in a few lines of GitHub's Markdown, for a pull request or `$GITHUB_STEP_SUMMARY`: below 65,536 characters
 * whatever it reports on. Texts are escaped, nobody is mentioned, and customers' accounts are masked.
 */
export function markdownReport(report: DeliveryReport): string {
  const shown = presentable(report);
  const { verdict, proof } = shown;
  const lines = [
    `## ${VERDICT_SIGNS[verdict]} Amplitude delivery: ${verdict}`,
    "",
    `${capitalized(verdictSentence(report))}.`,
    "",
    ...numbers(shown),
    ...findings(shown.findings),
    ...list("What this proves", proof.proves),
    ...list("What it leaves open", proof.leavesOpen),
  ];
  return `${lines.join("\n")}\n`;
}

function numbers(report: DeliveryReport): string[] {
  const { latencyInSeconds: latency, shards, environment } = report;
  const withEvents = shards.filter(({ recordsRead }) => recordsRead > 0).length;
  const rows: [name: string, value: string][] = [
    ["Stream", `${code(report.streamName)} in ${code(report.region)}`],
    ["Role", `${code(report.roleArn)}, route ${code(report.route)}`],
    ["Events", eventCounts(report)],
    [
      "Latency",
      latency === null
        ? "none measured"
        : `p50 ${latency.p50} s, p95 ${latency.p95} s, p99 ${latency.p99} s, max ${latency.max} s`,
    ],
    ["Shards", `${withEvents} of ${shards.length} gave back events of this run`],
    [
      "Run",
      `${code(report.runId)}, ${code(report.startedAt)}, ${report.durationInSeconds.toFixed(1)} s, version ${code(environment.version)}`,
    ],
  ];
  return ["| | |", "|---|---|", ...rows.map(([name, value]) => `| ${name} | ${value} |`)];
}

function eventCounts(report: DeliveryReport): string {
  const { eventsNotDelivered, eventsCorrupted, eventsUnknown, eventsDuplicated } = report;
  const bad: [number, string][] = [
    [eventsNotDelivered, "not delivered"],
    [eventsCorrupted, "corrupted"],
    [eventsUnknown, "unknown"],
    [eventsDuplicated, "duplicated"],
  ];
  return [
    `${report.eventsSent} sent`,
    `${report.eventsDelivered} delivered (${deliveredPercent(report)} %)`,
    ...bad.filter(([events]) => events > 0).map(([events, what]) => `**${events} ${what}**`),
  ].join(", ");
}

function findings(all: Finding[]): string[] {
  if (all.length === 0) return [];
  const shown = bySeverity(all).slice(0, MOST_FINDINGS).map(finding);
  const more = all.length > MOST_FINDINGS ? [`- and ${all.length - MOST_FINDINGS} more`] : [];
  return ["", `### Findings (${all.length})`, "", ...shown, ...more];
}

function finding({ severity, code: about, message, where, remedy }: Finding): string {
  return `- ${FINDING_SIGNS[severity]} **${prose(about)}** in ${code(where)}: ${prose(message)}  \n  **Remedy:** ${prose(remedy)}`;
}

function list(title: string, sentences: string[]): string[] {
  if (sentences.length === 0) return [];
  return [
    "",
    `**${title}**`,
    "",
    ...sentences.slice(0, MOST_PROOFS).map((sentence) => `- ${prose(sentence)}`),
  ];
}

function prose(text: string): string {
  return codeSpans(oneLine(text))
    .map((piece) => (piece.isCode ? code(piece.text) : escaped(piece.text)))
    .join("");
}

/**
 * A backslash before what is markup within a line, and what would begin a list at its start. GitHub looks for mentions,
 * issues and addresses in the text that comes of it: a zero-width space behind their signs keeps them apart.
 */
function escaped(text: string): string {
  return text
    .replace(/[\\`*_[\]<>#|~&@$]|^[-+=]|(?<=^\d+)[.)]/g, "\\$&")
    .replace(/\\[@#]|:(?=\/\/)|www(?=\.)/gi, "$&\u200b");
}

/**
 * Nothing is markup in a code span but its fence, which is longer than any row of backticks in it, and a bar where the
 * span stands in a table: no name or ARN has one, and readers differ in how one is escaped behind a backslash.
 */
function code(text: string): string {
  const line = oneLine(text).replaceAll("|", "¦");
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((row) => row.length));
  const fence = "`".repeat(longest + 1);
  // One space on either side is no part of the span (CommonMark 6.1): needed where it begins or ends with a backtick.
  const padding = /^`|`$/.test(line) ? " " : "";
  return line === "" ? "–" : fence + padding + line + padding + fence;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  const characters = [...line];
  return characters.length > LONGEST_TEXT ? `${characters.slice(0, LONGEST_TEXT).join("")}…` : line;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
