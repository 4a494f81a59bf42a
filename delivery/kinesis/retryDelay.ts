/** The wait before the first retry lies between 0 and this. */
const BASE_MS = 100;
/** No wait is longer. */
const CAP_MS = 5_000;

/**
 * Milliseconds to wait before the next attempt: exponential backoff with full jitter.
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 *
 * @param failedAttempts how many attempts have failed, from 1.
 * @param random in [0, 1).
 */
export function retryDelay(failedAttempts: number, random: number): number {
  return random * Math.min(CAP_MS, BASE_MS * 2 ** (failedAttempts - 1));
}
