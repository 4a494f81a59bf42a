import { type Finding, finding, mostCommon } from "../common/findings";
import { eventsRefused } from "../sending/findings";
import type { Ledger } from "./ledger";
import type { Fate, LedgerCounts, RunEnd } from "./verdict";

/** Returns the findings about the events' outcomes, one per kind. */
export function eventFindings(
  ledger: Ledger,
  counts: LedgerCounts,
  end: RunEnd,
  streamArn: string,
): Finding[] {
  const { fates } = counts;
  const absent = fates.lost + fates.unanswered + fates.leftOpen;
  const findings: (Finding | undefined)[] = [
    fates.refused > 0
      ? eventsRefused(ledger.reasons.refused, named(counts, "refused"), streamArn)
      : undefined,
    end.readingComplete && fates.lost > 0 ? lost(counts, streamArn) : undefined,
    end.readingComplete && fates.unanswered > 0 ? unanswered(ledger, counts, streamArn) : undefined,
    !end.readingComplete && absent > 0 ? unread(absent, streamArn) : undefined,
    fates.corrupted > 0 ? corrupted(counts, streamArn) : undefined,
    counts.unexplainedDuplicates > 0 ? unexplained(counts, streamArn) : undefined,
    counts.seenDespiteRefusal > 0 ? seenDespiteRefusal(counts, streamArn) : undefined,
  ];
  return findings.filter((finding) => finding !== undefined);
}

function named(counts: LedgerCounts, fate: Fate): string {
  const total = counts.fates[fate];
  const sample = counts.samples[fate];
  const more = total > sample.length ? ", …" : "";
  return `${total} event(s) (number ${sample.join(", ")}${more} of the source)`;
}

function lost(counts: LedgerCounts, where: string): Finding {
  return finding.error(
    "events-lost",
    where,
    `${named(counts, "lost")} were acknowledged by Kinesis, and are not in the stream after two full readings`,
    "Check that nothing stands between this machine and Kinesis (endpoint, proxy), then take it to AWS Support with the run id",
  );
}

function unanswered(ledger: Ledger, counts: LedgerCounts, where: string): Finding {
  return finding.error(
    "events-unanswered",
    where,
    `${named(counts, "unanswered")} got no clear answer from Kinesis, and are not in the stream: ${mostCommon(ledger.reasons.unanswered.ranked)}`,
    "Check the network and the service's health, and run this again",
  );
}

/** Returns the finding for events that were not read back because reading did not finish, on any route. */
export function unread(events: number, where: string): Finding {
  return finding.undetermined(
    "events-unread",
    where,
    `${events} event(s) were not read back so far, and the stream could not be read to its end: whether they arrived is not known`,
    "Run this again with a longer --timeout",
  );
}

function corrupted(counts: LedgerCounts, where: string): Finding {
  return finding.error(
    "events-corrupted",
    where,
    `${named(counts, "corrupted")} are in the stream with other bytes than were sent`,
    "Check that nothing between this machine and Kinesis changes requests (endpoint, proxy)",
  );
}

function unexplained(counts: LedgerCounts, where: string): Finding {
  return finding.warning(
    "duplicates-unexplained",
    where,
    `${counts.unexplainedDuplicates} of ${counts.duplicates} duplicate(s) are copies that no acknowledgement and no unclear response accounts for`,
    "Consumers must deduplicate in any case (by uuid): Amplitude promises no exactly-once delivery",
  );
}

function seenDespiteRefusal(counts: LedgerCounts, where: string): Finding {
  return finding.warning(
    "refused-but-delivered",
    where,
    `${counts.seenDespiteRefusal} event(s) are in the stream though Kinesis refused them`,
    "Consumers must deduplicate in any case (by uuid): a sender that trusts the refusal sends such events again",
  );
}
