import type { CustomerOutcome } from "./report";

/** Order and limits of a run. */
export interface Schedule {
  /** Maximum number of customers at the same time, from 1. */
  parallel: number;
  /** Number of customers that run first. The others start only if all of them succeed. 0: no canary. */
  canary: number;
  /** Number of customers without success after which no further one starts. Infinity: no limit. */
  maxFailures: number;
  /** Stops starting customers. Those that run are awaited. */
  signal: AbortSignal;
}

/** Customers that a run did not start, and why. */
export interface Remaining {
  stacks: string[];
  /** Null if every customer started. */
  reason: "canary" | "max-failures" | "interrupted" | null;
}

/**
 * Runs the customers in their order. One customer's failure stops no other that runs.
 *
 * @param run Runs one customer. It must not reject.
 */
export async function runSchedule(
  stacks: readonly string[],
  run: (stack: string) => Promise<CustomerOutcome>,
  { parallel, canary, maxFailures, signal }: Schedule,
): Promise<Remaining> {
  const waiting = [...stacks];
  let failures = 0;
  const runUntil = async (end: number) => {
    const lane = async () => {
      while (waiting.length > end && failures < maxFailures && !signal.aborted) {
        if ((await run(waiting.shift() ?? "")) !== "succeeded") failures++;
      }
    };
    await Promise.all(Array.from({ length: parallel }, lane));
  };
  await runUntil(Math.max(0, stacks.length - canary));
  const isHeld = canary > 0 && failures > 0;
  if (!isHeld) await runUntil(0);
  const reason = signal.aborted ? "interrupted" : isHeld ? "canary" : "max-failures";
  return { stacks: waiting, reason: waiting.length === 0 ? null : reason };
}
