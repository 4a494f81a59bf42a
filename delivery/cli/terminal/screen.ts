import { styleText } from "node:util";
import type { FrameLine, TerminalSize } from "./watchFrame";

/** Source: XTerm Control Sequences, DEC private modes 1049 (the other screen) and 25 (the cursor). */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const END_OF_LINE = "\x1b[K";
const END_OF_SCREEN = "\x1b[J";

const STYLES = { title: "bold", faint: "dim", warning: "yellow", bad: "red" } as const;

/**
 * A terminal's other screen, redrawn in place. Whatever ends the process, the terminal is left as it was; while it is
 * stopped (Ctrl-Z) too.
 */
export class Screen {
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

  /** @param lines of a terminal of that size; asked again when the size changes. */
  draw(lines: (size: TerminalSize) => FrameLine[]): void {
    this.#lines = lines;
    this.#redraw();
  }

  /** May be called again. */
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

  /** `hasColors` heeds NO_COLOR, FORCE_COLOR and TERM. */
  #painted({ text, tone }: FrameLine): string {
    if (tone === "plain" || text === "" || !this.terminal.hasColors()) return text;
    return styleText(STYLES[tone], text);
  }
}
