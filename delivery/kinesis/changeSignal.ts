import type { Clock } from "../common/clock";

/** Lets several wait for whatever happens next. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  constructor(private readonly clock: Clock) {}

  /** Something has happened. */
  tell(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Resolves once something happens, at the signal, or after so long. */
  async next(signal: AbortSignal | undefined, timeoutMs: number): Promise<void> {
    if (signal?.aborted) return;
    const stop = new AbortController();
    let wake = () => {};
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#waiting.add(wake);
    signal?.addEventListener("abort", wake, { signal: stop.signal });
    await Promise.race([changed, this.clock.sleep(timeoutMs, stop.signal)]);
    this.#waiting.delete(wake);
    stop.abort();
  }
}
