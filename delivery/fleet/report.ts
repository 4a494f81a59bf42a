import { type Finding, finding, hasSeverity, listed, present, type Verdict } from "../common/findings";
import type { Latency } from "../common/histogram";
import type { StackOutputs } from "../common/outputs";
import { type Part, type PartReport, selectParts } from "../common/part";

/** Command that `fleet` runs for every customer. */
export type FleetCommand = "preview" | "up" | "check" | "verify" | "drift";

/**
 * Outcome of one customer. `succeeded`: everything the command asks for. `failed`: see the cause. `undecided`: a check or a
 * verification has no verdict. `interrupted`: ended in a clean state by Ctrl-C, by SIGTERM, or because the process of `fleet`
 * had ended. `not-started`: the run ended before.
 */
export type CustomerOutcome = "succeeded" | "failed" | "undecided" | "interrupted" | "not-started";

/** Outcomes, the worst first. */
export const OUTCOMES: readonly CustomerOutcome[] = [
  "failed",
  "undecided",
  "interrupted",
  "not-started",
  "succeeded",
];

/** Returns the worst outcome; `succeeded` for no outcome. */
export function worstOutcome(outcomes: readonly CustomerOutcome[]): CustomerOutcome {
  return OUTCOMES.find((each) => outcomes.includes(each)) ?? "succeeded";
}

/** Returns the changes of a preview or an update, such as `4 create, 1 update` or `no changes`. */
export function changesText(changes: CustomerResult["changes"]): string {
  const counts = Object.entries(changes ?? {})
    .filter(([change, number]) => change !== "same" && number > 0)
    .map(([change, number]) => `${number} ${change}`);
  return counts.join(", ") || "no changes";
}

/** One step of a customer, in the order in which they ran. */
export interface CustomerStep {
  /** Name of the step. */
  name: "preview" | "up" | "refresh" | "check" | "verify";
  /** Duration of the step in seconds. */
  durationInSeconds: number;
  /** Whether the step ended as the command asks for. */
  succeeded: boolean;
}

/** A resource that was changed by hand, as a refresh preview reports it. */
export interface DriftedResource {
  /** URN in Pulumi. */
  urn: string;
  /** Change that a refresh would record: `update` (properties differ) or `delete` (the resource is gone). */
  change: "update" | "delete";
  /** Names of the properties that differ. Empty for `delete`. */
  properties: string[];
}

/** Delivery of one customer, from the report of its verification. */
export interface CustomerDelivery {
  /** Number of events sent. */
  eventsSent: number;
  /** Number of events delivered intact. */
  eventsDelivered: number;
  /** 50th, 95th and 99th percentile from when an event was due until it was read back, in seconds. Null if none was read. */
  latencyInSeconds: Pick<Latency, "p50" | "p95" | "p99"> | null;
}

/** Result of one customer. `fleet` writes it to `STACK.json` in the report folder as soon as the customer is done. */
export interface CustomerResult {
  /** Name of the stack, which names the customer. */
  stack: string;
  /** Command that produced the result. */
  command: FleetCommand;
  /** Outcome. */
  outcome: CustomerOutcome;
  /** AWS account of the customer; null if it isn't known. */
  accountId: string | null;
  /** Region of the stream; null if it isn't known. */
  region: string | null;
  /** The stack's three outputs; null if it has none. */
  outputs: Pick<StackOutputs, "roleArn" | "region" | "streamName"> | null;
  /** Start in ISO 8601, UTC. Null if it was not started. */
  startedAt: string | null;
  /** Duration in seconds. */
  durationInSeconds: number;
  /** Steps that ran. */
  steps: CustomerStep[];
  /** Number of resources by change (`create`, `update`, `delete`, `same` …) of a preview or an update; null without one. */
  changes: Record<string, number> | null;
  /** Resources that were changed by hand; null unless the command is `drift`. */
  drift: DriftedResource[] | null;
  /** Verdict of the verification; null if there was none. */
  verdict: Verdict | null;
  /** End of the verification in ISO 8601, UTC; null if there was none. */
  verifiedAt: string | null;
  /** Delivery; null if nothing was sent. */
  delivery: CustomerDelivery | null;
  /** Findings of the check and of the verification. */
  findings: Finding[];
  /** Cause of an outcome other than `succeeded`, in one line; null for `succeeded`. */
  cause: string | null;
  /** Next step against the cause, as an imperative; null if there is none. */
  remedy: string | null;
  /** Log of the customer, relative to the report folder. */
  log: string | null;
  /** Last verification by an earlier run; null if there was none. */
  lastVerification: Verification | null;
}

/** Verdict of a verification. */
export interface Verification {
  /** Verdict. */
  verdict: Verdict;
  /** End of the verification in ISO 8601, UTC. */
  verifiedAt: string;
}

/** Result of a run of `fleet`, or of several parts of one. */
export interface FleetReport {
  /** Version of the format. It rises if a field changes its meaning or is removed, but not with a new field. */
  fleetReportVersion: 1;
  /** Command. */
  command: FleetCommand;
  /** Worst outcome of all customers; at best `undecided` with a finding that is `undetermined`. */
  outcome: CustomerOutcome;
  /** Pulumi project. */
  project: string;
  /** Id that joins the parts of a run, from `--run`; null without one. */
  run: string | null;
  /** Start in ISO 8601, UTC. */
  startedAt: string;
  /** Duration in seconds; of several parts, from the first start to the last end. */
  durationInSeconds: number;
  /** Parts that the report covers, such as `[{ index: 0, count: 4 }]`. Empty if the run was not divided. */
  parts: Part[];
  /** Findings of the run itself, such as a part that is missing. Those of the customers are in their results. */
  findings: Finding[];
  /** Results, by the name of the stack. */
  customers: CustomerResult[];
}

const MERGE_CODES = ["part-missing", "part-duplicated", "part-of-another-run", "parts-without-run"];

/** Report folder of a part. */
export interface PartFolder {
  /** Path, which findings name and which each customer's log is relative to. */
  folder: string;
  /** Its report; undefined if the part did not finish. */
  report: FleetReport | undefined;
}

/**
 * Merges the reports of a run's parts. A part that is missing, double or of another run is a finding, with which the
 * outcome is at best `undecided`.
 *
 * @param folders At least one has a report.
 * @param logOf Returns the path of a log of a folder in the merged report.
 */
export function mergeFleets(
  folders: PartFolder[],
  logOf: (folder: string, log: string) => string,
): FleetReport {
  const { selected, findings } = selectParts(folders.flatMap(partReport));
  const reports = selected.map(({ report, where }) => ({
    ...report,
    customers: report.customers.map((each) => ({ ...each, log: each.log && logOf(where, each.log) })),
  }));
  const [first] = reports;
  if (first === undefined) throw new TypeError("no folder has a report");
  const results = reports.flatMap((report) => report.customers);
  const customers = worstOfEach(results);
  const stacks = results.map(({ stack }) => stack);
  const doubles = stacks.filter((stack, index) => stacks.indexOf(stack) < index).sort();
  const parts = reports.flatMap((report) => report.parts).sort((one, other) => one.index - other.index);
  const all = [
    ...folders.filter(({ report }) => report === undefined).map(unfinished),
    ...findings,
    ...present([
      doubles.length > 0 &&
        finding.undetermined(
          "part-duplicated",
          listed(doubles),
          "Several parts have a result of the customer. The worse one counts",
          "Run all parts with the same version of amplitude-kinesis, and merge again",
        ),
      first.run === null &&
        folders.length > 1 &&
        finding.warning(
          "parts-without-run",
          `${first.command} of project ${first.project}`,
          "The parts name no run, so a report of an earlier run can't be recognized",
          "Give each part the same `--run`, such as the id of the build",
        ),
    ]),
    ...reports.flatMap((report) => report.findings.filter(({ code }) => !MERGE_CODES.includes(code))),
  ];
  const outcomes = customers.map(({ outcome }) => outcome);
  const start = Math.min(...reports.map(({ startedAt }) => Date.parse(startedAt)));
  const end = Math.max(...reports.map((each) => Date.parse(each.startedAt) + each.durationInSeconds * 1_000));
  return {
    ...first,
    outcome: worstOutcome([...outcomes, ...(hasSeverity(all, "undetermined") ? ["undecided" as const] : [])]),
    startedAt: new Date(start).toISOString(),
    durationInSeconds: (end - start) / 1_000,
    parts,
    findings: all,
    customers: customers.sort((one, other) => (one.stack < other.stack ? -1 : 1)),
  };
}

function partReport({ folder, report }: PartFolder): PartReport<FleetReport>[] {
  if (report === undefined) return [];
  const { command, project, run, parts, startedAt } = report;
  return [
    {
      report,
      where: folder,
      parts: parts.length === 0 ? [{ index: 0, count: 1 }] : parts,
      run: `${run === null ? "" : `run ${run}, `}${command} of project ${project}`,
      startedAt,
    },
  ];
}

/** Keeps the worse result of a customer that several parts have. */
function worstOfEach(results: CustomerResult[]): CustomerResult[] {
  const rank = ({ outcome }: CustomerResult) => OUTCOMES.indexOf(outcome);
  const worstLast = [...results].sort((one, other) => rank(other) - rank(one));
  return [...new Map(worstLast.map((each) => [each.stack, each])).values()];
}

function unfinished({ folder }: PartFolder): Finding {
  return finding.undetermined(
    "part-missing",
    folder,
    "The folder has no report.json, so its part did not finish",
    "Run the part again with `--resume`, and merge again",
  );
}
