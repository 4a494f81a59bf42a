import { EXIT_INTERRUPTED } from "./exitCodes";

/** Somebody ended the command before it had an answer. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor(signal: keyof typeof EXIT_INTERRUPTED) {
    super("interrupted: nothing was found out, and nothing was written");
    this.exitCode = EXIT_INTERRUPTED[signal];
  }

  readonly exitCode: number;
}

/** Runs what Ctrl-C and SIGTERM end in order: the signal's reason is the error to throw. */
export async function untilInterrupted<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onInt = () => controller.abort(new Interrupted("SIGINT"));
  const onTerm = () => controller.abort(new Interrupted("SIGTERM"));
  process.once("SIGINT", onInt).once("SIGTERM", onTerm);
  try {
    return await task(controller.signal);
  } finally {
    process.removeListener("SIGINT", onInt).removeListener("SIGTERM", onTerm);
  }
}
