import Builder from "fast-xml-builder";
import type { Finding, Severity } from "../common/findings";
import { partText } from "../common/part";
import { counted } from "../common/text";
import type { DeliveryReport } from "../verify/report";
import { RESULTS, type Result, redactReport, resultWords } from "./presentation";
import { verdictSentence } from "./text";

/** Result of a check that didn't pass. */
export interface Outcome {
  element: "failure" | "error" | "skipped";
  type: string;
  message: string;
  details: string;
}

export interface Check {
  name: string;
  seconds: number;
  outcome: Outcome | undefined;
}

/** JUnit has no warnings. Its readers show a skipped test with its message. */
const ELEMENTS: Record<Severity, Outcome["element"]> = {
  error: "failure",
  undetermined: "error",
  warning: "skipped",
};

/**
 * Renders a report as JUnit XML that follows Jenkins' schema junit-10.xsd and that GitLab reads. The verdict, each outcome
 * of the events and each finding is a test case. Customers' accounts are redacted.
 */
export function junitReport(report: DeliveryReport): string {
  const shown = redactReport(report);
  const { streamName, region, roleArn, route, runId, part, environment } = shown;
  const ofPart = part === null ? {} : { part: partText(part) };
  const properties = { streamName, region, roleArn, route, runId, ...ofPart, ...environment };
  return junitXml("amplitude-kinesis verify", shown, properties, checksOf(shown));
}

/** Run whose checks are rendered. */
type CheckedRun = Pick<DeliveryReport, "streamName" | "startedAt" | "durationInSeconds">;

/** Renders the checks of a redacted report. */
export function junitXml(
  name: string,
  run: CheckedRun,
  properties: Record<string, string>,
  checks: Check[],
): string {
  const count = (element: Outcome["element"]) =>
    checks.filter(({ outcome }) => outcome?.element === element).length;
  const totals = {
    "@tests": checks.length,
    "@failures": count("failure"),
    "@errors": count("error"),
    "@time": run.durationInSeconds.toFixed(3),
  };
  const suite = {
    "@name": name,
    ...totals,
    "@skipped": count("skipped"),
    // Jenkins accepts no time zone. The time is UTC.
    "@timestamp": run.startedAt.replace(/(\.\d+)?Z$/, ""),
    properties: {
      property: Object.entries(properties).map(([name, value]) => ({ "@name": name, "@value": value })),
    },
    testcase: checks.map((check) => testCase(check, `amplitude-kinesis.${run.streamName}`)),
  };
  const builder = new Builder({
    attributeNamePrefix: "@",
    ignoreAttributes: false,
    suppressBooleanAttributes: false,
    suppressEmptyNode: true,
    format: true,
  });
  return builder.build({
    "?xml": { "@version": "1.0", "@encoding": "UTF-8" },
    testsuites: { "@name": "amplitude-kinesis", ...totals, testsuite: suite },
  });
}

function testCase({ name, seconds, outcome }: Check, classname: string): object {
  return {
    "@name": name,
    "@classname": classname,
    "@time": seconds.toFixed(3),
    ...(outcome && {
      [outcome.element]: { "@type": outcome.type, "@message": outcome.message, "#text": outcome.details },
    }),
  };
}

/** The first four checks are always present, so that a CI system can follow them over its builds. */
function checksOf(report: DeliveryReport): Check[] {
  const { eventsNotDelivered, eventsCorrupted, eventsUnknown } = report;
  return [
    resultCheck("verdict", report.verdict, {
      sentence: verdictSentence(report),
      details: `Not proven:\n${report.proof.notProven.map((sentence) => `- ${sentence}`).join("\n")}`,
      seconds: report.durationInSeconds,
    }),
    countCheck("no event is missing", eventsNotDelivered, "failure", "not delivered"),
    countCheck("no event is corrupted", eventsCorrupted, "failure", "read back with different bytes"),
    countCheck("every event is accounted for", eventsUnknown, "error", "with an unknown outcome"),
    ...report.findings.map(findingCheck),
  ];
}

/** Returns the check of a result, which passes if the result is a success. */
export function resultCheck(
  name: string,
  result: Result,
  { sentence, details, seconds }: { sentence: string; details: string; seconds: number },
): Check {
  const { style } = RESULTS[result];
  if (style === "verified") return { name, seconds, outcome: undefined };
  const element = style === "failed" ? "failure" : "error";
  const message = `${resultWords(result)}: ${sentence}`;
  return { name, seconds, outcome: { element, type: result, message, details } };
}

export function countCheck(
  name: string,
  events: number,
  element: Outcome["element"],
  problem: string,
): Check {
  const message = `${counted(events, "event")} ${problem}`;
  const outcome = { element, type: "events", message, details: "See the findings." };
  return { name, seconds: 0, outcome: events === 0 ? undefined : outcome };
}

export function findingCheck({ code, severity, message, where, remedy }: Finding): Check {
  const details = `${message}\nwhere: ${where}\nremedy: ${remedy}`;
  return {
    name: `${code} (${where})`,
    seconds: 0,
    outcome: { element: ELEMENTS[severity], type: code, message, details },
  };
}
