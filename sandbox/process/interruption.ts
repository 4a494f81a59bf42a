import type { EventEmitter } from "node:events";

/** Exit statuses by the shell's convention: 128 plus the signal's number. */
const STATUSES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type SignalName = keyof typeof STATUSES;

/**
 * Two signals within this time count as one: a terminal sends Ctrl-C to npm and to npm's child, and npm forwards its
 * signal to the child as well.
 */
const ONE_SIGNAL_MS = 200;

/** The reason of an aborted signal. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor(readonly status: number) {
    super("interrupted");
  }
}

interface InterruptionOptions {
  /** Ends the process with this exit status at once. */
  endAtOnce: (status: number) => void;
  /** Emitter of the signals. Default: the process. */
  source?: EventEmitter;
  /** Monotonic time in milliseconds. */
  now?: () => number;
}

/** Handles SIGINT, SIGTERM and SIGHUP: the first aborts `signal` with an `Interrupted`, the second ends the process at once. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #source: EventEmitter;
  readonly #listeners: [SignalName, () => void][];
  #firstAt: number | undefined;

  constructor({ endAtOnce, source = process, now = () => performance.now() }: InterruptionOptions) {
    const onSignal = (name: SignalName) => {
      const status = STATUSES[name];
      if (this.#firstAt === undefined) {
        this.#firstAt = now();
        this.#controller.abort(new Interrupted(status));
      } else if (now() - this.#firstAt >= ONE_SIGNAL_MS) {
        endAtOnce(status);
      }
    };
    this.#source = source;
    const names = Object.keys(STATUSES) as SignalName[];
    this.#listeners = names.map((name) => [name, () => onSignal(name)]);
    for (const [name, listener] of this.#listeners) source.on(name, listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Restores the default effect of the signals. */
  release(): void {
    for (const [name, listener] of this.#listeners) this.#source.removeListener(name, listener);
  }
}

/**
 * Returns the result of the work. If the signal is aborted, the work continues unobserved.
 *
 * @throws The work's error, or the signal's reason as soon as it is aborted.
 */
export async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([work(), aborted]);
}
