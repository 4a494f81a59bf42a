import { awsError, classify, isCredentialsError, isThrottling } from "../aws/errors";
import type { Clock } from "../common/clock";
import { retryDelay } from "./retryDelay";

export interface Patience {
  clock: Clock;
  random: () => number;
  signal: AbortSignal;
}

/** Failures in a row, throttling left out, before the request counts as hopeless: at most 21 s of waiting, beside the SDK's own tries. */
const MOST_FAILURES = 10;

/**
 * Asks until the service answers, with backoff. Throttling says nothing against the request, only that the stream's
 * other consumers are busy too: it is tried again for as long as the signal lets it.
 *
 * @returns undefined after the signal.
 * @throws what the service answers, where asking again can't help or, ten times beside throttling, didn't.
 */
export async function untilAnswered<T>(ask: () => Promise<T>, patience: Patience): Promise<T | undefined> {
  const { clock, random, signal } = patience;
  let failures = 0;
  for (let attempts = 1; !signal.aborted; attempts += 1) {
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted) break;
      if (!isThrottling(error)) failures += 1;
      if (failures >= MOST_FAILURES || !canPass(error)) throw error;
      await clock.sleep(retryDelay(attempts, random()), signal);
    }
  }
  return undefined;
}

function canPass(error: unknown): boolean {
  const { httpStatus } = awsError(error);
  // After an expired session, the SDK renews it for the next attempt.
  if (["throttling", "expired-iterator", "expired-session"].includes(classify(error))) return true;
  if (isCredentialsError(error)) return false;
  return httpStatus === undefined || httpStatus >= 500 || httpStatus === 200;
}
