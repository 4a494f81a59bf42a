import { type Finding, hasSeverity, type Verdict } from "../common/findings";
import type { DeliveryReport } from "./report";

/** How the run ended, apart from its events. */
export interface RunEnd {
  /** All shards were read to a time after the last attempt, and twice where events were missing. */
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
  | "eventsSeenThoughRefused"
>;

/** Absent from the stream is certain only after a complete reading; a refusal is certain without one, unless the run was ended before the next try. */
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
    eventsSeenThoughRefused: counts.seenThoughRefused,
  };
}

export function decideVerdict(counts: EventCounts, findings: Finding[]): Verdict {
  if (hasSeverity(findings, "error") || counts.eventsNotDelivered > 0 || counts.eventsCorrupted > 0)
    return "failed";
  if (hasSeverity(findings, "undetermined") || counts.eventsUnknown > 0 || counts.eventsDelivered === 0)
    return "undecided";
  return "verified";
}

/** What is known of an event, a bit each. */
export const ATTEMPTED = 1;
export const ACKNOWLEDGED = 2;
export const REFUSED = 4;
export const UNANSWERED = 8;
export const SEEN_INTACT = 16;
export const SEEN_CHANGED = 32;
export const ABANDONED = 64;
/** May have been written, and would have been tried again: still waited for. */
export const LEFT_OPEN = 128;
export const SEEN = SEEN_INTACT | SEEN_CHANGED;
/** Nothing that is waited for. */
export const NOT_WRITTEN = REFUSED | ABANDONED;

/** What became of an event that was sent. */
export type Fate = "delivered" | "corrupted" | "lost" | "refused" | "unanswered" | "abandoned" | "leftOpen";

export interface LedgerCounts {
  /** Each event sent has one fate: read back with its bytes alone, with other bytes, or not read back, and then by what Kinesis said. */
  fates: Record<Fate, number>;
  /** Read back though every attempt was refused. */
  seenThoughRefused: number;
  /** Copies beyond the first of each event. */
  duplicates: number;
  /** Of those, the ones that neither the acknowledgement nor an attempt without a clear answer accounts for. */
  unexplainedDuplicates: number;
  /** The numbers of the first few events of each fate, from 1 in the order of the source. */
  samples: Record<Fate, number[]>;
}

/** How many events of a fate are named. */
const SAMPLES = 5;

export function noCounts(): LedgerCounts {
  return {
    fates: { delivered: 0, corrupted: 0, lost: 0, refused: 0, unanswered: 0, abandoned: 0, leftOpen: 0 },
    seenThoughRefused: 0,
    duplicates: 0,
    unexplainedDuplicates: 0,
    samples: {
      delivered: [],
      corrupted: [],
      lost: [],
      refused: [],
      unanswered: [],
      abandoned: [],
      leftOpen: [],
    },
  };
}

/** What the ledger knows of one event that was sent. */
export interface KnownEvent {
  flags: number;
  /** Records read that bear its number. */
  copies: number;
  ambiguousAttempts: number;
}

/** @param index the event's number, from 0. */
export function countEvent(counts: LedgerCounts, index: number, event: KnownEvent): void {
  const { flags, copies, ambiguousAttempts } = event;
  const fate = fateOf(flags);
  counts.fates[fate] += 1;
  if (counts.samples[fate].length < SAMPLES) counts.samples[fate].push(index + 1);
  if ((flags & SEEN) !== 0 && (flags & REFUSED) !== 0) counts.seenThoughRefused += 1;
  // An acknowledged attempt wrote one copy, one without a clear answer may have; the first copy is no duplicate.
  const accounted = ((flags & ACKNOWLEDGED) === 0 ? 0 : 1) + ambiguousAttempts;
  counts.duplicates += Math.max(0, copies - 1);
  counts.unexplainedDuplicates += Math.max(0, copies - Math.max(1, accounted));
}

/** A changed copy outweighs an intact one: nothing but a fault can have made it. */
function fateOf(flags: number): Fate {
  if ((flags & SEEN_CHANGED) !== 0) return "corrupted";
  if ((flags & SEEN_INTACT) !== 0) return "delivered";
  if ((flags & ACKNOWLEDGED) !== 0) return "lost";
  if ((flags & REFUSED) !== 0) return "refused";
  if ((flags & ABANDONED) !== 0) return "abandoned";
  return (flags & LEFT_OPEN) === 0 ? "unanswered" : "leftOpen";
}
