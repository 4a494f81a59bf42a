import type { EpochMs } from "../common/clock";
import { type Finding, hasSeverity } from "../common/findings";
import type { Latency } from "../common/histogram";
import { VERSION } from "../common/limits";
import type { Part } from "../common/part";
import type { EventSource } from "../events/source";
import { omissionsOf } from "../sending/findings";
import { reconcileFindings } from "./findings";
import { formatHour, HOUR_MS } from "./options";
import type {
  AmplitudeMetrics,
  BackfillReport,
  EventOutcomes,
  EventTypeReport,
  FieldDifference,
  HourReport,
  IgnoredRows,
  ReconcileReport,
} from "./report";
import type { UnmatchedRows } from "./tally";

/** Number of fields that a report names. */
export const MAX_DIFFERENCES = 20;

/** Everything that a report is made of, from one process or from all parts. */
export interface Reconciled {
  names: { roleArn: string; region: string; streamName: string };
  /** The stream's ARN. */
  where: string;
  hours: { from: string; to: string };
  start: EpochMs;
  end: EpochMs;
  part: Part | null;
  runId: string | null;
  /** Events by outcome: all, and of each hour. */
  total: EventOutcomes;
  outcomes: EventOutcomes[];
  eventTypes: EventTypeReport[];
  eventsWithoutIdentity: number;
  rowsIgnored: IgnoredRows;
  unmatched: UnmatchedRows;
  /** Parts of the export that are not events. */
  skipped: Pick<EventSource, "problems" | "problemCount" | "fileProblemCount">;
  latency: Latency | null;
  differences: FieldDifference[];
  backfill: BackfillReport | null;
  metrics: AmplitudeMetrics | null;
  /** Whether Amplitude exports an hour completely, by its number. */
  isExportable: (hour: number) => boolean;
  /** Numbers of the hours of which the stream has a row that the export lacks. */
  unexplainedHours: ReadonlySet<number>;
  typesNotExported: string[];
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
  const { names, hours, start, end, part, runId, total, eventTypes, unmatched, skipped, where } = ended;
  const hasHour = (hour: number) => isExported(ended, hour);
  const counts = {
    reportVersion: 1 as const,
    ...names,
    ...hours,
    part,
    runId,
    startedAt: new Date(start).toISOString(),
    durationInSeconds: (end - start) / 1000,
    ...total,
    eventsWithoutIdentity: ended.eventsWithoutIdentity,
    rowsIgnored: { ...ended.rowsIgnored },
    ...unmatched,
    ...omissionsOf(skipped),
    latencyInSeconds: ended.latency,
    hours: hoursOf(ended, hasHour),
    eventTypes: eventTypes.sort((one, other) => other.eventsExported - one.eventsExported),
    differences: ended.differences,
    backfill: ended.backfill,
    amplitudeMetrics: ended.metrics,
    version: VERSION,
  };
  const hoursNotExported = counts.hours.flatMap(({ hour }, number) => (hasHour(number) ? [] : hour));
  const { typesNotExported, readingComplete, before, after } = ended;
  const compared = { counts, where, hoursNotExported, typesNotExported, readingComplete, skipped };
  const findings = [...before, ...reconcileFindings(compared), ...after];
  return { ...counts, verdict: verdictFrom(findings), findings };
}

function hoursOf(ended: Reconciled, hasHour: (hour: number) => boolean): HourReport[] {
  const { total, outcomes: all, skipped, rowsIgnored, exportRead, readingComplete } = ended;
  const from = Date.parse(`${ended.hours.from}:00:00Z`);
  // Parts that can't be read may be events of any hour.
  const hasUnreadParts = skipped.problemCount + rowsIgnored.withoutTime > 0;
  return all.map((outcomes, number) => {
    const { eventsExported, eventsDelivered, eventsMissing, eventsNotForwarded } = outcomes;
    const isOpen = !hasHour(number) || !exportRead || (!readingComplete && eventsDelivered < eventsExported);
    // If nothing arrived, the filter does not explain it.
    const explained = eventsDelivered + (total.eventsDelivered > 0 ? eventsNotForwarded : 0);
    const isComplete = !hasUnreadParts && explained === eventsExported;
    const decided = eventsMissing > 0 ? "incomplete" : isComplete ? "complete" : "undecided";
    const hour = formatHour(from + number * HOUR_MS);
    return { hour, verdict: isOpen ? "undecided" : decided, ...outcomes };
  });
}

/** Whether the export has the hour, as far as one can see. */
function isExported({ isExportable, unexplainedHours, outcomes }: Reconciled, hour: number): boolean {
  const hasEvents = (outcomes[hour]?.eventsExported ?? 0) > 0;
  return isExportable(hour) && (!unexplainedHours.has(hour) || hasEvents);
}

function verdictFrom(findings: readonly Finding[]): ReconcileReport["verdict"] {
  if (hasSeverity(findings, "error")) return "incomplete";
  return hasSeverity(findings, "undetermined") ? "undecided" : "complete";
}
