import type { CheckVerdict } from "../check/report";
import type { Verdict } from "../report/report";

export const EXIT_CODES: Record<Verdict | CheckVerdict, number> = {
  verified: 0,
  passed: 0,
  failed: 1,
  undecided: 3,
};
/** Wrong usage or settings: nothing was tried. */
export const EXIT_USAGE = 2;
/** As shells have it: 128 and the signal's number. */
export const EXIT_INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;
/** All is verified and printed, and a part of what was asked for is missing: the reports could not be written. */
export const EXIT_UNWRITTEN = 4;
