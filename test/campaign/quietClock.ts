import type { Clock } from "../../delivery/common/clock";

interface Sleeper {
  due: number;
  wake: () => void;
}

/** Turns of the event loop in a row without a request under way, until nothing more can be running. */
const QUIET_TURNS = 8;

/**
 * Time that passes only while everything waits for it: no request is under way, and all that could run has run. Then the
 * sleeper that is due first is woken, and it is that time. So a run of minutes takes milliseconds, however slow the machine,
 * and a time-out comes only where there was nothing left to wait for but the time.
 */
export class QuietClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  #now: number;
  #isTurning = false;
  #quietTurns = 0;

  /** @param isBusy whether a request is under way that will be answered without time passing. */
  constructor(
    private readonly isBusy: () => boolean,
    start = Date.UTC(2026, 0, 5),
  ) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { due: this.#now + Math.max(0, ms), wake };
      signal?.addEventListener("abort", wake);
      this.#sleepers.add(sleeper);
      this.#turn();
    });
  }

  #turn(): void {
    if (this.#isTurning || this.#sleepers.size === 0) return;
    this.#isTurning = true;
    setImmediate(() => {
      this.#isTurning = false;
      this.#quietTurns = this.isBusy() ? 0 : this.#quietTurns + 1;
      if (this.#quietTurns >= QUIET_TURNS) this.#wakeFirst();
      this.#turn();
    });
  }

  /** Of those due at one time, the one that slept first. */
  #wakeFirst(): void {
    this.#quietTurns = 0;
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (first === undefined || sleeper.due < first.due) first = sleeper;
    }
    if (first === undefined) return;
    this.#now = Math.max(this.#now, first.due);
    first.wake();
  }
}
