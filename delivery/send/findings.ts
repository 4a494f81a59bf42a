import { type Finding, finding, hasSeverity, mostCommon } from "../common/findings";
import { isTooLarge, type OutcomeListener } from "../kinesis/producer";
import { refusalRemedy } from "../sending/findings";
import type { SendOutcome } from "./report";

/** Returns one finding for the refused events and one for the events with an unknown outcome, if there are any. */
export function fateFindings(counter: SendCounter, where: string): Finding[] {
  return [
    ...(counter.refused > 0 ? [refused(counter, where)] : []),
    ...(counter.unknown > 0 ? [unknown(counter, where)] : []),
  ];
}

function refused(counter: SendCounter, where: string): Finding {
  const reasons = counter.reasons("refused");
  const areTooLarge = reasons.every(([reason]) => isTooLarge(reason));
  return {
    code: areTooLarge ? "records-too-large" : "events-refused",
    severity: "error",
    message: `${counter.refused} event(s) were refused, and are not in the stream: ${mostCommon(reasons)}`,
    where,
    remedy: areTooLarge
      ? "Open the stream for larger records (`aws kinesis update-max-record-size`, up to 10 MiB), or leave such events out"
      : refusalRemedy(mostCommon(reasons)),
  };
}

function unknown(counter: SendCounter, where: string): Finding {
  return finding.undetermined(
    "events-unanswered",
    where,
    `Of ${counter.unknown} event(s) it is not known whether they are in the stream: ${mostCommon(counter.reasons("unknown"))}`,
    "Check the network and the service's health; `amplitude-kinesis verify` reads back what it sends",
  );
}

/**
 * Decides the outcome. An undetermined finding of the preflight says nothing about the events that were sent, so only
 * its errors and the findings of the run count.
 */
export function sendOutcome(preflight: readonly Finding[], run: readonly Finding[]): SendOutcome {
  if (hasSeverity([...preflight, ...run], "error")) return "failed";
  return hasSeverity(run, "undetermined") ? "undecided" : "sent";
}

/** Largest number of reasons that are counted separately. */
const MAX_REASONS = 20;
const ABANDONED = "given up before the next try";

/** Counts the outcomes of events. Memory holds only the events in flight. */
export class SendCounter implements OutcomeListener {
  readonly #underWay = new Set<number>();
  readonly #acknowledgedByShard = new Map<string, number>();
  readonly #reasons = { refused: new Map<string, number>(), unknown: new Map<string, number>() };
  #sent = 0;
  #acknowledged = 0;
  #refused = 0;
  #unknown = 0;

  /** Number of events that were sent, or refused before they could be. */
  get sent(): number {
    return this.#sent;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get refused(): number {
    return this.#refused;
  }

  get unknown(): number {
    return this.#unknown;
  }

  get acknowledgedByShard(): ReadonlyMap<string, number> {
    return this.#acknowledgedByShard;
  }

  /** Returns the reasons with their number of events, most common first. */
  reasons(fate: "refused" | "unknown"): [reason: string, events: number][] {
    return [...this.#reasons[fate]].sort(([, a], [, b]) => b - a);
  }

  onAttempt(index: number): void {
    if (this.#underWay.has(index)) return;
    this.#underWay.add(index);
    this.#sent += 1;
  }

  onAmbiguous(): void {}

  onAcknowledged(index: number, shardId: string): void {
    this.#underWay.delete(index);
    this.#acknowledged += 1;
    this.#acknowledgedByShard.set(shardId, (this.#acknowledgedByShard.get(shardId) ?? 0) + 1);
  }

  onRefused(index: number, reason: string): void {
    const wasTried = this.#underWay.delete(index);
    // An event that is too large for any request is refused without an attempt.
    if (!wasTried) this.#sent += 1;
    this.#refused += 1;
    this.#count("refused", reason);
  }

  onUnanswered(index: number, reason: string): void {
    this.#underWay.delete(index);
    this.#unknown += 1;
    this.#count("unknown", reason);
  }

  onAbandoned(index: number): void {
    this.onUnanswered(index, ABANDONED);
  }

  onLeftOpen(index: number): void {
    this.onAbandoned(index);
  }

  #count(fate: "refused" | "unknown", reason: string): void {
    const reasons = this.#reasons[fate];
    const key = reasons.has(reason) || reasons.size < MAX_REASONS ? reason : "other reasons";
    reasons.set(key, (reasons.get(key) ?? 0) + 1);
  }
}
