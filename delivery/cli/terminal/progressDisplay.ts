import type { Options, Params, SingleBar } from "cli-progress";

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
  return stream.isTTY ? new LiveLine(stream, done, sent) : new LineDisplay(stream, done, sent);
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

class LineDisplay implements ProgressDisplay {
  #step = "";
  #shownAt = 0;

  constructor(
    private readonly stream: NodeJS.WritableStream,
    private readonly done: Done,
    private readonly sent: string,
  ) {}

  /** Writes a line for each new step, and one per interval while the numbers change. */
  show({ step, eventsSent = 0, eventsDone = 0 }: ShownProgress): void {
    const now = Date.now();
    const isNews = step !== this.#step || (eventsSent > 0 && now - this.#shownAt >= LINE_INTERVAL_MS);
    if (!isNews) return;
    this.#step = step;
    this.#shownAt = now;
    const numbers = eventsSent === 0 ? "" : ` (${eventsSent} ${this.sent}, ${eventsDone} ${this.done})`;
    this.stream.write(`${step}${numbers}\n`);
  }

  stop(): void {}
}
