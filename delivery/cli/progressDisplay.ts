import { Presets, SingleBar } from "cli-progress";

/** How far a command with events to send has come. */
export interface ShownProgress {
  /** What is being done, in words. */
  step: string;
  eventsSent: number;
  eventsExpected?: number;
  /** Events that nothing is left to do for. */
  eventsDone: number;
}

/** What becomes of an event at last. */
export type Done = "read back" | "acknowledged";

/** Shows progress on standard error: a bar on a terminal, a line now and then elsewhere. */
export interface ProgressDisplay {
  show(progress: ShownProgress): void;
  stop(): void;
}

export function progressDisplay(stream: NodeJS.WriteStream, done: Done): ProgressDisplay {
  return stream.isTTY ? new BarDisplay(stream, done) : new LineDisplay(stream, done);
}

class BarDisplay implements ProgressDisplay {
  readonly #bar: SingleBar;
  #started = false;

  constructor(stream: NodeJS.WriteStream, done: Done) {
    this.#bar = new SingleBar(
      {
        stream,
        format: `{bar} {value}/{total} ${done} | {sent} sent | {step}`,
        hideCursor: true,
        clearOnComplete: true,
        barsize: 24,
        gracefulExit: false, // Interruptions are the command's own to handle.
      },
      Presets.shades_classic,
    );
  }

  show({ step, eventsSent, eventsDone, eventsExpected }: ShownProgress): void {
    const total = Math.max(eventsExpected ?? 0, eventsSent);
    if (!this.#started) this.#bar.start(total, 0, { sent: 0, step });
    this.#started = true;
    this.#bar.setTotal(total);
    this.#bar.update(eventsDone, { sent: eventsSent, step });
  }

  stop(): void {
    this.#bar.stop();
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

  show({ step, eventsSent, eventsDone }: ShownProgress): void {
    const now = Date.now();
    if (step === this.#step && now - this.#shownAt < LINE_EVERY_MS) return;
    this.#step = step;
    this.#shownAt = now;
    const numbers = eventsSent === 0 ? "" : ` (${eventsSent} sent, ${eventsDone} ${this.done})`;
    this.stream.write(`${step}${numbers}\n`);
  }

  stop(): void {}
}
