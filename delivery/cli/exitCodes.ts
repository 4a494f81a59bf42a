import type { CheckVerdict } from "../check/report";
import type { Verdict } from "../common/findings";
import type { SendOutcome } from "../send/report";

/** What a command ends with that has an answer. */
export const EXIT_CODES: Record<Verdict | CheckVerdict | SendOutcome, number> = {
  verified: 0,
  passed: 0,
  sent: 0,
  failed: 1,
  undecided: 3,
};
/** Wrong usage, settings or credentials: nothing was tried. */
export const EXIT_USAGE = 2;
/** All is verified and printed, and a part of what was asked for is missing: the reports could not be written. */
export const EXIT_UNWRITTEN = 4;
/** Ended by a signal before there was an answer. As shells have it: 128 and the signal's number. */
export const EXIT_INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;
