import { type Finding, hasSeverity, type Verdict } from "../common/findings";
import type { LedgerCounts } from "./ledger";
import type { DeliveryReport } from "./report";

/** End of a run, apart from its events. */
export interface RunEnd {
  /** Whether all shards were read to a time after the last attempt, and twice if events were missing. */
  readingComplete: boolean;
}

export type EventCounts = Pick<
  DeliveryReport,
  | "eventsDelivered"
  | "eventsNotDelivered"
  | "eventsRefused"
  | "eventsLost"
  | "eventsUnanswered"
  | "eventsCorrupted"
  | "eventsUnknown"
  | "eventsDuplicated"
  | "duplicatesUnexplained"
  | "eventsSeenDespiteRefusal"
>;

/**
 * Counts the events by outcome. An event is certainly absent only after a complete reading. A refusal is certain
 * without one, unless the run ended before the next attempt.
 */
export function countEvents(counts: LedgerCounts, { readingComplete }: RunEnd): EventCounts {
  const { fates } = counts;
  const [lost, unanswered] = readingComplete ? [fates.lost, fates.unanswered] : [0, 0];
  const undecided = fates.lost + fates.unanswered - lost - unanswered;
  return {
    eventsDelivered: fates.delivered,
    eventsNotDelivered: fates.refused + lost + unanswered,
    eventsRefused: fates.refused,
    eventsLost: lost,
    eventsUnanswered: unanswered,
    eventsCorrupted: fates.corrupted,
    eventsUnknown: fates.abandoned + fates.leftOpen + undecided,
    eventsDuplicated: counts.duplicates,
    duplicatesUnexplained: counts.unexplainedDuplicates,
    eventsSeenDespiteRefusal: counts.seenDespiteRefusal,
  };
}

export function decideVerdict(counts: EventCounts, findings: Finding[]): Verdict {
  if (hasSeverity(findings, "error") || counts.eventsNotDelivered > 0 || counts.eventsCorrupted > 0)
    return "failed";
  if (hasSeverity(findings, "undetermined") || counts.eventsUnknown > 0 || counts.eventsDelivered === 0)
    return "undecided";
  return "verified";
}
