import type { CheckVerdict } from "../check/report";
import type { Verdict } from "../common/findings";
import type { CustomerOutcome } from "../fleet/report";
import type { ReconcileVerdict } from "../reconcile/report";
import type { SendOutcome } from "../send/report";

/** Exit statuses of a command that has a result. */
export const EXIT_CODES: Record<
  Verdict | CheckVerdict | SendOutcome | ReconcileVerdict | CustomerOutcome,
  number
> = {
  verified: 0,
  passed: 0,
  sent: 0,
  complete: 0,
  succeeded: 0,
  failed: 1,
  incomplete: 1,
  undecided: 3,
  interrupted: 3,
  "not-started": 3,
};
/** Wrong usage, settings or credentials: nothing was attempted. */
export const EXIT_USAGE = 2;
/** The verdict is `verified` or `complete`, and printed, but the report files could not be written. */
export const EXIT_UNWRITTEN = 4;
/** A signal ended the command before it had a result: 128 plus the signal's number, as in shells. */
export const EXIT_INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;
