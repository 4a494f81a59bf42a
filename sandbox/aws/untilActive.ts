import { setTimeout as sleepFor } from "node:timers/promises";

const PAUSE_MS = 50;
const LIMIT_MS = 30_000;

/** Milliseconds, from any beginning. */
interface Timer {
  now(): number;
  sleep(ms: number): Promise<unknown>;
}

const systemTimer: Timer = { now: () => performance.now(), sleep: (ms) => sleepFor(ms) };

/**
 * Asks for a stream's status until it is `ACTIVE`, with a pause of 50 ms between two tries.
 *
 * @throws Error after 30 s, with the last status.
 */
export async function untilActive(
  statusOf: () => Promise<string | undefined>,
  { now, sleep }: Timer = systemTimer,
): Promise<void> {
  const limit = now() + LIMIT_MS;
  for (;;) {
    const status = await statusOf();
    if (status === "ACTIVE") return;
    if (now() >= limit)
      throw new Error(`the stream has not become ACTIVE within ${LIMIT_MS / 1000} s: it is ${status}`);
    await sleep(PAUSE_MS);
  }
}
