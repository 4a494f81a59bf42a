/** An instant, in milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/** Source of time. It is passed in, so that tests need not wait. */
export interface Clock {
  /** Current time of this machine. It must not go back, because timeouts and rates are measured by it. */
  now(): EpochMs;
  /** Resolves after `ms`, at most 25 days, or as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Longest delay that Node's timers accept, just under 25 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Returns a clock that has this machine's time now, and from now on only moves on: setting the machine's clock changes
 * neither a timeout nor a rate. The time for which the machine is suspended may be left out.
 */
export function startClock(): Clock {
  const offset = Date.now() - performance.now();
  return { now: () => Math.floor(offset + performance.now()), sleep };
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
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
}

/** This machine's clock since this module was loaded. */
export const systemClock: Clock = startClock();
