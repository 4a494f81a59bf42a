import { bySeverity, type Finding, findingLines, listed } from "../common/findings";
import { type Part, partText } from "../common/part";
import { alignedColumns, counted, printableReport } from "../common/text";
import {
  type CustomerOutcome,
  type CustomerResult,
  changesText,
  type FleetReport,
  OUTCOMES,
} from "../fleet/report";
import { type Check, findingCheck, junitXml, resultCheck } from "./junit";
import { code, findingList, prose } from "./markdown";
import { capitalized, RESULTS, redactTexts, resultWords } from "./presentation";

/** Returns the report with every account redacted. */
export function redactFleet(report: FleetReport): FleetReport {
  return redactTexts(
    report,
    report.customers.flatMap(({ accountId }) => accountId ?? []),
  );
}

/** Returns the number of customers by outcome, success first and then the worst, without outcomes that none has. */
export function countOutcomes(customers: CustomerResult[]): [outcome: CustomerOutcome, customers: number][] {
  return [...new Set<CustomerOutcome>(["succeeded", ...OUTCOMES])]
    .map((outcome): [CustomerOutcome, number] => [
      outcome,
      customers.filter((each) => each.outcome === outcome).length,
    ])
    .filter(([, number]) => number > 0);
}

/** Returns the outcome as a sentence that follows its name. */
export function fleetSentence({ command, customers }: FleetReport): string {
  const counts = countOutcomes(customers).map(([outcome, number]) => `${number} ${resultWords(outcome)}`);
  const all = `${command} of ${counted(customers.length, "customer")}`;
  return counts.length === 0 ? all : `${all}: ${counts.join(", ")}`;
}

/** Returns the run in words: its project, and the parts and the id if it has them. */
export function runOf({ project, parts, run }: FleetReport): string {
  return [
    `project ${project}`,
    ...(parts.length === 0 ? [] : [partsText(parts)]),
    ...(run === null ? [] : [`run ${run}`]),
  ].join(", ");
}

/** Parts that a line names one by one. */
const MAX_PARTS_LISTED = 10;

function partsText(parts: Part[]): string {
  const count = parts[0]?.count ?? 0;
  if (parts.length === count) return counted(count, "part");
  if (parts.length > MAX_PARTS_LISTED) return `${parts.length} of ${counted(count, "part")}`;
  return `${parts.length === 1 ? "part" : "parts"} ${parts.map(partText).join(", ")}`;
}

/** Returns the customers with the worst outcome first, then those with the most severe findings, then by name. */
export function worstCustomersFirst(customers: CustomerResult[]): CustomerResult[] {
  const weight = ({ outcome, findings, drift }: CustomerResult) =>
    OUTCOMES.indexOf(outcome) * 10 - Math.min(9, findings.length + (drift?.length ?? 0));
  return [...customers].sort(
    (one, other) => weight(one) - weight(other) || (one.stack < other.stack ? -1 : 1),
  );
}

/** Returns what happened to a customer in one line: the cause, or what the command found. */
export function resultText({ cause, changes, drift, verdict, delivery, findings }: CustomerResult): string {
  if (cause !== null) return cause;
  const parts = [
    changes === null ? "" : changesText(changes),
    drift === null
      ? ""
      : drift.length === 0
        ? "no drift"
        : `${counted(drift.length, "resource")} changed by hand`,
    verdict ?? "",
    delivery === null ? "" : `${delivery.eventsDelivered} of ${counted(delivery.eventsSent, "event")}`,
    delivery?.latencyInSeconds ? `p95 ${delivery.latencyInSeconds.p95} s` : "",
    findings.length === 0 ? "" : counted(findings.length, "finding"),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** Returns the type and the name of a resource from its URN: `aws:kinesis/stream:Stream acme`. */
export function resourceOf(urn: string): string {
  const [, , types = "", ...name] = urn.split("::");
  return name.length === 0 ? urn : `${types.slice(types.lastIndexOf("$") + 1)} ${name.join("::")}`;
}

/** A finding of several customers, which one step fixes in the same way. */
export interface SharedFinding extends Finding {
  /** Names of the stacks, sorted. */
  stacks: string[];
}

/**
 * Joins the customers' findings with the same code, severity and remedy. The most severe and most common come first. The
 * place and the remedy of several customers are those of the first, with `STACK` for its name.
 */
export function sharedFindings(customers: CustomerResult[]): SharedFinding[] {
  const shared = new Map<string, SharedFinding>();
  for (const { stack, findings } of customers) {
    for (const finding of findings) {
      const remedy = forAnyStack(finding.remedy, stack).replaceAll(stack, "");
      const key = JSON.stringify([finding.code, finding.severity, remedy]);
      const found = shared.get(key);
      if (found === undefined) shared.set(key, { ...finding, stacks: [stack] });
      else if (!found.stacks.includes(stack)) found.stacks.push(stack);
    }
  }
  const joined = [...shared.values()].map((each) => (each.stacks.length === 1 ? each : ofSeveral(each)));
  return bySeverity(joined.sort((one, other) => other.stacks.length - one.stacks.length));
}

function ofSeveral({ stacks, where, remedy, ...finding }: SharedFinding): SharedFinding {
  const [first = ""] = stacks;
  const others = `${where} and ${stacks.length - 1} more`;
  return { ...finding, stacks, where: others, remedy: forAnyStack(remedy, first) };
}

function forAnyStack(remedy: string, stack: string): string {
  return remedy.replaceAll(/--stack [^\s`]+/g, (option) =>
    option.endsWith(` ${stack}`) || option.endsWith(`/${stack}`) ? "--stack STACK" : option,
  );
}

/** Column heads of the table for terminals. The result is last, because its length varies. */
const HEADS = ["customer", "account", "region", "outcome", "time", "result"];

/**
 * Renders a report for a terminal, without a line break at its end: a line per customer, the worst first, with the cause
 * and the log of those that did not succeed.
 */
export function fleetText(untrusted: FleetReport): string {
  const report = printableReport(untrusted);
  const customers = worstCustomersFirst(report.customers);
  const [head, ...lines] = alignedColumns([HEADS, ...customers.map(cellsOf)]).map((line) => `  ${line}`);
  const shared = sharedFindings(report.customers);
  return [
    `${resultWords(report.outcome).toUpperCase()}: ${fleetSentence(report)} (${runOf(report)})`,
    ...(customers.length === 0 ? [] : ["", head ?? ""]),
    ...customers.flatMap((customer, index) => [lines[index] ?? "", ...explanation(customer)]),
    ...[...report.findings, ...shared.map(withStacks)].flatMap(findingLines),
  ].join("\n");
}

function cellsOf(customer: CustomerResult): string[] {
  const { stack, accountId, region, outcome, durationInSeconds } = customer;
  const time = outcome === "not-started" ? "–" : `${durationInSeconds.toFixed(1)} s`;
  return [stack, accountId ?? "–", region ?? "–", resultWords(outcome), time, resultText(customer)];
}

function explanation({ cause, remedy, log }: CustomerResult): string[] {
  const lines = [remedy && `    remedy: ${remedy}`, log && `    log:    ${log}`];
  return cause === null ? [] : lines.filter((line) => line !== null);
}

/** Stacks of a finding that a line names. */
const MAX_STACKS = 20;

function withStacks({ stacks, ...finding }: SharedFinding): Finding {
  return { ...finding, message: `${listed(stacks, MAX_STACKS)}: ${finding.message}` };
}

/** The table's share of the 65,536 characters of a comment on GitHub. */
const MAX_TABLE_CHARACTERS = 32_000;

/** Renders a report as GitHub Markdown with fewer than 65,536 characters. Customers' accounts are redacted. */
export function fleetMarkdown(report: FleetReport): string {
  const shown = redactFleet(report);
  const customers = worstCustomersFirst(shown.customers);
  const rows = firstRows(customers.map(markdownRow));
  const more = customers.length - rows.length;
  const lines = [
    `## ${RESULTS[shown.outcome].emoji} Amplitude fleet: ${resultWords(shown.outcome)}`,
    "",
    `${capitalized(prose(fleetSentence(shown)))}. ${capitalized(prose(runOf(shown)))}.`,
    "",
    "| Customer | Account | Region | Outcome | Result |",
    "|---|---|---|---|---|",
    ...rows,
    ...(more > 0 ? ["", `And ${counted(more, "more customer")}, which report.html lists.`] : []),
    ...findingList([...shown.findings, ...sharedFindings(shown.customers).map(withStacks)]),
  ];
  return `${lines.join("\n")}\n`;
}

function markdownRow(customer: CustomerResult): string {
  const { stack, accountId, region, outcome, cause, remedy } = customer;
  const result = prose(resultText(customer));
  const cells = [
    code(stack),
    code(accountId ?? ""),
    code(region ?? ""),
    `${RESULTS[outcome].emoji} ${resultWords(outcome)}`,
    cause === null || remedy === null ? result : `${result}<br>**Remedy:** ${prose(remedy)}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Returns the first rows that fit. */
function firstRows(rows: string[]): string[] {
  let left = MAX_TABLE_CHARACTERS;
  return rows.filter((row) => {
    left -= row.length + 1;
    return left >= 0;
  });
}

/** Renders a report as JUnit XML: a test case per customer and finding. Customers' accounts are redacted. */
export function fleetJunit(report: FleetReport): string {
  const shown = redactFleet(report);
  const { project, command, run, parts } = shown;
  const checks = [
    resultCheck("outcome", shown.outcome, {
      sentence: fleetSentence(shown),
      details: "",
      seconds: shown.durationInSeconds,
    }),
    ...shown.findings.map(findingCheck),
    ...worstCustomersFirst(shown.customers).flatMap((customer) => [
      customerCheck(customer),
      ...customer.findings.map((finding) => ({
        ...findingCheck(finding),
        name: `${customer.stack}: ${finding.code} (${finding.where})`,
      })),
    ]),
  ];
  const properties = { project, command, ...(run !== null && { run }), parts: parts.map(partText).join(" ") };
  return junitXml(
    `amplitude-kinesis fleet ${command}`,
    { ...shown, streamName: project },
    properties,
    checks,
  );
}

function customerCheck(customer: CustomerResult): Check {
  const { stack, outcome, durationInSeconds: seconds, remedy, log } = customer;
  const details = `remedy: ${remedy ?? "see the log"}${log === null ? "" : `\nlog: ${log}`}`;
  return resultCheck(`customer ${stack}`, outcome, { sentence: resultText(customer), details, seconds });
}
