import { type Finding, hasSeverity, mostCommon } from "../common/findings";
import { isTooLarge } from "../kinesis/producer";
import { refusalRemedy } from "../sending/findings";
import type { SendCounter } from "./counter";
import type { SendOutcome } from "./report";

/** What the events' fates mean. */
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
  return {
    code: "events-unanswered",
    severity: "undetermined",
    message: `Of ${counter.unknown} event(s) it is not known whether they are in the stream: ${mostCommon(counter.reasons("unknown"))}`,
    where,
    remedy: "Check the network and the service's health; `amplitude-kinesis verify` reads back what it sends",
  };
}

/**
 * What the preflight leaves open says nothing of the events that were sent: only what it found wrong, and what happened
 * on the way, decides.
 */
export function sendOutcome(preflight: readonly Finding[], run: readonly Finding[]): SendOutcome {
  if (hasSeverity([...preflight, ...run], "error")) return "failed";
  return hasSeverity(run, "undetermined") ? "undecided" : "sent";
}
