import { type Finding, finding, hasSeverity, mostCommon, present } from "../common/findings";
import { counted } from "../common/text";
import type { OutcomeListener, RecordEnd } from "../kinesis/producer";
import { type Reason, ReasonCounts } from "../kinesis/putRecords";
import { eventsRefused } from "../sending/findings";
import type { SendOutcome } from "./report";

/** Returns one finding for the refused events and one for the events with an unknown outcome, if there are any. */
export function fateFindings({ refused, unknown, reasons }: SendCounter, where: string): Finding[] {
  return present([
    refused > 0 && eventsRefused(reasons.refused, counted(refused, "event"), where),
    unknown > 0 &&
      finding.undetermined(
        "events-unanswered",
        where,
        `It is unknown whether ${counted(unknown, "event")} reached the stream: ${mostCommon(reasons.unknown.ranked)}`,
        "Check the network and the service's health; `npx amplitude-kinesis verify` reads back what it sends",
      ),
  ]);
}

/**
 * Decides the outcome. An undetermined finding of the preflight says nothing about the events that were sent, so only
 * its errors and the findings of the run count.
 */
export function sendOutcome(preflight: readonly Finding[], run: readonly Finding[]): SendOutcome {
  if (hasSeverity([...preflight, ...run], "error")) return "failed";
  return hasSeverity(run, "undetermined") ? "undecided" : "sent";
}

const ABANDONED: Reason = { code: "abandoned", detail: "given up before the next attempt" };

/** Counts the outcomes of events. Memory holds only the events in flight. */
export class SendCounter implements OutcomeListener {
  readonly #underWay = new Set<number>();
  readonly acknowledgedByShard = new Map<string, number>();
  readonly reasons = { refused: new ReasonCounts(), unknown: new ReasonCounts() };
  /** Number of events that were sent, or refused before they could be. */
  sent = 0;
  acknowledged = 0;
  refused = 0;
  unknown = 0;

  onAttempt(index: number): void {
    if (this.#underWay.has(index)) return;
    this.#underWay.add(index);
    this.sent += 1;
  }

  onAmbiguous(): void {}

  onEnd(index: number, end: RecordEnd): void {
    // An event that is too large for any request is refused without an attempt.
    if (!this.#underWay.delete(index)) this.sent += 1;
    if (end.kind === "acknowledged") {
      this.acknowledged += 1;
      this.acknowledgedByShard.set(end.shardId, (this.acknowledgedByShard.get(end.shardId) ?? 0) + 1);
    } else if (end.kind === "refused") {
      this.refused += 1;
      this.reasons.refused.add(end.reason);
    } else {
      this.unknown += 1;
      this.reasons.unknown.add(end.kind === "unanswered" ? end.reason : ABANDONED);
    }
  }
}
