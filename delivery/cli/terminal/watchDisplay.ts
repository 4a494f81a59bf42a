import { styleText } from "node:util";
import { jsonText } from "../../common/text";
import { type WatchSnapshot, watchLine, watchText } from "../../watch/snapshot";
import { styled } from "./output";
import { type FrameLine, type TerminalSize, watchFrame } from "./watchFrame";

/** Shows the snapshots of a watch. */
export interface WatchDisplay {
  /** Shows a step before the first snapshot. */
  step(step: string): void;
  show(snapshot: WatchSnapshot): void;
  /** Restores the terminal. May be called again. */
  close(): void;
}

/** Returns JSON lines, a live view for a terminal that can be redrawn, or occasional lines. Text ends with the last snapshot's report. */
export function watchDisplay(output: NodeJS.WriteStream, { json }: { json: boolean }): WatchDisplay {
  if (json) return new JsonLines(output);
  return output.isTTY && process.env.TERM !== "dumb" ? new LiveView(output) : new PlainLines(output);
}

/** Writes one snapshot per line. The last one has the verdict. */
class JsonLines implements WatchDisplay {
  constructor(private readonly output: NodeJS.WritableStream) {}

  step(): void {}

  show(snapshot: WatchSnapshot): void {
    this.output.write(`${jsonText(snapshot, 0)}\n`);
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

const LINE_INTERVAL_SECONDS = 5;

class PlainLines implements WatchDisplay {
  #shownAt = Number.NEGATIVE_INFINITY;
  #shownEvents = 0;

  constructor(private readonly output: NodeJS.WriteStream) {}

  step(step: string): void {
    this.output.write(`${step}\n`);
  }

  /** Writes a line for the first rows immediately, and then one per interval. */
  show(snapshot: WatchSnapshot): void {
    const { verdict, elapsedInSeconds, events } = snapshot;
    if (verdict !== null) {
      this.output.write(`\n${styled(watchText(snapshot), this.output)}\n`);
      return;
    }
    const isNews = this.#shownEvents === 0 && events > 0;
    if (!isNews && elapsedInSeconds - this.#shownAt < LINE_INTERVAL_SECONDS) return;
    this.#shownAt = elapsedInSeconds;
    this.#shownEvents = events;
    this.output.write(`${watchLine(snapshot)}\n`);
  }

  close(): void {}
}

/** Source: XTerm Control Sequences, DEC private modes 1049 (the alternate screen) and 25 (the cursor). */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const END_OF_LINE = "\x1b[K";
const END_OF_SCREEN = "\x1b[J";

const STYLES = { title: "bold", faint: "dim", warning: "yellow", bad: "red" } as const;

/**
 * The alternate screen of a terminal, redrawn in place. The terminal is restored when the process ends for any reason,
 * and while the process is stopped (Ctrl-Z).
 */
class Screen {
  readonly #onExit = () => this.close();
  readonly #onStop = () => {
    this.#leave();
    process.kill(process.pid, "SIGSTOP");
  };
  readonly #onContinue = () => this.#redraw();
  #isOpen = false;
  #isClosed = false;
  #lines: (size: TerminalSize) => FrameLine[] = () => [];

  constructor(private readonly terminal: NodeJS.WriteStream) {
    process.on("exit", this.#onExit).on("SIGTSTP", this.#onStop).on("SIGCONT", this.#onContinue);
    terminal.on("resize", this.#onContinue);
  }

  /** @param lines Returns the lines for a terminal of that size. Called again when the size changes. */
  draw(lines: (size: TerminalSize) => FrameLine[]): void {
    this.#lines = lines;
    this.#redraw();
  }

  /** Restores the terminal. May be called again. */
  close(): void {
    this.#isClosed = true;
    this.#leave();
    process.off("exit", this.#onExit).off("SIGTSTP", this.#onStop).off("SIGCONT", this.#onContinue);
    this.terminal.off("resize", this.#onContinue);
  }

  #redraw(): void {
    if (this.#isClosed) return;
    const { columns = 80, rows = 24 } = this.terminal;
    const lines = this.#lines({ columns, rows }).map((line) => `${this.#painted(line)}${END_OF_LINE}`);
    this.terminal.write(`${this.#isOpen ? "" : ENTER}${HOME}${lines.join("\r\n")}${END_OF_SCREEN}`);
    this.#isOpen = true;
  }

  #leave(): void {
    if (this.#isOpen) this.terminal.write(LEAVE);
    this.#isOpen = false;
  }

  /** `hasColors` respects NO_COLOR, FORCE_COLOR and TERM. */
  #painted({ text, tone }: FrameLine): string {
    if (tone === "plain" || text === "" || !this.terminal.hasColors()) return text;
    return styleText(STYLES[tone], text);
  }
}
