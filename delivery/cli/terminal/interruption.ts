import { EXIT_INTERRUPTED, printMessage } from "./output";

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

export interface Interruption {
  /** Aborted by the first Ctrl-C or SIGTERM. Its reason is the error to throw if there is no result. */
  signal: AbortSignal;
  /** Restores the default handling of signals. */
  release(): void;
}

/**
 * Ends a command at the first Ctrl-C or SIGTERM, and ends the process at the second.
 *
 * @param restoreTerminal Called before the process ends.
 * @param remaining What the command still does after the first signal. Default: nothing, so it isn't announced.
 */
export function interruption(restoreTerminal: () => void, remaining?: string): Interruption {
  const controller = new AbortController();
  const listener = (signal: EndingSignal) => {
    if (controller.signal.aborted) {
      restoreTerminal();
      process.exit(EXIT_INTERRUPTED[signal]);
    }
    controller.abort(new Interrupted(signal));
    if (remaining === undefined) return;
    process.stderr.write("\n");
    printMessage(`Interrupted: ${remaining}. Press Ctrl-C again to quit immediately.`);
  };
  process.on("SIGINT", listener).on("SIGTERM", listener);
  return {
    signal: controller.signal,
    release: () => void process.off("SIGINT", listener).off("SIGTERM", listener),
  };
}
