import { type Finding, finding, mostCommon, present } from "../common/findings";
import type { RunKey } from "../common/runId";
import { counted } from "../common/text";
import { eventsRefused } from "../sending/findings";
import type { RunState } from "./resume/runState";
import type { Fate, LedgerCounts, RunEnd } from "./verdict";

/** Returns the findings about the events' outcomes, one per kind. */
export function eventFindings(
  { ledger: { reasons }, key }: Pick<RunState, "ledger" | "key">,
  counts: LedgerCounts,
  { readingComplete }: RunEnd,
  where: string,
): Finding[] {
  const { fates, duplicates, unexplainedDuplicates, seenDespiteRefusal } = counts;
  const named = (fate: Fate) => eventsOf(fate, counts, key);
  const absent = fates.lost + fates.unanswered + fates.leftOpen;
  return present([
    fates.refused > 0 && eventsRefused(reasons.refused, named("refused"), where),
    readingComplete &&
      fates.lost > 0 &&
      finding.error(
        "events-lost",
        where,
        `${named("lost")} were acknowledged by Kinesis, and are not in the stream after two full readings`,
        "Check that nothing stands between this machine and Kinesis (endpoint, proxy), then take it to AWS Support with the run id",
      ),
    readingComplete &&
      fates.unanswered > 0 &&
      finding.error(
        "events-unanswered",
        where,
        `${named("unanswered")} got no clear response from Kinesis, and are not in the stream: ${mostCommon(reasons.unanswered.ranked)}`,
        "Check the network and the service's health, and run this again",
      ),
    !readingComplete && absent > 0 && unread(absent, where),
    fates.corrupted > 0 &&
      finding.error(
        "events-corrupted",
        where,
        `${named("corrupted")} came back with different bytes`,
        "Check that nothing between this machine and Kinesis changes requests (endpoint, proxy)",
      ),
    unexplainedDuplicates > 0 &&
      finding.warning(
        "duplicates-unexplained",
        where,
        `No acknowledgement and no unclear response accounts for ${unexplainedDuplicates} of ${counted(duplicates, "duplicate")}`,
        "Consumers must deduplicate in any case (by uuid): Amplitude promises no exactly-once delivery",
      ),
    seenDespiteRefusal > 0 &&
      finding.warning(
        "refused-but-delivered",
        where,
        `${counted(seenDespiteRefusal, "event is", "events are")} in the stream although Kinesis refused them`,
        "Consumers must deduplicate in any case (by uuid): a sender that trusts the refusal sends such events again",
      ),
  ]);
}

function eventsOf(fate: Fate, counts: LedgerCounts, key: RunKey): string {
  const total = counts.fates[fate];
  const sample = counts.samples[fate].map((number) => key.numberOf(number - 1) + 1);
  const more = total > sample.length ? ", …" : "";
  return `${counted(total, "event")} (number ${sample.join(", ")}${more} of the source)`;
}

/** Returns the finding for events that were not read back because reading did not finish, on any route. */
export function unread(events: number, where: string): Finding {
  return finding.undetermined(
    "events-unread",
    where,
    `${counted(events, "event was", "events were")} not read back so far, and the stream could not be read to its end, so it is unknown whether ${events === 1 ? "it" : "they"} arrived`,
    "Run this again with a longer --timeout",
  );
}
