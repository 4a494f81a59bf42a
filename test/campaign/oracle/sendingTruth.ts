import type { Attempt, TruthLog } from "../faults/log";

/** Why a sender stopped before its source ended. */
export type Stopped = "refused" | "sender";

export interface SendingTruth {
  stopped: Stopped | undefined;
  /** Epoch time in ms of the last response to a write; 0 if nothing was written. */
  sentAt: number;
}

/** Number of attempts that a sender makes per batch. */
export const MAX_ATTEMPTS = 12;
/** Number of consecutive failed batches, with no acknowledgement between them, after which a sender stops. */
const MAX_CONSECUTIVE_FAILED_BATCHES = 3;
/** Errors after which no write can succeed. */
export const FINAL_REFUSALS = new Set([
  "KMSAccessDeniedException",
  "KMSDisabledException",
  "AccessDeniedException",
]);
/** Error on the sender's side, not the stream's. */
export const SENDER_ERROR = "ExpiredTokenException";

export function sendingTruth({ attempts }: TruthLog): SendingTruth {
  const sentAt = attempts.reduce((last, { toldAt }) => Math.max(last, toldAt ?? 0), 0);
  let givenUp = 0;
  for (const request of requestsInOrder(attempts)) {
    const refusals = request.flatMap(({ told }) => (told?.kind === "refused" ? [told.code] : []));
    if (request.some(({ told }) => told?.kind === "acknowledged")) givenUp = 0;
    if (refusals.some((code) => FINAL_REFUSALS.has(code))) return { stopped: "refused", sentAt };
    const isExhausted = request.some(
      ({ attempt, told }) => attempt >= MAX_ATTEMPTS && told?.kind !== "acknowledged",
    );
    if (!isExhausted) continue;
    if (refusals.includes(SENDER_ERROR)) return { stopped: "sender", sentAt };
    givenUp += 1;
    if (givenUp >= MAX_CONSECUTIVE_FAILED_BATCHES) return { stopped: "refused", sentAt };
  }
  return { stopped: undefined, sentAt };
}

/** Groups the attempts by request, in the order of the responses. */
function requestsInOrder(attempts: Attempt[]): Attempt[][] {
  const requests = new Map<number, Attempt[]>();
  for (const attempt of attempts) {
    requests.set(attempt.request, [...(requests.get(attempt.request) ?? []), attempt]);
  }
  return [...requests.values()].sort(([one], [other]) => (one?.toldAt ?? 0) - (other?.toldAt ?? 0));
}
