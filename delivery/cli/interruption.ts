const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/** A first signal ends the work in order, a second one the process. */
export class Interruption {
  readonly #abort = new AbortController();
  readonly #listeners = Object.entries(SIGNALS).map(([name, number]) => ({
    name: name as keyof typeof SIGNALS,
    listener: () => this.#onSignal(number),
  }));

  /** @param beforeExit what may be left undone otherwise, at a second signal. */
  constructor(private readonly beforeExit: () => void) {
    for (const { name, listener } of this.#listeners) process.on(name, listener);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** As a first signal does. */
  end(): void {
    this.#abort.abort();
  }

  release(): void {
    for (const { name, listener } of this.#listeners) process.off(name, listener);
  }

  /** The exit status of a process that a signal has ended. */
  #onSignal(number: number): void {
    if (this.#abort.signal.aborted) {
      this.beforeExit();
      process.exit(128 + number);
    }
    this.#abort.abort();
  }
}
