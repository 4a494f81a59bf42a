import { bySeverity, type Finding, type Severity } from "../common/findings";
import { partText } from "../common/part";
import type { DeliveryReport } from "../verify/report";
import { capitalized, codeSpans, RESULTS, redactReport } from "./presentation";
import { deliveredPercent, latencyText, verdictSentence } from "./text";

const FINDING_SIGNS: Record<Severity, string> = { error: "❌", undetermined: "❓", warning: "⚠️" };

/** Limits that keep the report below the 65,536 characters of a comment on GitHub. */
const MAX_TEXT_CHARACTERS = 400;
const MAX_FINDINGS = 10;
const MAX_SENTENCES = 5;

/**
 * Renders a report as GitHub Markdown, for a pull request or `$GITHUB_STEP_SUMMARY`. The result always has fewer than
 * 65,536 characters. Texts are escaped, mention nobody, and customers' accounts are redacted.
 */
export function markdownReport(report: DeliveryReport): string {
  const shown = redactReport(report);
  const { verdict, proof } = shown;
  const lines = [
    `## ${RESULTS[verdict].emoji} Amplitude delivery: ${verdict}`,
    "",
    `${capitalized(verdictSentence(report))}.`,
    "",
    ...numbers(shown),
    ...findingList(shown.findings),
    ...list("Proven", proof.proves),
    ...list("Not proven", proof.notProven),
  ];
  return `${lines.join("\n")}\n`;
}

function numbers(report: DeliveryReport): string[] {
  const { shards, environment } = report;
  const withEvents = shards.filter(({ recordsRead }) => recordsRead > 0).length;
  const rows: [name: string, value: string][] = [
    ["Stream", `${code(report.streamName)} in ${code(report.region)}`],
    ["Role", `${code(report.roleArn)}, route ${code(report.route)}`],
    ["Events", eventCounts(report)],
    ["Latency", latencyText(report.latencyInSeconds)],
    ["Shards", `${withEvents} of ${shards.length} returned events of this run`],
    [
      "Run",
      `${code(report.runId)}${report.part === null ? "" : `, part ${partText(report.part)}`}, ${code(report.startedAt)}, ${report.durationInSeconds.toFixed(1)} s, version ${code(environment.version)}`,
    ],
  ];
  return numbersTable(rows);
}

/** Renders rows of Markdown. */
export function numbersTable(rows: readonly [name: string, value: string][]): string[] {
  return ["| | |", "|---|---|", ...rows.map(([name, value]) => `| ${name} | ${value} |`)];
}

function eventCounts(report: DeliveryReport): string {
  const { eventsNotDelivered, eventsCorrupted, eventsUnknown, eventsDuplicated, eventsSkipped } = report;
  const bad: [number, string][] = [
    [eventsNotDelivered, "not delivered"],
    [eventsCorrupted, "corrupted"],
    [eventsUnknown, "unknown"],
    [eventsDuplicated, "duplicated"],
    [eventsSkipped, "skipped"],
  ];
  return [
    `${report.eventsSent} sent`,
    `${report.eventsDelivered} delivered (${deliveredPercent(report)}%)`,
    ...bad.filter(([events]) => events > 0).map(([events, outcome]) => `**${events} ${outcome}**`),
  ].join(", ");
}

export function findingList(all: Finding[]): string[] {
  if (all.length === 0) return [];
  const shown = bySeverity(all).slice(0, MAX_FINDINGS).map(findingItem);
  const more = all.length > MAX_FINDINGS ? [`- and ${all.length - MAX_FINDINGS} more`] : [];
  return ["", `### Findings (${all.length})`, "", ...shown, ...more];
}

function findingItem({ severity, code: findingCode, message, where, remedy }: Finding): string {
  return `- ${FINDING_SIGNS[severity]} **${prose(findingCode)}** in ${code(where)}: ${prose(message)}  \n  **Remedy:** ${prose(remedy)}`;
}

function list(title: string, sentences: string[]): string[] {
  if (sentences.length === 0) return [];
  return [
    "",
    `**${title}**`,
    "",
    ...sentences.slice(0, MAX_SENTENCES).map((sentence) => `- ${prose(sentence)}`),
  ];
}

export function prose(text: string): string {
  return codeSpans(oneLine(text))
    .map((piece) => (piece.isCode ? code(piece.text) : escaped(piece.text)))
    .join("");
}

/**
 * Escapes inline markup, and list markers at the start, with a backslash. GitHub also looks for mentions, issues and
 * addresses in the rendered text, so a zero-width space follows their signs.
 */
function escaped(text: string): string {
  return text
    .replace(/[\\`*_[\]<>#|~&@$]|^[-+=]/g, "\\$&")
    .replace(/^(\d+)([.)])/, "$1\\$2")
    .replace(/\\[@#]|:(?=\/\/)|www(?=\.)/gi, "$&\u200b");
}

/**
 * Renders a code span. Its fence is longer than any row of backticks in the text. A bar would end a table's cell, and
 * renderers disagree about escaping it, so it is replaced: no name or ARN has one.
 */
export function code(text: string): string {
  const line = oneLine(text).replaceAll("|", "¦");
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((row) => row.length));
  const fence = "`".repeat(longest + 1);
  // CommonMark 6.1 strips one space on either side, which a span needs if it starts or ends with a backtick.
  const padding = /^`|`$/.test(line) ? " " : "";
  return line === "" ? "–" : fence + padding + line + padding + fence;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  const characters = [...line];
  return characters.length > MAX_TEXT_CHARACTERS
    ? `${characters.slice(0, MAX_TEXT_CHARACTERS).join("")}…`
    : line;
}
