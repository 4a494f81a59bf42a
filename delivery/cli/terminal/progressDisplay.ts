import type { Options, Params, SingleBar } from "cli-progress";
import type { MfaCode } from "../../aws/profile";
import { interruption } from "./interruption";
import { mfaPrompt } from "./prompts";

/** Progress of a command. */
export interface ShownProgress {
  /** Description of the current step. */
  step: string;
  eventsSent?: number;
  eventsExpected?: number;
  /** Events that need no further work. */
  eventsDone?: number;
}

/** Final state of an event. */
export type Done = "read back" | "acknowledged" | "found";

/** Shows progress: a spinner and a bar on a terminal, and occasional lines elsewhere. */
export interface ProgressDisplay {
  show(progress: ShownProgress): void;
  /** Restores the terminal. May be called again. */
  stop(): void;
}

/** @param sent What has happened to the events that `eventsSent` counts. */
export function progressDisplay(
  stream: NodeJS.WriteStream,
  done: Done = "read back",
  sent: "sent" | "exported" = "sent",
): ProgressDisplay {
  return stream.isTTY ? new LiveLine(stream, done, sent) : lineDisplay(stream, done, sent);
}

/** Loaded at first use, because it slows down every command's start. */
const cliProgress = (): typeof import("cli-progress") => require("cli-progress");

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const FRAME_MS = 80;

/** Ctrl-Z restores the terminal too. The line comes back when the process continues. */
class LiveLine implements ProgressDisplay {
  readonly #bar: SingleBar;
  readonly #onSuspend = () => {
    const shown = this.#shown;
    this.stop();
    process.kill(process.pid, "SIGSTOP");
    if (shown !== undefined) this.show(shown);
  };
  #shown: ShownProgress | undefined;

  constructor(
    stream: NodeJS.WriteStream,
    private readonly done: Done,
    private readonly sent: string,
  ) {
    this.#bar = new (cliProgress().SingleBar)({
      stream,
      format: (options: Options, params: Params) => this.#line(options, params),
      fps: 1000 / FRAME_MS,
      barsize: 24,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false, // The command handles interruptions.
    });
  }

  show(progress: ShownProgress): void {
    const { eventsSent = 0, eventsDone = 0, eventsExpected = 0 } = progress;
    const total = Math.max(1, eventsExpected, eventsSent);
    const isFirst = this.#shown === undefined;
    this.#shown = progress;
    if (isFirst) {
      process.on("SIGTSTP", this.#onSuspend);
      this.#bar.start(total, 0);
    }
    this.#bar.setTotal(total);
    this.#bar.update(eventsDone);
  }

  stop(): void {
    if (this.#shown === undefined) return;
    process.off("SIGTSTP", this.#onSuspend);
    this.#bar.stop();
    this.#shown = undefined;
  }

  /** Puts the step before the last number, which a narrow terminal cuts off. */
  #line(options: Options, { progress, value, total }: Params): string {
    const { step = "", eventsSent = 0 } = this.#shown ?? {};
    const frame = FRAMES[Math.floor(Date.now() / FRAME_MS) % FRAMES.length];
    if (eventsSent === 0) return `${frame} ${step}`;
    const bar = cliProgress().Format.BarFormat(Math.min(1, progress), options);
    return `${frame} ${bar} ${value}/${total} ${this.done} | ${step} | ${eventsSent} ${this.sent}`;
  }
}

const LINE_INTERVAL_MS = 5_000;

/** Returns a display that writes a line for each new step, and one per interval while the numbers change. */
function lineDisplay(stream: NodeJS.WritableStream, done: Done, sent: string): ProgressDisplay {
  let shownStep = "";
  let shownAt = 0;
  return {
    show({ step, eventsSent = 0, eventsDone = 0 }) {
      const now = Date.now();
      if (step === shownStep && (eventsSent === 0 || now - shownAt < LINE_INTERVAL_MS)) return;
      shownStep = step;
      shownAt = now;
      const numbers = eventsSent === 0 ? "" : ` (${eventsSent} ${sent}, ${eventsDone} ${done})`;
      stream.write(`${step}${numbers}\n`);
    },
    stop() {},
  };
}

/** A run that shows its progress. */
export interface ShownRun extends ProgressDisplay {
  /** Aborted by the first Ctrl-C. */
  signal: AbortSignal;
  /** Asks for the code of an MFA device; undefined without a terminal. */
  mfaCode: MfaCode | undefined;
}

/**
 * Runs a task with a progress display on standard error. The first Ctrl-C aborts its signal, and the second ends the process.
 *
 * @param remaining Work that remains after the first Ctrl-C, in words. Default: none.
 */
export async function withProgress<Result>(
  { done, sent, remaining }: { done?: Done; sent?: "exported"; remaining?: string },
  task: (run: ShownRun) => Promise<Result>,
): Promise<Result> {
  const display = progressDisplay(process.stderr, done, sent);
  const stop = () => display.stop();
  const { signal, release } = interruption(stop, remaining);
  try {
    return await task({ signal, mfaCode: mfaPrompt(stop), show: (progress) => display.show(progress), stop });
  } finally {
    stop();
    release();
  }
}
