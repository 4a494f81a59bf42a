import type { Verdict } from "../report/report";

export const EXIT_CODES: Record<Verdict, number> = { verified: 0, failed: 1, undecided: 3 };
/** Wrong usage or settings: nothing was tried. */
export const EXIT_USAGE = 2;
