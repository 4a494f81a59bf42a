import { once } from "node:events";
import type { Clock } from "../common/clock";

/** Limits of a wait for a change to propagate. */
export interface WaitOptions {
  clock: Clock;
  /** Longest wait in ms. 0 means no waiting. */
  waitMs: number;
  /** Signal that ends the wait. The last result then stands. */
  signal?: AbortSignal | undefined;
  /** Callback before each further wait. */
  onWait?: (() => void) | undefined;
}

/** Interval between two attempts while a change propagates in AWS, in ms. */
export const PROPAGATION_POLL_MS = 2_000;

/**
 * Tries until the result is final, or the time is up: a new role or policy takes seconds, rarely a minute, to take
 * effect.
 *
 * @returns the last result.
 */
export async function pollUntil<T>(
  attempt: () => Promise<T>,
  isFinal: (result: T) => boolean,
  { clock, waitMs, signal, onWait }: WaitOptions,
): Promise<T> {
  const deadline = clock.now() + waitMs;
  for (;;) {
    const result = await attempt();
    if (isFinal(result) || signal?.aborted || clock.now() + PROPAGATION_POLL_MS > deadline) return result;
    onWait?.();
    await clock.sleep(PROPAGATION_POLL_MS, signal);
  }
}

/**
 * Runs a task that nothing else can end, such as a command that looks up credentials.
 *
 * @throws the signal's reason as soon as it is aborted, and what the task throws.
 */
export async function rejectOnAbort<T>(task: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return task();
  signal.throwIfAborted();
  const settled = new AbortController();
  const aborted = once(signal, "abort", { signal: settled.signal }).then(() => Promise.reject(signal.reason));
  try {
    return await Promise.race([task(), aborted]);
  } finally {
    settled.abort();
  }
}
