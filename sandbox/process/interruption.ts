import type { EventEmitter } from "node:events";

/** 128 and the signal's number, as a shell has it. */
const STATUSES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type SignalName = keyof typeof STATUSES;

/**
 * A terminal sends Ctrl-C to npm and to what npm runs, and npm passes its own on to that too: two signals within this
 * time are one.
 */
const ONE_SIGNAL_MS = 200;

/** Why what was under way ended. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor(readonly status: number) {
    super("interrupted");
  }
}

interface InterruptionOptions {
  /** Ends the process with this exit status, whatever is under way. */
  endAtOnce: (status: number) => void;
  /** What the signals come from. Default: the process. */
  source?: EventEmitter;
  /** Milliseconds, from any beginning. */
  now?: () => number;
}

/** SIGINT, SIGTERM and SIGHUP: the first aborts `signal`, with an `Interrupted` as its reason, a second one ends at once. */
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

  /** Signals do again what they do to any process. */
  release(): void {
    for (const [name, listener] of this.#listeners) this.#source.removeListener(name, listener);
  }
}

/**
 * What the work gives, or the signal's reason as soon as it is aborted: the work is then left to itself.
 *
 * @throws what the work throws, or the signal's reason
 */
export async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([work(), aborted]);
}
