import type { EpochMs } from "../common/clock";
import { type Finding, finding, hasSeverity, listed, present } from "../common/findings";
import { DOCUMENTED_P95_SECONDS, VERSION } from "../common/limits";
import { type Part, partText } from "../common/part";
import { counted } from "../common/text";
import { type EventSource, omissionsOf } from "../events/source";
import { formatHour, HOUR_MS } from "./options";
import type {
  AmplitudeMetrics,
  BackfillReport,
  EventOutcomes,
  FieldDifference,
  HourReport,
  IgnoredRows,
  ReconcileReport,
  ReconcileVerdict,
} from "./report";
import type { Tally } from "./tally";

/** Number of fields that a report names. */
export const MAX_DIFFERENCES = 20;

/** Facts about a run, which a part's file repeats. */
export interface RunFacts {
  names: { roleArn: string; region: string; streamName: string };
  /** The stream's ARN. */
  where: string;
  hours: { from: string; to: string };
  start: EpochMs;
  end: EpochMs;
  eventsWithoutIdentity: number;
  rowsIgnored: IgnoredRows;
  /** Parts of the export that are not events. */
  skipped: Pick<EventSource, "problems" | "problemCount" | "fileProblemCount">;
  /** Number of the first hours that Amplitude exports completely. */
  hoursExportable: number;
  /** Names of `eventTypes` that the export lacks. */
  typesNotExported: string[];
  metrics: AmplitudeMetrics | null;
}

/** Everything that a report is made of, from one process or from all parts. */
export interface Reconciled extends RunFacts {
  part: Part | null;
  runId: string | null;
  tally: Tally;
  differences: FieldDifference[];
  backfill: BackfillReport | null;
  /** Whether the export was read to its end. */
  exportRead: boolean;
  /** Whether the stream was read as far as it can decide. */
  readingComplete: boolean;
  /** Findings of the reading, which come first. */
  before: Finding[];
  /** Findings that come last. */
  after: Finding[];
}

/** Composes the report of a reconciliation. */
export function composeReport(ended: Reconciled): ReconcileReport {
  const { tally, skipped, start, before, after } = ended;
  const { total, hours, types } = tally.result();
  const unexplained = tally.unexplainedHours();
  // An hour of which the export has nothing, but the stream has rows, seems to be missing from the export.
  const isExported = ({ eventsExported }: EventOutcomes, hour: number) =>
    hour < ended.hoursExportable && (!unexplained.has(hour) || eventsExported > 0);
  const judge = judgeOf(ended, total);
  const from = Date.parse(`${ended.hours.from}:00:00Z`);
  const counts = {
    reportVersion: 1 as const,
    ...ended.names,
    ...ended.hours,
    part: ended.part,
    runId: ended.runId,
    startedAt: new Date(start).toISOString(),
    durationInSeconds: (ended.end - start) / 1000,
    ...total,
    eventsWithoutIdentity: ended.eventsWithoutIdentity,
    rowsIgnored: { ...ended.rowsIgnored },
    ...tally.unmatched(),
    ...omissionsOf(skipped),
    latencyInSeconds: tally.latency.summary() ?? null,
    hours: hours.map(
      (outcomes, number): HourReport => ({
        hour: formatHour(from + number * HOUR_MS),
        verdict: isExported(outcomes, number) ? judge(outcomes) : "undecided",
        ...outcomes,
      }),
    ),
    eventTypes: types.sort((one, other) => other.eventsExported - one.eventsExported),
    differences: ended.differences,
    backfill: ended.backfill,
    amplitudeMetrics: ended.metrics,
    version: VERSION,
  };
  const hoursNotExported = counts.hours.flatMap((each, number) =>
    isExported(each, number) ? [] : each.hour,
  );
  const findings = [...before, ...reconcileFindings({ ...ended, counts, hoursNotExported }), ...after];
  return { ...counts, verdict: verdictFrom(findings), findings };
}

/** Returns the function that judges an hour that the export has. */
function judgeOf({ skipped, rowsIgnored, exportRead, readingComplete }: Reconciled, total: EventOutcomes) {
  // Parts that can't be read may be events of any hour.
  const hasUnreadParts = skipped.problemCount + rowsIgnored.withoutTime > 0;
  return (outcomes: EventOutcomes): ReconcileVerdict => {
    const { eventsExported, eventsDelivered, eventsMissing, eventsNotForwarded } = outcomes;
    if (!exportRead || (!readingComplete && eventsDelivered < eventsExported)) return "undecided";
    if (eventsMissing > 0) return "incomplete";
    // If nothing arrived, the filter does not explain it.
    const explained = eventsDelivered + (total.eventsDelivered > 0 ? eventsNotForwarded : 0);
    return !hasUnreadParts && explained === eventsExported ? "complete" : "undecided";
  };
}

export function verdictFrom(findings: readonly Finding[]): ReconcileVerdict {
  if (hasSeverity(findings, "error")) return "incomplete";
  return hasSeverity(findings, "undetermined") ? "undecided" : "complete";
}

/** A reconciliation that ended. */
export interface EndedReconciliation
  extends Pick<Reconciled, "where" | "typesNotExported" | "readingComplete" | "skipped"> {
  counts: Omit<ReconcileReport, "verdict" | "findings">;
  /** Hours that Amplitude does not export yet, or that the export seems to lack. */
  hoursNotExported: string[];
}

/** Returns the findings about what the two records have in common, and what not. */
export function reconcileFindings(ended: EndedReconciliation): Finding[] {
  return present([...openQuestions(ended), ...warnings(ended), metricsDisagree(ended)]);
}

function openQuestions(ended: EndedReconciliation): (Finding | false)[] {
  const { counts, where, hoursNotExported: hours, readingComplete } = ended;
  const { eventsExported, eventsDelivered, eventsMissing, eventsNotForwarded, eventsWithoutIdentity } =
    counts;
  return [
    eventsMissing > 0 && missingEvents(ended),
    // The filter may exclude every type, or the destination may be disabled.
    eventsDelivered === 0 &&
      eventsNotForwarded > 0 &&
      readingComplete &&
      finding.undetermined(
        "nothing-arrived",
        where,
        `None of the ${counted(eventsExported, "exported event")} arrived, so it is unknown which types the destination forwards`,
        "In Amplitude, check that the destination was enabled in these hours, and that its stream and project are these. Name a type that it forwards with --event-type, or give --all-types if it has no filter",
      ),
    hours.length > 0 &&
      finding.undetermined(
        "hours-not-exported",
        listed(hours),
        `${counted(hours.length, "hour")} can't be decided: Amplitude exports an hour about two hours after its end, or the export lacks events of it that the stream has`,
        "Reconcile recent hours again later. For older ones, export them again and check that no archive is left out",
      ),
    eventsWithoutIdentity > 0 &&
      finding.undetermined(
        "events-not-matchable",
        where,
        `${counted(eventsWithoutIdentity, "exported event")} with neither a uuid nor a device and an $insert_id can't be looked for in the stream`,
        "Export the hours again with all fields, as Amplitude's Export API returns them",
      ),
    skippedParts(ended),
  ];
}

function missingEvents({ counts, where, readingComplete }: EndedReconciliation): Finding {
  const decided = counts.hours.filter(({ verdict }) => verdict === "incomplete");
  const hours = counts.hours.filter((hour) => hour.eventsMissing > 0);
  const types = counts.eventTypes
    .filter((type) => type.eventsMissing > 0)
    .sort((one, other) => other.eventsMissing - one.eventsMissing)
    .map(({ eventType, eventsMissing }) => `${eventType} (${eventsMissing})`);
  const severity = readingComplete && decided.length > 0 ? "error" : "undetermined";
  return finding[severity](
    "events-missing",
    where,
    `${counted(counts.eventsMissing, "event")} of ${counts.eventsExported} that Amplitude received ${counts.eventsMissing === 1 ? "is" : "are"} not in the stream: of ${listed(hours.map(({ hour }) => hour))}; of type ${listed(types)}`,
    readingComplete
      ? "List them with --missing FILE, and write them into the stream with --backfill. Amplitude retries an event for 4 hours, so reconcile a recent hour again after that. To find the cause, run `npx amplitude-kinesis check`, and compare the stream's metric WriteProvisionedThroughputExceeded for these hours"
      : "Read the stream to its end: run this again",
  );
}

function skippedParts({ counts, skipped }: EndedReconciliation): Finding | false {
  const { problems, problemCount } = skipped;
  const withoutTime = counts.rowsIgnored.withoutTime;
  const shown = problems
    .slice(0, 5)
    .map(({ file, line, reason }) => `${file}${line === undefined ? "" : `:${line}`}: ${reason}`);
  if (withoutTime > 0) shown.push(`${counted(withoutTime, "row")} without a server_upload_time`);
  if (shown.length === 0) return false;
  return finding.undetermined(
    "source-problems",
    problems[0]?.file ?? "the export",
    `${counted(problemCount + withoutTime, "part")} of the export can't be compared, so events may be missing unnoticed: ${shown.join("; ")}`,
    "Export the hours concerned again",
  );
}

function differentEvents({ counts, where }: EndedReconciliation): Finding | false {
  const { eventsDifferent, differences } = counts;
  if (eventsDifferent === 0) return false;
  const fields = differences
    .slice(0, 5)
    .map(
      ({ field, count, sample }) =>
        `${field} (${count}, such as ${sample[0]} in the export and ${sample[1]} in the stream)`,
    );
  return finding.warning(
    "events-different",
    where,
    `${counted(eventsDifferent, "delivered event differs", "delivered events differ")} from the export${fields.length > 0 ? `: ${fields.join("; ")}` : ""}`,
    "Check whether consumers depend on these fields. Amplitude documents only that user properties are strings in a stream",
  );
}

function typesNotForwarded({ counts, where }: EndedReconciliation): Finding | false {
  const types = counts.eventTypes.filter(({ eventsNotForwarded }) => eventsNotForwarded > 0);
  if (counts.eventsDelivered === 0 || counts.eventsNotForwarded === 0) return false;
  const names = types.map(({ eventType, eventsNotForwarded }) => `${eventType} (${eventsNotForwarded})`);
  return finding.warning(
    "types-not-forwarded",
    where,
    `Nothing arrived of ${counted(types.length, "event type")}, so the destination's filter may exclude ${types.length === 1 ? "it" : "them"}: ${listed(names)}`,
    "Compare with the destination's filter in Amplitude. Name types that have to arrive with --event-type, or give --all-types if there is no filter",
  );
}

function namedTypesNotExported({ typesNotExported: types }: EndedReconciliation): Finding | false {
  if (types.length === 0) return false;
  return finding.warning(
    "types-not-exported",
    "--event-type",
    `The export has no event of ${types.length === 1 ? "this type, so naming it" : "these types, so naming them"} has no effect: ${listed(types)}`,
    "Compare the spelling, upper and lower case included, with the event types of the report",
  );
}

function warnings(ended: EndedReconciliation): (Finding | false)[] {
  const { counts, where } = ended;
  return [
    differentEvents(ended),
    counts.eventsDuplicated > 0 &&
      finding.warning(
        "events-duplicated",
        where,
        `The stream has ${counted(counts.eventsDuplicated, "row that repeats", "rows that repeat")} an event`,
        "Let consumers drop repeated rows by their uuid, because Amplitude doesn't promise to deliver an event once",
      ),
    counts.eventsLate > 0 &&
      finding.warning(
        "events-late",
        where,
        `${counted(counts.eventsLate, "event")} arrived over ${DOCUMENTED_P95_SECONDS} s after Amplitude received ${counts.eventsLate === 1 ? "it" : "them"}, ${counts.eventsLateOverAnHour} of them over an hour. Amplitude documents ${DOCUMENTED_P95_SECONDS} s for 95 percent`,
        "If these are more than 5 percent, check whether the stream is throttled (metric WriteProvisionedThroughputExceeded). Otherwise ask Amplitude",
      ),
    typesNotForwarded(ended),
    namedTypesNotExported(ended),
    counts.eventsOfOtherProjects > 0 &&
      finding.warning(
        "unexpected-app",
        where,
        `${counted(counts.eventsOfOtherProjects, "row of the stream comes", "rows of the stream come")} from other Amplitude projects than the export`,
        "If the projects are yours, reconcile each with its own keys. Otherwise run `npx amplitude-kinesis watch --expect-app ID`, which says what to do",
      ),
    counts.eventsUnexplained > 0 &&
      finding.warning(
        "rows-unexplained",
        where,
        `${counted(counts.eventsUnexplained, "row of the stream is", "rows of the stream are")} not in the export, though of this project and not of another hour`,
        "Check that the export has every archive of these hours, and export them again",
      ),
    counts.recordsForeign > 0 &&
      finding.warning(
        "foreign-records",
        where,
        `The stream holds ${counted(counts.recordsForeign, "record")} without rows of Amplitude`,
        "Find the other producer with `npx amplitude-kinesis watch`, or make consumers ignore its records",
      ),
  ];
}

/** Share of the exported events by which Amplitude's numbers may differ, because they count by the time of delivery. */
const METRICS_TOLERANCE = 0.01;

function metricsDisagree({ counts, where }: EndedReconciliation): Finding | false {
  const { amplitudeMetrics: metrics, eventsExported, eventsDelivered, eventsMissing } = counts;
  if (metrics === null) return false;
  const tolerance = Math.max(1, eventsExported * METRICS_TOLERANCE);
  const isClose = (one: number, other: number) => Math.abs(one - other) <= tolerance;
  if (isClose(metrics.eventsDelivered, eventsDelivered) && isClose(metrics.eventsNotDelivered, eventsMissing))
    return false;
  return finding.warning(
    "metrics-disagree",
    where,
    `Amplitude counts ${metrics.eventsDelivered} delivered and ${metrics.eventsNotDelivered} not delivered events (${metrics.eventsExpired} expired, ${metrics.eventsDiscarded} discarded) in these hours; the comparison found ${eventsDelivered} delivered and ${eventsMissing} missing`,
    "Amplitude counts by the time of delivery, so compare a longer range. If the numbers still differ, check that --sync-id is the destination of this stream",
  );
}

/** Says that a part decides nothing. */
export function partsNotMerged(part: Part, file: string): Finding {
  return finding.undetermined(
    "parts-not-merged",
    file,
    `Part ${partText(part)} has read only its share of the stream's shards, so events without a row in them may be in others`,
    "Merge the files of all parts with `npx amplitude-kinesis report merge FILE...`",
  );
}

export function metricsUnavailable(problem: string): Finding {
  return finding.warning(
    "metrics-unavailable",
    "Amplitude's delivery metrics",
    problem,
    "Copy the id from the destination's page in Amplitude. The comparison with the export stands",
  );
}
