import type { Attempt, TruthLog } from "../faults/log";

/** Why a sender stopped before its source ended. */
export type Stopped = "refused" | "sender";

export interface SendingTruth {
  stopped: Stopped | undefined;
  /** When the last write was answered, in ms since 1970; 0 where nothing was written. */
  sentAt: number;
}

/** A sender tries a batch so often. */
export const MOST_ATTEMPTS = 12;
/** So many batches in a row that were given up, with nothing acknowledged meanwhile, are the end. */
const MOST_GIVEN_UP = 3;
/** Nothing that is sent can pass. */
export const FINAL_REFUSALS = new Set([
  "KMSAccessDeniedException",
  "KMSDisabledException",
  "AccessDeniedException",
]);
/** A matter of who sends, not of where to. */
export const OF_SENDER = "ExpiredTokenException";

export function sendingTruth({ attempts }: TruthLog): SendingTruth {
  const sentAt = attempts.reduce((last, { toldAt }) => Math.max(last, toldAt ?? 0), 0);
  let givenUp = 0;
  for (const request of requestsInOrder(attempts)) {
    const refusals = request.flatMap(({ told }) => (told?.kind === "refused" ? [told.code] : []));
    if (request.some(({ told }) => told?.kind === "acknowledged")) givenUp = 0;
    if (refusals.some((code) => FINAL_REFUSALS.has(code))) return { stopped: "refused", sentAt };
    const isExhausted = request.some(
      ({ attempt, told }) => attempt >= MOST_ATTEMPTS && told?.kind !== "acknowledged",
    );
    if (!isExhausted) continue;
    if (refusals.includes(OF_SENDER)) return { stopped: "sender", sentAt };
    givenUp += 1;
    if (givenUp >= MOST_GIVEN_UP) return { stopped: "refused", sentAt };
  }
  return { stopped: undefined, sentAt };
}

/** In the order in which they were answered. */
function requestsInOrder(attempts: Attempt[]): Attempt[][] {
  const requests = new Map<number, Attempt[]>();
  for (const attempt of attempts) {
    requests.set(attempt.request, [...(requests.get(attempt.request) ?? []), attempt]);
  }
  return [...requests.values()].sort(([one], [other]) => (one?.toldAt ?? 0) - (other?.toldAt ?? 0));
}
