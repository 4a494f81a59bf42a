import { type Finding, mostCommon } from "../common/findings";
import { isTooLarge } from "../kinesis/producer";
import { refusalRemedy } from "../sending/findings";
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
    fates.refused > 0 ? refused(ledger, counts, streamArn) : undefined,
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

function refused(ledger: Ledger, counts: LedgerCounts, where: string): Finding {
  const reasons = ledger.reasons("refused");
  const tooLarge = reasons.every(([reason]) => isTooLarge(reason));
  const what = named(counts, "refused");
  return tooLarge
    ? {
        code: "records-too-large",
        severity: "error",
        message: `${what} can't be delivered: ${mostCommon(reasons)}`,
        where,
        remedy:
          "Open the stream for larger records (`aws kinesis update-max-record-size`, up to 10 MiB), or filter such events out in Amplitude",
      }
    : {
        code: "events-refused",
        severity: "error",
        message: `${what} were refused by Kinesis and not delivered: ${mostCommon(reasons)}`,
        where,
        remedy: refusalRemedy(mostCommon(reasons)),
      };
}

function lost(counts: LedgerCounts, where: string): Finding {
  return {
    code: "events-lost",
    severity: "error",
    message: `${named(counts, "lost")} were acknowledged by Kinesis, and are not in the stream after two full readings`,
    where,
    remedy:
      "Check that nothing stands between this machine and Kinesis (endpoint, proxy), then take it to AWS Support with the run id",
  };
}

function unanswered(ledger: Ledger, counts: LedgerCounts, where: string): Finding {
  return {
    code: "events-unanswered",
    severity: "error",
    message: `${named(counts, "unanswered")} got no clear answer from Kinesis, and are not in the stream: ${mostCommon(ledger.reasons("unanswered"))}`,
    where,
    remedy: "Check the network and the service's health, and run this again",
  };
}

/** Returns the finding for events that were not read back because reading did not finish, on any route. */
export function unread(events: number, where: string): Finding {
  return {
    code: "events-unread",
    severity: "undetermined",
    message: `${events} event(s) were not read back so far, and the stream could not be read to its end: whether they arrived is not known`,
    where,
    remedy: "Run this again with a longer --timeout",
  };
}

function corrupted(counts: LedgerCounts, where: string): Finding {
  return {
    code: "events-corrupted",
    severity: "error",
    message: `${named(counts, "corrupted")} are in the stream with other bytes than were sent`,
    where,
    remedy: "Check that nothing between this machine and Kinesis changes requests (endpoint, proxy)",
  };
}

function unexplained(counts: LedgerCounts, where: string): Finding {
  return {
    code: "duplicates-unexplained",
    severity: "warning",
    message: `${counts.unexplainedDuplicates} of ${counts.duplicates} duplicate(s) are copies that no acknowledgement and no unclear response accounts for`,
    where,
    remedy: "Consumers must deduplicate in any case (by uuid): Amplitude promises no exactly-once delivery",
  };
}

function seenDespiteRefusal(counts: LedgerCounts, where: string): Finding {
  return {
    code: "refused-but-delivered",
    severity: "warning",
    message: `${counts.seenDespiteRefusal} event(s) are in the stream though Kinesis refused them`,
    where,
    remedy:
      "Consumers must deduplicate in any case (by uuid): a sender that trusts the refusal sends such events again",
  };
}
