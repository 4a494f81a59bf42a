import { EXIT_INTERRUPTED } from "../exitCodes";

type EndingSignal = keyof typeof EXIT_INTERRUPTED;

/** Somebody ended the command before it had an answer. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor(signal: EndingSignal) {
    super("interrupted: nothing was found out, and nothing was written");
    this.exitCode = EXIT_INTERRUPTED[signal];
  }

  readonly exitCode: number;
}

/** @returns leaves the signals to the system again. */
function onEndingSignal(listener: (signal: EndingSignal) => void): () => void {
  process.on("SIGINT", listener).on("SIGTERM", listener);
  return () => void process.off("SIGINT", listener).off("SIGTERM", listener);
}

/** Runs what the first Ctrl-C or SIGTERM ends at once: the signal's reason is the error to throw. */
export async function untilInterrupted<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const release = onEndingSignal((signal) => controller.abort(new Interrupted(signal)));
  try {
    return await task(controller.signal);
  } finally {
    release();
  }
}

export interface Interruption {
  /** Aborted by the first Ctrl-C or SIGTERM. */
  signal: AbortSignal;
  /** Leaves the signals to the system again. */
  release(): void;
}

/**
 * Ends a command in order at the first Ctrl-C or SIGTERM, and the process at the second.
 *
 * @param leave restores the terminal.
 * @param what is still done after the first.
 */
export function interruption(leave: () => void, what: string): Interruption {
  const controller = new AbortController();
  const release = onEndingSignal((signal) => {
    if (controller.signal.aborted) {
      leave();
      process.exit(EXIT_INTERRUPTED[signal]);
    }
    controller.abort();
    process.stderr.write(`\nInterrupted: ${what}. Once more ends it at once.\n`);
  });
  return { signal: controller.signal, release };
}
