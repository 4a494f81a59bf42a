import { type Finding, hasSeverity, type Verdict } from "../common/findings";
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

/** Facts known about an event, one bit each. */
export const ATTEMPTED = 1;
export const ACKNOWLEDGED = 2;
export const REFUSED = 4;
export const UNANSWERED = 8;
export const SEEN_INTACT = 16;
export const SEEN_CHANGED = 32;
export const ABANDONED = 64;
/** Flag of an event that may have been written and would have been retried. It is still waited for. */
export const LEFT_OPEN = 128;
export const SEEN = SEEN_INTACT | SEEN_CHANGED;
/** Flags of an event that is not waited for. */
export const NOT_WRITTEN = REFUSED | ABANDONED;

/** Fates of events that were sent. */
const FATES = ["delivered", "corrupted", "lost", "refused", "unanswered", "abandoned", "leftOpen"] as const;
export type Fate = (typeof FATES)[number];

export interface LedgerCounts {
  /**
   * Number of events per fate. Each event that was sent has one: read back only with its bytes, with other bytes, or
   * not read back and then decided by the response of Kinesis.
   */
  fates: Record<Fate, number>;
  /** Number of events read back although every attempt was refused. */
  seenDespiteRefusal: number;
  /** Number of duplicates: copies beyond the first of each event. */
  duplicates: number;
  /** Number of those copies that neither the acknowledgement nor an attempt without a clear response accounts for. */
  unexplainedDuplicates: number;
  /** Numbers of the first few events of each fate, from 1 in the order of the source. */
  samples: Record<Fate, number[]>;
}

/** Maximum number of events that are named per fate. */
const SAMPLES = 5;

export function noCounts(): LedgerCounts {
  const perFate = <T>(value: () => T) =>
    Object.fromEntries(FATES.map((fate) => [fate, value()])) as Record<Fate, T>;
  return {
    fates: perFate(() => 0),
    seenDespiteRefusal: 0,
    duplicates: 0,
    unexplainedDuplicates: 0,
    samples: perFate(() => []),
  };
}

/** Facts that the ledger knows about one event that was sent. */
export interface KnownEvent {
  flags: number;
  /** Number of records read that bear its number. */
  copies: number;
  ambiguousAttempts: number;
}

/** @param index Number of the event, from 0. */
export function countEvent(counts: LedgerCounts, index: number, event: KnownEvent): void {
  const { flags, copies, ambiguousAttempts } = event;
  const fate = fateOf(flags);
  counts.fates[fate] += 1;
  if (counts.samples[fate].length < SAMPLES) counts.samples[fate].push(index + 1);
  if ((flags & SEEN) !== 0 && (flags & REFUSED) !== 0) counts.seenDespiteRefusal += 1;
  // An acknowledged attempt wrote one copy, and one without a clear response may have. The first copy isn't a
  // duplicate.
  const accounted = ((flags & ACKNOWLEDGED) === 0 ? 0 : 1) + ambiguousAttempts;
  counts.duplicates += Math.max(0, copies - 1);
  counts.unexplainedDuplicates += Math.max(0, copies - Math.max(1, accounted));
}

/** Returns the event's fate. A changed copy outweighs an intact one, because only a fault can have made it. */
function fateOf(flags: number): Fate {
  if ((flags & SEEN_CHANGED) !== 0) return "corrupted";
  if ((flags & SEEN_INTACT) !== 0) return "delivered";
  if ((flags & ACKNOWLEDGED) !== 0) return "lost";
  if ((flags & REFUSED) !== 0) return "refused";
  if ((flags & ABANDONED) !== 0) return "abandoned";
  return (flags & LEFT_OPEN) === 0 ? "unanswered" : "leftOpen";
}
