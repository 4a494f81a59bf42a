import type { Verdict } from "../report/report";

export const EXIT_CODES: Record<Verdict, number> = { verified: 0, failed: 1, undecided: 3 };
/** Wrong usage or settings: nothing was tried. */
export const EXIT_USAGE = 2;
/** All is verified and printed, and a part of what was asked for is missing: the reports could not be written. */
export const EXIT_UNWRITTEN = 4;
