import type { Finding } from "../findings";
import type { Verdict } from "../report/report";
import type { LedgerCounts } from "./ledger";

/** How the run ended, apart from its events. */
export interface RunEnd {
  /** All shards were read to a time after the last attempt, and twice where events were missing. */
  readingComplete: boolean;
}

export interface EventCounts {
  eventsDelivered: number;
  eventsNotDelivered: number;
  eventsCorrupted: number;
  eventsUnknown: number;
  eventsDuplicated: number;
}

/** Absent from the stream is certain only after a complete reading; a refusal is certain without one, unless the run was ended before the next try. */
export function countEvents({ fates, duplicates }: LedgerCounts, { readingComplete }: RunEnd): EventCounts {
  const absent = fates.lost + fates.unanswered;
  return {
    eventsDelivered: fates.delivered,
    eventsNotDelivered: fates.refused + (readingComplete ? absent : 0),
    eventsCorrupted: fates.corrupted,
    eventsUnknown: fates.abandoned + (readingComplete ? 0 : absent),
    eventsDuplicated: duplicates,
  };
}

export function decideVerdict(counts: EventCounts, findings: Finding[]): Verdict {
  const hasSeverity = (severity: Finding["severity"]) =>
    findings.some((finding) => finding.severity === severity);
  if (hasSeverity("error") || counts.eventsNotDelivered > 0 || counts.eventsCorrupted > 0) return "failed";
  if (hasSeverity("undetermined") || counts.eventsUnknown > 0 || counts.eventsDelivered === 0)
    return "undecided";
  return "verified";
}
