import { EXIT_INTERRUPTED } from "../exitCodes";
import { printMessage } from "./output";

type EndingSignal = keyof typeof EXIT_INTERRUPTED;

/** A signal ended the command before it had a result. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;

  constructor(signal: EndingSignal) {
    super("interrupted before there was a result; nothing was written");
    this.exitCode = EXIT_INTERRUPTED[signal];
  }
}

/** @returns A function that removes the listener. */
function onEndingSignal(listener: (signal: EndingSignal) => void): () => void {
  process.on("SIGINT", listener).on("SIGTERM", listener);
  return () => void process.off("SIGINT", listener).off("SIGTERM", listener);
}

/** Runs a task that the first Ctrl-C or SIGTERM aborts. The signal's reason is the error to throw. */
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
  /** Aborted by the first Ctrl-C or SIGTERM. Its reason is the error to throw if there is no result. */
  signal: AbortSignal;
  /** Restores the default handling of signals. */
  release(): void;
}

/**
 * Ends a command gracefully at the first Ctrl-C or SIGTERM, and ends the process at the second.
 *
 * @param restoreTerminal Called before the process ends.
 * @param remaining What the command still does after the first signal.
 */
export function interruption(restoreTerminal: () => void, remaining: string): Interruption {
  const controller = new AbortController();
  const release = onEndingSignal((signal) => {
    if (controller.signal.aborted) {
      restoreTerminal();
      process.exit(EXIT_INTERRUPTED[signal]);
    }
    controller.abort(new Interrupted(signal));
    process.stderr.write("\n");
    printMessage(`Interrupted: ${remaining}. Press Ctrl-C again to quit immediately.`);
  });
  return { signal: controller.signal, release };
}
