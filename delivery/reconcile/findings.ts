import { type Finding, finding, listed, present } from "../common/findings";
import { DOCUMENTED_P95_SECONDS } from "../common/limits";
import { type Part, partText } from "../common/part";
import { counted } from "../common/text";
import type { EventSource } from "../events/source";
import type { ReconcileReport } from "./report";

/** A reconciliation that ended. */
export interface EndedReconciliation {
  counts: Omit<ReconcileReport, "verdict" | "findings">;
  /** The stream's ARN. */
  where: string;
  /** Hours that Amplitude does not export yet, or that the export seems to lack. */
  hoursNotExported: string[];
  /** Names of `eventTypes` that the export lacks. */
  typesNotExported: string[];
  /** Whether the stream was read as far as it can decide. */
  readingComplete: boolean;
  /** Parts of the export that are not events. */
  skipped: Pick<EventSource, "problems" | "problemCount">;
}

/** Returns the findings about what the two records have in common, and what not. */
export function reconcileFindings(ended: EndedReconciliation): Finding[] {
  const { counts } = ended;
  return present([
    counts.eventsMissing > 0 && eventsMissing(ended),
    nothingArrived(ended),
    hoursNotExported(ended),
    counts.eventsWithoutIdentity > 0 && notMatchable(ended),
    skippedParts(ended),
    counts.eventsDifferent > 0 && eventsDifferent(ended),
    counts.eventsDuplicated > 0 && eventsDuplicated(ended),
    counts.eventsLate > 0 && eventsLate(ended),
    counts.eventsDelivered > 0 && counts.eventsNotForwarded > 0 && notForwarded(ended),
    typesNotExported(ended),
    counts.eventsOfOtherProjects > 0 && otherProjects(ended),
    counts.eventsUnexplained > 0 && unexplained(ended),
    counts.recordsForeign > 0 && foreignRecords(ended),
    metricsDisagree(ended),
  ]);
}

function eventsMissing({ counts, where, readingComplete }: EndedReconciliation): Finding {
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

/** Nothing arrived: the filter may exclude every type, or the destination may be disabled. */
function nothingArrived({ counts, where, readingComplete }: EndedReconciliation): Finding | false {
  if (counts.eventsDelivered > 0 || counts.eventsNotForwarded === 0 || !readingComplete) return false;
  return finding.undetermined(
    "nothing-arrived",
    where,
    `None of the ${counted(counts.eventsExported, "exported event")} arrived, so it is unknown which types the destination forwards`,
    "In Amplitude, check that the destination was enabled in these hours, and that its stream and project are these. Name a type that it forwards with --event-type, or give --all-types if it has no filter",
  );
}

function hoursNotExported({ hoursNotExported: hours }: EndedReconciliation): Finding | false {
  if (hours.length === 0) return false;
  return finding.undetermined(
    "hours-not-exported",
    listed(hours),
    `${counted(hours.length, "hour")} can't be decided: Amplitude exports an hour about two hours after its end, or the export lacks events of it that the stream has`,
    "Reconcile recent hours again later. For older ones, export them again and check that no archive is left out",
  );
}

function notMatchable({ counts, where }: EndedReconciliation): Finding {
  return finding.undetermined(
    "events-not-matchable",
    where,
    `${counted(counts.eventsWithoutIdentity, "exported event")} with neither a uuid nor a device and an $insert_id can't be looked for in the stream`,
    "Export the hours again with all fields, as Amplitude's Export API returns them",
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

function eventsDifferent({ counts, where }: EndedReconciliation): Finding {
  const fields = counts.differences
    .slice(0, 5)
    .map(
      ({ field, count, sample }) =>
        `${field} (${count}, such as ${sample[0]} in the export and ${sample[1]} in the stream)`,
    );
  return finding.warning(
    "events-different",
    where,
    `${counted(counts.eventsDifferent, "delivered event")} differ${counts.eventsDifferent === 1 ? "s" : ""} from the export${fields.length > 0 ? `: ${fields.join("; ")}` : ""}`,
    "Check whether consumers depend on these fields. Amplitude documents only that user properties are strings in a stream",
  );
}

function eventsDuplicated({ counts, where }: EndedReconciliation): Finding {
  return finding.warning(
    "events-duplicated",
    where,
    `The stream has ${counted(counts.eventsDuplicated, "row")} that ${counts.eventsDuplicated === 1 ? "repeats" : "repeat"} an event`,
    "Let consumers drop repeated rows by their uuid, because Amplitude doesn't promise to deliver an event once",
  );
}

function eventsLate({ counts, where }: EndedReconciliation): Finding {
  return finding.warning(
    "events-late",
    where,
    `${counted(counts.eventsLate, "event")} arrived over ${DOCUMENTED_P95_SECONDS} s after Amplitude received ${counts.eventsLate === 1 ? "it" : "them"}, ${counts.eventsLateOverAnHour} of them over an hour. Amplitude documents ${DOCUMENTED_P95_SECONDS} s for 95 percent`,
    "If these are more than 5 percent, check whether the stream is throttled (metric WriteProvisionedThroughputExceeded). Otherwise ask Amplitude",
  );
}

function notForwarded({ counts, where }: EndedReconciliation): Finding {
  const types = counts.eventTypes.filter(({ eventsNotForwarded }) => eventsNotForwarded > 0);
  const named = types.map(({ eventType, eventsNotForwarded }) => `${eventType} (${eventsNotForwarded})`);
  return finding.warning(
    "types-not-forwarded",
    where,
    `Nothing arrived of ${counted(types.length, "event type")}, so the destination's filter may exclude ${types.length === 1 ? "it" : "them"}: ${listed(named)}`,
    "Compare with the destination's filter in Amplitude. Name types that have to arrive with --event-type, or give --all-types if there is no filter",
  );
}

function typesNotExported({ typesNotExported: types }: EndedReconciliation): Finding | false {
  if (types.length === 0) return false;
  return finding.warning(
    "types-not-exported",
    "--event-type",
    `The export has no event of ${types.length === 1 ? "this type" : "these types"}, so naming ${types.length === 1 ? "it" : "them"} has no effect: ${listed(types)}`,
    "Compare the spelling, upper and lower case included, with the event types of the report",
  );
}

function otherProjects({ counts, where }: EndedReconciliation): Finding {
  return finding.warning(
    "unexpected-app",
    where,
    `${counted(counts.eventsOfOtherProjects, "row")} of the stream ${counts.eventsOfOtherProjects === 1 ? "comes" : "come"} from other Amplitude projects than the export`,
    "If the projects are yours, reconcile each with its own keys. Otherwise run `npx amplitude-kinesis watch --expect-app ID`, which says what to do",
  );
}

function unexplained({ counts, where }: EndedReconciliation): Finding {
  return finding.warning(
    "rows-unexplained",
    where,
    `${counted(counts.eventsUnexplained, "row")} of the stream ${counts.eventsUnexplained === 1 ? "is" : "are"} not in the export, though of this project and not of another hour`,
    "Check that the export has every archive of these hours, and export them again",
  );
}

function foreignRecords({ counts, where }: EndedReconciliation): Finding {
  return finding.warning(
    "foreign-records",
    where,
    `The stream holds ${counted(counts.recordsForeign, "record")} without rows of Amplitude`,
    "Find the other producer with `npx amplitude-kinesis watch`, or make consumers ignore its records",
  );
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
