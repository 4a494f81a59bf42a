import Builder from "fast-xml-builder";
import type { Finding, Severity } from "../common/findings";
import type { DeliveryReport } from "../verify/report";
import { presentable } from "./redactReport";
import { verdictSentence } from "./verdictSentence";

/** What a check came to; one that holds has none. */
interface Outcome {
  element: "failure" | "error" | "skipped";
  type: string;
  message: string;
  details: string;
}

interface Check {
  name: string;
  seconds: number;
  outcome: Outcome | undefined;
}

/** JUnit knows no warning: what was looked at and fails nothing is shown by its readers as skipped. */
const ELEMENTS: Record<Severity, Outcome["element"]> = {
  error: "failure",
  undetermined: "error",
  warning: "skipped",
};

/**
 * The report as JUnit XML, in the form that Jenkins' schema junit-10.xsd describes and GitLab reads: the verdict, what
 * became of the events, and every finding, each a test case. Customers' accounts are masked.
 */
export function junitReport(report: DeliveryReport): string {
  const shown = presentable(report);
  const checks = checksOf(shown);
  const count = (element: Outcome["element"]) =>
    checks.filter(({ outcome }) => outcome?.element === element).length;
  const totals = {
    "@tests": checks.length,
    "@failures": count("failure"),
    "@errors": count("error"),
    "@time": shown.durationInSeconds.toFixed(3),
  };
  const suite = {
    "@name": "amplitude-kinesis verify",
    ...totals,
    "@skipped": count("skipped"),
    // Jenkins reads no time zone; the run's is UTC.
    "@timestamp": shown.startedAt.replace(/(\.\d+)?Z$/, ""),
    properties: { property: propertiesOf(shown) },
    testcase: checks.map((check) => testCase(check, `amplitude-kinesis.${shown.streamName}`)),
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

function propertiesOf(report: DeliveryReport): object[] {
  const { streamName, region, roleArn, route, runId, environment } = report;
  const properties = { streamName, region, roleArn, route, runId, ...environment };
  return Object.entries(properties).map(([name, value]) => ({ "@name": name, "@value": value }));
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

/** Those of the run are always there, in this order, so that a CI system can follow each over its builds. */
function checksOf(report: DeliveryReport): Check[] {
  const { eventsNotDelivered, eventsCorrupted, eventsUnknown } = report;
  return [
    { name: "verdict", seconds: report.durationInSeconds, outcome: verdictOutcome(report) },
    counted("no event is missing", eventsNotDelivered, "failure", "event(s) were not delivered"),
    counted("no event is corrupted", eventsCorrupted, "failure", "event(s) came back with other bytes"),
    counted("every event is accounted for", eventsUnknown, "error", "event(s) have an unknown fate"),
    ...report.findings.map(findingCheck),
  ];
}

function verdictOutcome(report: DeliveryReport): Outcome | undefined {
  const { verdict, proof } = report;
  if (verdict === "verified") return undefined;
  return {
    element: verdict === "failed" ? "failure" : "error",
    type: verdict,
    message: `${verdict}: ${verdictSentence(report)}`,
    details: `What it leaves open:\n${proof.leavesOpen.map((open) => `- ${open}`).join("\n")}`,
  };
}

function counted(name: string, events: number, element: Outcome["element"], what: string): Check {
  const message = `${events} ${what}`;
  const outcome = { element, type: "events", message, details: "See the findings" };
  return { name, seconds: 0, outcome: events === 0 ? undefined : outcome };
}

function findingCheck({ code, severity, message, where, remedy }: Finding): Check {
  const details = `${message}\nwhere: ${where}\nremedy: ${remedy}`;
  return {
    name: `${code} (${where})`,
    seconds: 0,
    outcome: { element: ELEMENTS[severity], type: code, message, details },
  };
}
