import { SingleBar } from "cli-progress";

/** Shows on standard error what is being done: a spinner on a terminal, a line a step elsewhere. */
export interface StepDisplay {
  show(step: string): void;
  /** Leaves the terminal as it was. May be called again. */
  stop(): void;
}

export function stepDisplay(stream: NodeJS.WriteStream): StepDisplay {
  return stream.isTTY ? new Spinner(stream) : new StepLines(stream);
}

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const FRAME_MS = 80;

class Spinner implements StepDisplay {
  readonly #bar: SingleBar;
  #step: string | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#bar = new SingleBar({
      stream,
      format: () => `${FRAMES[Math.floor(Date.now() / FRAME_MS) % FRAMES.length]} ${this.#step}`,
      fps: 1000 / FRAME_MS,
      hideCursor: true,
      clearOnComplete: true,
    });
  }

  show(step: string): void {
    const isFirst = this.#step === undefined;
    this.#step = step;
    if (isFirst) this.#bar.start(1, 0);
  }

  stop(): void {
    if (this.#step !== undefined) this.#bar.stop();
    this.#step = undefined;
  }
}

class StepLines implements StepDisplay {
  #step: string | undefined;

  constructor(private readonly stream: NodeJS.WritableStream) {}

  show(step: string): void {
    if (step !== this.#step) this.stream.write(`${step}\n`);
    this.#step = step;
  }

  stop(): void {}
}
