/** An instant, in milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/** Source of time. It is passed in, so that tests need not wait. */
export interface Clock {
  /** Current time of this machine. */
  now(): EpochMs;
  /** Resolves after `ms`, at most 25 days, or as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Longest delay that Node's timers accept, just under 25 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** This machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep(ms, signal) {
    if (signal?.aborted) return Promise.resolve();
    // `node:timers/promises` would reject with an error, whose stack costs more than the rest of an aborted sleep.
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(ms, MAX_TIMER_MS));
      signal?.addEventListener("abort", wake);
    });
  },
};
