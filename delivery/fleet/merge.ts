import { type Finding, finding, hasSeverity, listed } from "../common/findings";
import { type PartReport, selectParts } from "../common/part";
import { type CustomerResult, type FleetReport, OUTCOMES, worstOutcome } from "./report";

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
    customers: withLogs(report, where, logOf),
  }));
  const [first] = reports;
  if (first === undefined) throw new TypeError("no folder has a report");
  const { customers, doubles } = withoutDoubles(reports.flatMap((report) => report.customers));
  const parts = reports.flatMap((report) => report.parts).sort((one, other) => one.index - other.index);
  const all = [
    ...folders.filter(({ report }) => report === undefined).map(unfinished),
    ...findings,
    ...doubles,
    ...(first.run === null && folders.length > 1 ? [withoutRun(first)] : []),
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

function withLogs(
  { customers }: FleetReport,
  folder: string,
  logOf: (folder: string, log: string) => string,
) {
  return customers.map((each) => ({ ...each, log: each.log === null ? null : logOf(folder, each.log) }));
}

/** Keeps the worse result of a customer that several parts have. */
function withoutDoubles(all: CustomerResult[]): { customers: CustomerResult[]; doubles: Finding[] } {
  const worstLast = [...all].sort(
    (one, other) => OUTCOMES.indexOf(other.outcome) - OUTCOMES.indexOf(one.outcome),
  );
  const byStack = new Map(worstLast.map((each) => [each.stack, each]));
  const double = all
    .map(({ stack }) => stack)
    .filter((stack, index, stacks) => stacks.indexOf(stack) < index);
  const doubles =
    double.length === 0
      ? []
      : [
          finding.undetermined(
            "part-duplicated",
            listed(double.sort()),
            "Several parts have a result of the customer. The worse one counts",
            "Run all parts with the same version of amplitude-kinesis, and merge again",
          ),
        ];
  return { customers: [...byStack.values()], doubles };
}

function unfinished({ folder }: PartFolder): Finding {
  return finding.undetermined(
    "part-missing",
    folder,
    "The folder has no report.json, so its part did not finish",
    "Run the part again with `--resume`, and merge again",
  );
}

function withoutRun({ command, project }: FleetReport): Finding {
  return finding.warning(
    "parts-without-run",
    `${command} of project ${project}`,
    "The parts name no run, so a report of an earlier run can't be recognized",
    "Give each part the same `--run`, such as the id of the build",
  );
}
