import { setTimeout as sleepFor } from "node:timers/promises";

const POLL_INTERVAL_MS = 50;
const TIMEOUT_MS = 30_000;

/** Monotonic clock in milliseconds. */
interface Timer {
  now(): number;
  sleep(ms: number): Promise<unknown>;
}

const systemTimer: Timer = { now: () => performance.now(), sleep: (ms) => sleepFor(ms) };

/**
 * Polls a stream's status every 50 ms until it is `ACTIVE`.
 *
 * @throws Error after 30 s, with the last status.
 */
export async function untilActive(
  statusOf: () => Promise<string | undefined>,
  { now, sleep }: Timer = systemTimer,
): Promise<void> {
  const limit = now() + TIMEOUT_MS;
  for (;;) {
    const status = await statusOf();
    if (status === "ACTIVE") return;
    if (now() >= limit)
      throw new Error(`the stream has not become ACTIVE within ${TIMEOUT_MS / 1000} s: it is ${status}`);
    await sleep(POLL_INTERVAL_MS);
  }
}
