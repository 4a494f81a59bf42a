import { ReportError } from "../common/errors";
import { type Finding, hasSeverity, listed, type ShardReport, type Verdict } from "../common/findings";
import { LatencyRecorder } from "../common/histogram";
import { mergeFindings, type Part, type PartReport, partText, selectParts } from "../common/part";
import { mergeTimelines } from "../common/timeline";
import { unique } from "../common/values";
import type { DeliveryReport } from "./report";

/** A report, and where it comes from. */
export interface NamedReport {
  /** Name of the file, for messages. */
  name: string;
  /** Report of a part. */
  report: DeliveryReport;
}

type OwnPart = NamedReport & { part: Part };

/** Fields that are added up over the parts. */
const SUMS = [
  "eventsSent",
  "eventsAcknowledged",
  "eventsDelivered",
  "eventsNotDelivered",
  "eventsRefused",
  "eventsLost",
  "eventsUnanswered",
  "eventsCorrupted",
  "eventsDuplicated",
  "duplicatesUnexplained",
  "eventsSeenDespiteRefusal",
  "eventsUnknown",
  "eventsSkipped",
  "filesSkipped",
  "recordsForeign",
  "recordsOfOtherParts",
] as const;

/**
 * Merges the reports of all parts of a run into the report of the run: the sums of its counts, its latencies and times as one
 * distribution each, and the worst verdict. Equal findings become one that names its parts. A part without a report or with
 * several, and a report of another run, make the run undecided, unless it has failed. Of several reports of a part, only the
 * one that was started last counts. If there are several runs, the one with the most reports counts.
 *
 * @throws ReportError if there is no report, or if one is not of a part or has a histogram that can't be decoded.
 */
export function mergeReports(reports: readonly NamedReport[]): DeliveryReport {
  const { selected, findings } = selectParts(reports.map(ofPart));
  const counted = selected
    .map(({ report }) => report)
    .sort((one, other) => one.part.index - other.part.index);
  const [first] = counted;
  if (first === undefined)
    throw new ReportError("There is no report to merge. Name the reports of all parts");
  const { report } = first;
  const gaps = findings.map((each) => (each.code === "part-missing" ? resumable(each, first) : each));
  const all = counted.map(({ report }) => report);
  const verdict = worst(all, gaps);
  const sums = Object.fromEntries(SUMS.map((name) => [name, total(all, name)])) as Pick<
    DeliveryReport,
    (typeof SUMS)[number]
  >;
  const found = counted.map(({ part, report }) => ({ part, findings: report.findings }));
  const startedAt = Math.min(...all.map(startOf));
  const latency = mergedLatency(counted, "latencyHistogram", "latencyInSeconds");
  const acknowledgement = mergedLatency(counted, "acknowledgementHistogram", "acknowledgementInSeconds");
  return {
    ...report,
    ...sums,
    verdict,
    part: null,
    // Each part is resumed by itself.
    resumable: false,
    resumedFrom: all.some(({ resumedFrom }) => resumedFrom !== null)
      ? (all.map((each) => each.resumedFrom ?? each.startedAt).sort()[0] ?? null)
      : null,
    startedAt: new Date(startedAt).toISOString(),
    durationInSeconds:
      Math.max(...all.map((each) => startOf(each) / 1000 + each.durationInSeconds)) - startedAt / 1000,
    deliveryRate: sums.eventsSent === 0 ? 0 : sums.eventsDelivered / sums.eventsSent,
    latencyInSeconds: latency.summary,
    latencyHistogram: latency.histogram,
    acknowledgementInSeconds: acknowledgement.summary,
    acknowledgementHistogram: acknowledgement.histogram,
    timeline: mergeTimelines(all.map((each) => ({ startedAt: startOf(each), timeline: each.timeline }))),
    shards: mergedShards(all),
    findings: [...gaps, ...mergeFindings(found, describeParts)],
    proof: {
      proves:
        verdict === "verified"
          ? report.proof.proves.filter((fact) => all.every(({ proof }) => proof.proves.includes(fact)))
          : [],
      notProven: unique(all.flatMap(({ proof }) => proof.notProven)),
    },
    environment: {
      version: environments(all, "version"),
      nodeVersion: environments(all, "nodeVersion"),
      platform: environments(all, "platform"),
    },
  };
}

function ofPart(named: NamedReport): PartReport<OwnPart> {
  const { name, report } = named;
  const { part, runId, streamName, region, roleArn, route, startedAt } = report;
  if (part === null || part.index >= part.count)
    throw new ReportError(
      `${name} is not the report of a part, but of a whole run. Name only reports of \`verify --part\``,
    );
  const run = `run ${runId} of ${streamName} (${region}, ${roleArn}, route ${route})`;
  return { report: { ...named, part }, where: name, parts: [part], run, startedAt };
}

function resumable(missing: Finding, { report: { runId }, part: { count } }: OwnPart): Finding {
  const remedy = `Resume each missing part with \`npx amplitude-kinesis verify --resume ${runId} --part I/${count}\`, or start it if it never ran, and merge the reports of all parts`;
  return { ...missing, remedy };
}

const startOf = ({ startedAt }: DeliveryReport) => Date.parse(startedAt);

function total(reports: readonly DeliveryReport[], name: (typeof SUMS)[number]): number {
  return reports.reduce((sum, report) => sum + report[name], 0);
}

function worst(reports: readonly DeliveryReport[], gaps: readonly Finding[]): Verdict {
  const verdicts = reports.map(({ verdict }) => verdict);
  if (verdicts.includes("failed")) return "failed";
  return verdicts.includes("undecided") || hasSeverity(gaps, "undetermined") ? "undecided" : "verified";
}

/** Merges the histograms. A percentile can't lie above the largest value, which the reports have exactly. */
function mergedLatency(
  counted: readonly OwnPart[],
  histogram: "latencyHistogram" | "acknowledgementHistogram",
  seconds: "latencyInSeconds" | "acknowledgementInSeconds",
) {
  const recorder = new LatencyRecorder();
  for (const { name, report } of counted) {
    const encoded = report[histogram];
    try {
      if (encoded !== null) recorder.add(encoded);
    } catch (cause) {
      throw cause instanceof ReportError ? new ReportError(`${name}: ${cause.message}`, { cause }) : cause;
    }
  }
  const max = Math.max(...counted.map(({ report }) => report[seconds]?.max ?? 0));
  return { summary: recorder.summary(max * 1000) ?? null, histogram: recorder.encoded() ?? null };
}

function mergedShards(reports: readonly DeliveryReport[]): ShardReport[] {
  const shards = new Map<string, ShardReport>();
  for (const { shardId, eventsAcknowledged, recordsRead } of reports.flatMap((each) => each.shards)) {
    const shard = shards.get(shardId) ?? { shardId, eventsAcknowledged: 0, recordsRead: 0 };
    shard.eventsAcknowledged += eventsAcknowledged;
    shard.recordsRead += recordsRead;
    shards.set(shardId, shard);
  }
  return [...shards.values()].sort((one, other) => (one.shardId < other.shardId ? -1 : 1));
}

function describeParts(parts: readonly Part[]): string {
  const [first, ...others] = parts;
  if (first !== undefined && others.length === 0) return `part ${partText(first)}`;
  const numbers = parts.map(({ index }) => String(index + 1));
  return `${parts.length} of ${first?.count} parts: ${listed(numbers)}`;
}

function environments(reports: readonly DeliveryReport[], name: keyof DeliveryReport["environment"]): string {
  return listed(unique(reports.map(({ environment }) => environment[name])));
}
