import { findingLines } from "../common/findings";
import { alignedColumns, counted, printableReport } from "../common/text";
import type { EventOutcomes, ReconcileReport, ReconcileVerdict } from "../reconcile/report";
import { type Check, countCheck, findingCheck, junitXml } from "./junit";
import { code, findingList, numbersTable, prose } from "./markdown";
import { capitalized, RESULTS, redactReport } from "./presentation";
import { latencyText } from "./text";

/** Returns the verdict as a sentence that follows its name. */
export function reconciliationSentence(report: ReconcileReport): string {
  const { verdict, eventsExported, eventsDelivered, eventsMissing, eventsNotForwarded } = report;
  const notForwarded =
    eventsNotForwarded === 0
      ? ""
      : `; ${counted(eventsNotForwarded, "event")} of types that may be filtered out`;
  const sentences: Record<ReconcileVerdict, string> = {
    complete: `${eventsDelivered} of ${counted(eventsExported, "exported event")} delivered`,
    incomplete: `${eventsMissing} of ${counted(eventsExported, "exported event")} missing`,
    undecided: `it could not be determined whether every event arrived; ${eventsDelivered} of ${counted(eventsExported, "exported event")} delivered`,
  };
  return sentences[verdict] + notForwarded;
}

/** Returns the numbers of a report with their names. */
export function reconciliationNumbers(report: ReconcileReport): [name: string, value: string][] {
  const { backfill, amplitudeMetrics: metrics, rowsIgnored, eventsLateOverAnHour } = report;
  const ignored = rowsIgnored.repeated + rowsIgnored.otherHours + rowsIgnored.withoutTime;
  const rows: [string, string | number | null][] = [
    ["stream", `${report.streamName} (${report.region})`],
    ["hours", `${report.from} to ${report.to}, UTC`],
    ["exported", report.eventsExported],
    ["delivered", report.eventsDelivered],
    ["missing", report.eventsMissing],
    ["duplicated", report.eventsDuplicated],
    ["different", report.eventsDifferent],
    ["late", `${report.eventsLate} (over an hour ${eventsLateOverAnHour})`],
    ["not forwarded", report.eventsNotForwarded],
    ["not matchable", report.eventsWithoutIdentity],
    ["other projects", report.eventsOfOtherProjects],
    ["other hours", report.eventsOfOtherHours],
    ["unexplained", report.eventsUnexplained],
    ["tests", report.rowsOfTests],
    ["foreign records", report.recordsForeign],
    ["rows ignored", ignored],
    ["parts skipped", report.eventsSkipped],
    ["latency", latencyText(report.latencyInSeconds)],
    ["written", backfill && `${backfill.eventsWritten}, not written ${backfill.eventsNotWritten}`],
    [
      "by Amplitude",
      metrics &&
        `delivered ${metrics.eventsDelivered}, not delivered ${metrics.eventsNotDelivered}, expired ${metrics.eventsExpired}, discarded ${metrics.eventsDiscarded}`,
    ],
    ["duration", `${report.durationInSeconds.toFixed(1)} s`],
  ];
  return rows.flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]]));
}

/** Columns of the tables per hour and per event type. */
export const OUTCOME_COLUMNS: [title: string, field: keyof EventOutcomes][] = [
  ["Exported", "eventsExported"],
  ["Delivered", "eventsDelivered"],
  ["Missing", "eventsMissing"],
  ["Duplicated", "eventsDuplicated"],
  ["Different", "eventsDifferent"],
  ["Late", "eventsLate"],
  ["Not forwarded", "eventsNotForwarded"],
];

/** Rows of a table on a terminal or in Markdown. The page and report.json have more. */
const MAX_ROWS = 20;

/** A table of outcomes as cells, with the rows that have something to say first. */
interface OutcomeTable {
  header: string[];
  rows: string[][];
  /** Number of rows that are left out. */
  more: number;
}

function outcomeTable<Row extends EventOutcomes>(
  title: string,
  all: Row[],
  nameOf: (row: Row) => string,
): OutcomeTable {
  const weight = (row: Row) => row.eventsMissing * 1e6 + row.eventsNotForwarded + row.eventsDifferent;
  const ranked = all.length <= MAX_ROWS ? all : [...all].sort((one, other) => weight(other) - weight(one));
  const shown = ranked.slice(0, MAX_ROWS);
  return {
    header: [title, ...OUTCOME_COLUMNS.map(([name]) => name)],
    rows: shown.map((row) => [nameOf(row), ...OUTCOME_COLUMNS.map(([, field]) => String(row[field]))]),
    more: all.length - shown.length,
  };
}

/** Renders a report for a terminal, without a line break at its end. */
export function reconciliationText(untrusted: ReconcileReport): string {
  const report = printableReport(untrusted);
  return [
    `${report.verdict.toUpperCase()}: ${reconciliationSentence(report)}`,
    "",
    ...reconciliationNumbers(report).map(([name, value]) => `  ${name.padEnd(16)}${value}`),
    ...textTable(outcomeTable("hour", report.hours, ({ hour, verdict }) => `${hour} ${verdict}`)),
    ...textTable(outcomeTable("event type", report.eventTypes, ({ eventType }) => eventType)),
    ...report.findings.flatMap(findingLines),
  ].join("\n");
}

function textTable({ header, rows, more }: OutcomeTable): string[] {
  if (rows.length === 0) return [];
  const lines = alignedColumns([header.map((title) => title.toLowerCase()), ...rows], 1);
  return ["", ...lines.map((line) => `  ${line}`), ...(more > 0 ? [`  and ${more} more`] : [])];
}

/** Renders a report as GitHub Markdown. Customers' accounts are redacted. */
export function reconciliationMarkdown(report: ReconcileReport): string {
  const shown = redactReport(report);
  const lines = [
    `## ${RESULTS[shown.verdict].emoji} Amplitude reconciliation: ${shown.verdict}`,
    "",
    `${capitalized(reconciliationSentence(shown))}.`,
    "",
    ...numbersTable(reconciliationNumbers(shown).map(([name, value]) => [capitalized(name), prose(value)])),
    ...markdownTable(outcomeTable("Hour", shown.hours, ({ hour, verdict }) => `${code(hour)} ${verdict}`)),
    ...markdownTable(outcomeTable("Event type", shown.eventTypes, ({ eventType }) => code(eventType))),
    ...findingList(shown.findings),
  ];
  return `${lines.join("\n")}\n`;
}

function markdownTable({ header, rows, more }: OutcomeTable): string[] {
  if (rows.length === 0) return [];
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [
    "",
    line(header),
    `|---|${"---:|".repeat(header.length - 1)}`,
    ...rows.map(line),
    ...(more > 0 ? ["", `And ${more} more.`] : []),
  ];
}

/** Renders a report as JUnit XML. The verdict, each hour and each finding is a test case. Customers' accounts are redacted. */
export function reconciliationJunit(report: ReconcileReport): string {
  const shown = redactReport(report);
  const { streamName, region, roleArn, from, to, version } = shown;
  const checks = [
    check("verdict", shown.verdict, reconciliationSentence(shown), shown.durationInSeconds),
    countCheck("no event is missing", shown.eventsMissing, "failure", "missing"),
    ...shown.hours.map(({ hour, verdict, eventsMissing }) =>
      check(`hour ${hour}`, verdict, `${counted(eventsMissing, "event")} missing`),
    ),
    ...shown.findings.map(findingCheck),
  ];
  return junitXml(
    "amplitude-kinesis reconcile",
    shown,
    { streamName, region, roleArn, from, to, version },
    checks,
  );
}

function check(name: string, verdict: ReconcileVerdict, sentence: string, seconds = 0): Check {
  if (verdict === "complete") return { name, seconds, outcome: undefined };
  const element = verdict === "incomplete" ? "failure" : "error";
  const message = `${verdict}: ${sentence}`;
  return { name, seconds, outcome: { element, type: verdict, message, details: "See the findings." } };
}
