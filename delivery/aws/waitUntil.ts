import type { Clock } from "../common/clock";

/** How long something may take that needs time to take effect, and what ends the wait. */
export interface Patience {
  clock: Clock;
  /** In ms, from 0: no waiting. */
  waitMs: number;
  /** Ends the wait: the last result stands. */
  signal?: AbortSignal | undefined;
  /** Told before each further wait. */
  onWait?: (() => void) | undefined;
}

/** Between two tries of something that AWS may not know everywhere yet, in ms. */
export const PATIENCE_POLL_MS = 2_000;

/**
 * Tries until the result is final, or the time is up: a new role or policy takes seconds, rarely a minute, to take
 * effect.
 *
 * @returns the last result.
 */
export async function tryPatiently<T>(
  attempt: () => Promise<T>,
  isFinal: (result: T) => boolean,
  { clock, waitMs, signal, onWait }: Patience,
): Promise<T> {
  const deadline = clock.now() + waitMs;
  for (;;) {
    const result = await attempt();
    if (isFinal(result) || signal?.aborted || clock.now() + PATIENCE_POLL_MS > deadline) return result;
    onWait?.();
    await clock.sleep(PATIENCE_POLL_MS, signal);
  }
}
