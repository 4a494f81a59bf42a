import type { WatchSnapshot } from "../../watch/snapshot";
import { watchLine, watchText } from "../../watch/text";
import { Screen } from "./screen";
import { styled } from "./styled";
import { watchFrame } from "./watchFrame";

/** Where a watch is seen. */
export interface WatchDisplay {
  /** What is being done before there is anything to see. */
  step(step: string): void;
  show(snapshot: WatchSnapshot): void;
  /** Leaves the terminal as it was; may be called again. */
  close(): void;
}

/** JSON lines; the view of a terminal that can be redrawn; a line now and then elsewhere. The end is left to the last snapshot. */
export function watchDisplay(output: NodeJS.WriteStream, { json }: { json: boolean }): WatchDisplay {
  if (json) return new JsonLines(output);
  return output.isTTY && process.env.TERM !== "dumb" ? new LiveView(output) : new PlainLines(output);
}

/** One snapshot a line, the last one with the verdict. */
class JsonLines implements WatchDisplay {
  constructor(private readonly output: NodeJS.WritableStream) {}

  step(): void {}

  show(snapshot: WatchSnapshot): void {
    this.output.write(`${JSON.stringify(snapshot)}\n`);
  }

  close(): void {}
}

class LiveView implements WatchDisplay {
  readonly #screen: Screen;

  constructor(private readonly output: NodeJS.WriteStream) {
    this.#screen = new Screen(output);
  }

  step(step: string): void {
    this.#screen.draw(() => [{ text: `${step} …`, tone: "faint" }]);
  }

  show(snapshot: WatchSnapshot): void {
    if (snapshot.verdict === null) {
      this.#screen.draw((size) => watchFrame(snapshot, size));
      return;
    }
    this.#screen.close();
    this.output.write(`${styled(watchText(snapshot), this.output)}\n`);
  }

  close(): void {
    this.#screen.close();
  }
}

const LINE_EVERY_SECONDS = 5;

class PlainLines implements WatchDisplay {
  #shownAt = Number.NEGATIVE_INFINITY;
  #shownEvents = 0;

  constructor(private readonly output: NodeJS.WriteStream) {}

  step(step: string): void {
    this.output.write(`${step}\n`);
  }

  /** The first rows are worth a line at once. */
  show(snapshot: WatchSnapshot): void {
    const { verdict, elapsedInSeconds, events } = snapshot;
    if (verdict !== null) {
      this.output.write(`\n${styled(watchText(snapshot), this.output)}\n`);
      return;
    }
    const isNews = this.#shownEvents === 0 && events > 0;
    if (!isNews && elapsedInSeconds - this.#shownAt < LINE_EVERY_SECONDS) return;
    this.#shownAt = elapsedInSeconds;
    this.#shownEvents = events;
    this.output.write(`${watchLine(snapshot)}\n`);
  }

  close(): void {}
}
