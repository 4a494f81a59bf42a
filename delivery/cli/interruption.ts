/** What a shell says of a command that SIGINT has ended. */
const EXIT_INTERRUPTED = 130;

export interface Interruption {
  /** Aborted by the first SIGINT or SIGTERM. */
  signal: AbortSignal;
  /** Leaves the signals to the system again. */
  release(): void;
}

/**
 * Ends a command in order at the first SIGINT or SIGTERM, and the process at the second.
 *
 * @param leave restores the terminal.
 */
export function interruption(leave: () => void, what: string): Interruption {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) {
      leave();
      process.exit(EXIT_INTERRUPTED);
    }
    controller.abort();
    process.stderr.write(`\nInterrupted: ${what}. Once more ends it at once.\n`);
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    release: () => void process.off("SIGINT", onSignal).off("SIGTERM", onSignal),
  };
}
