/** An instant, in milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/** Time, handed in so that tests need not wait for it. */
export interface Clock {
  /** Current time of this machine. */
  now(): EpochMs;
  /** Resolves after `ms`, 25 days at most, or at once when `signal` aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Node's timers know no longer time: nearly 25 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** This machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep(ms, signal) {
    if (signal?.aborted) return Promise.resolve();
    // That of `node:timers/promises` rejects with an error, whose stack costs more than the rest of a sleep that is cut short.
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(ms, LONGEST_TIMER_MS));
      signal?.addEventListener("abort", wake);
    });
  },
};
