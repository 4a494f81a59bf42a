import { type Options, type Params, SingleBar } from "cli-progress";

/** How far a command has come. */
export interface ShownProgress {
  /** What is being done, in words. */
  step: string;
  /** Of a command with events to send. */
  eventsSent?: number;
  eventsExpected?: number;
  /** Events that nothing is left to do for. */
  eventsDone?: number;
}

/** What becomes of an event at last. */
export type Done = "read back" | "acknowledged";

/** Shows progress on standard error: on a terminal a spinner, with events a bar; a line now and then elsewhere. */
export interface ProgressDisplay {
  show(progress: ShownProgress): void;
  /** Leaves the terminal as it was. May be called again. */
  stop(): void;
}

export function progressDisplay(stream: NodeJS.WriteStream, done: Done = "read back"): ProgressDisplay {
  return stream.isTTY ? new LiveLine(stream, done) : new LineDisplay(stream, done);
}

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const FRAME_MS = 80;
const BAR_COLUMNS = 24;

/** Ctrl-Z leaves the terminal as it was, too; what was shown comes back with the process. */
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
  ) {
    this.#bar = new SingleBar({
      stream,
      format: (_options: Options, params: Params) => this.#line(params.progress),
      fps: 1000 / FRAME_MS,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false, // Interruptions are the command's own to handle.
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

  /** The step comes before the numbers' end is cut off by a narrow terminal. */
  #line(share: number): string {
    const { step = "", eventsSent = 0, eventsDone = 0, eventsExpected } = this.#shown ?? {};
    const frame = FRAMES[Math.floor(Date.now() / FRAME_MS) % FRAMES.length];
    if (eventsSent === 0) return `${frame} ${step}`;
    const full = Math.round(Math.min(1, share) * BAR_COLUMNS);
    const bar = "█".repeat(full) + "░".repeat(BAR_COLUMNS - full);
    const total = Math.max(eventsExpected ?? 0, eventsSent);
    return `${frame} ${bar} ${eventsDone}/${total} ${this.done} | ${step} | ${eventsSent} sent`;
  }
}

const LINE_EVERY_MS = 5_000;

class LineDisplay implements ProgressDisplay {
  #step = "";
  #shownAt = 0;

  constructor(
    private readonly stream: NodeJS.WritableStream,
    private readonly done: Done,
  ) {}

  /** A line a step, and now and then where the numbers change. */
  show({ step, eventsSent = 0, eventsDone = 0 }: ShownProgress): void {
    const now = Date.now();
    const isNews = step !== this.#step || (eventsSent > 0 && now - this.#shownAt >= LINE_EVERY_MS);
    if (!isNews) return;
    this.#step = step;
    this.#shownAt = now;
    const numbers = eventsSent === 0 ? "" : ` (${eventsSent} sent, ${eventsDone} ${this.done})`;
    this.stream.write(`${step}${numbers}\n`);
  }

  stop(): void {}
}
