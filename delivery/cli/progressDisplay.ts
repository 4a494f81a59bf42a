import { Presets, SingleBar } from "cli-progress";
import type { Progress } from "../verifier/options";

/** Shows progress on standard error: a bar on a terminal, a line now and then elsewhere. */
export interface ProgressDisplay {
  show(progress: Progress): void;
  stop(): void;
}

export function progressDisplay(stream: NodeJS.WriteStream): ProgressDisplay {
  return stream.isTTY ? new BarDisplay(stream) : new LineDisplay(stream);
}

class BarDisplay implements ProgressDisplay {
  readonly #bar: SingleBar;
  #started = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#bar = new SingleBar(
      {
        stream,
        format: "{bar} {value}/{total} read back | {sent} sent | {step}",
        hideCursor: true,
        clearOnComplete: true,
        barsize: 24,
        gracefulExit: false, // Interruptions are the command's own to handle.
      },
      Presets.shades_classic,
    );
  }

  show({ step, eventsSent, eventsRead, eventsExpected }: Progress): void {
    const total = Math.max(eventsExpected ?? 0, eventsSent);
    if (!this.#started) this.#bar.start(total, 0, { sent: 0, step });
    this.#started = true;
    this.#bar.setTotal(total);
    this.#bar.update(eventsRead, { sent: eventsSent, step });
  }

  stop(): void {
    this.#bar.stop();
  }
}

const LINE_EVERY_MS = 5_000;

class LineDisplay implements ProgressDisplay {
  #step = "";
  #shownAt = 0;

  constructor(private readonly stream: NodeJS.WritableStream) {}

  show({ step, eventsSent, eventsRead }: Progress): void {
    const now = Date.now();
    if (step === this.#step && now - this.#shownAt < LINE_EVERY_MS) return;
    this.#step = step;
    this.#shownAt = now;
    const numbers = eventsSent === 0 ? "" : ` (${eventsSent} sent, ${eventsRead} read back)`;
    this.stream.write(`${step}${numbers}\n`);
  }

  stop(): void {}
}
