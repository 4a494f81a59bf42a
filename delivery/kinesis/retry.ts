import { awsError, classify, isCredentialsError } from "../aws/errors";
import type { Clock } from "../common/clock";

export interface RetryOptions {
  clock: Clock;
  random: () => number;
  signal: AbortSignal;
}

/** Consecutive failures, throttling excluded, before giving up: at most 21 s of backoff, besides the SDK's own retries. */
const MAX_FAILURES = 10;

/**
 * Makes a request until it succeeds, with backoff. Throttling only shows that other consumers of the stream are busy, so it is
 * retried until the signal aborts.
 *
 * @returns undefined after the signal.
 * @throws The error, if a retry can't help or ten attempts failed for reasons other than throttling.
 */
export async function withRetries<T>(
  request: () => Promise<T>,
  options: RetryOptions,
): Promise<T | undefined> {
  const { clock, random, signal } = options;
  let failures = 0;
  for (let attempts = 1; !signal.aborted; attempts += 1) {
    try {
      return await request();
    } catch (error) {
      if (signal.aborted) break;
      if (classify(error) !== "throttling") failures += 1;
      if (failures >= MAX_FAILURES || !canPass(error)) throw error;
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

/** Longest wait before the first retry. */
const BASE_DELAY_MS = 100;
/** Longest wait before any retry. */
const MAX_DELAY_MS = 5_000;

/**
 * Returns the wait before the next attempt, in ms: exponential backoff with full jitter.
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 *
 * @param failedAttempts Number of failed attempts, from 1.
 * @param random A number in [0, 1).
 */
export function retryDelay(failedAttempts: number, random: number): number {
  return random * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (failedAttempts - 1));
}
