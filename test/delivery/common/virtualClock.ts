import type { Clock } from "../../../delivery/common/clock";

interface Sleeper {
  due: number;
  wake: () => void;
}

/** Turns of the event loop in a row without a request under way, until nothing more can be running. */
const QUIET_TURNS = 8;

/**
 * Time that passes only while everything waits for it: once all that could run without it has run, the sleeper that is
 * due first is woken, and it is then that time. So a run of minutes takes milliseconds, however slow the machine.
 */
export class VirtualClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  #now: number;
  #isTurning = false;
  #quietTurns = 0;

  /** @param isBusy whether a request is under way that will be answered without time passing. Default: there are none. */
  constructor(
    start = Date.UTC(2026, 0, 5),
    private readonly isBusy?: () => boolean,
  ) {
    this.#now = start;
  }

  /** Sleeps under way. */
  get sleeping(): number {
    return this.#sleepers.size;
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

  /** Does something at a time from now, in ms. */
  in(ms: number, action: () => void): void {
    void this.sleep(ms).then(action);
  }

  #turn(): void {
    if (this.#isTurning || this.#sleepers.size === 0) return;
    this.#isTurning = true;
    setImmediate(() => {
      this.#isTurning = false;
      this.#quietTurns = this.isBusy?.() ? 0 : this.#quietTurns + 1;
      if (this.isBusy === undefined || this.#quietTurns >= QUIET_TURNS) this.#wakeFirst();
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
