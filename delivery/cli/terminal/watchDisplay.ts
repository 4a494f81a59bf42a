import { styleText } from "node:util";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import { counted, jsonText, printableReport } from "../../common/text";
import {
  clockTime,
  type Fact,
  factsOf,
  type Tone,
  type WatchSnapshot,
  watchLine,
  watchText,
  whole,
} from "../../watch/snapshot";
import { styled, truncate } from "./output";

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
  if (json) return jsonLines(output);
  return output.isTTY && process.env.TERM !== "dumb" ? liveView(output) : plainLines(output);
}

/** Writes one snapshot per line. The last one has the verdict. */
function jsonLines(output: NodeJS.WriteStream): WatchDisplay {
  return { step() {}, show: (snapshot) => output.write(`${jsonText(snapshot, 0)}\n`), close() {} };
}

function liveView(output: NodeJS.WriteStream): WatchDisplay {
  const screen = new Screen(output);
  return {
    step: (step) => screen.draw(() => [{ text: `${step} …`, tone: "faint" }]),
    show(snapshot) {
      if (snapshot.verdict === null) return screen.draw((size) => watchFrame(snapshot, size));
      screen.close();
      output.write(`${styled(watchText(snapshot), output)}\n`);
    },
    close: () => screen.close(),
  };
}

const LINE_INTERVAL_SECONDS = 5;

/** Writes a line for the first rows immediately, and then one per interval. */
function plainLines(output: NodeJS.WriteStream): WatchDisplay {
  let shownAt = Number.NEGATIVE_INFINITY;
  let shownEvents = 0;
  return {
    step: (step) => output.write(`${step}\n`),
    show(snapshot) {
      const { verdict, elapsedInSeconds, events } = snapshot;
      const isNews = shownEvents === 0 && events > 0;
      if (verdict !== null) output.write(`\n${styled(watchText(snapshot), output)}\n`);
      else if (isNews || elapsedInSeconds - shownAt >= LINE_INTERVAL_SECONDS) {
        shownAt = elapsedInSeconds;
        shownEvents = events;
        output.write(`${watchLine(snapshot)}\n`);
      }
    },
    close() {},
  };
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

/** A line that fits the terminal, and its style. */
export interface FrameLine {
  text: string;
  tone: Tone | "title" | "faint";
}

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** Minimum width for showing the event types next to the facts. */
const MIN_WIDE_COLUMNS = 120;
const LEFT_COLUMNS = 78;
const NAME_COLUMNS = 12;
const BLOCKS = "▁▂▃▄▅▆▇█";
const HINT = "Press Ctrl-C to end the watch";
const EMPTY: FrameLine = { text: "", tone: "plain" };

/** Returns the lines that show a snapshot within the rows and columns of a terminal. */
export function watchFrame(untrusted: WatchSnapshot, { columns, rows }: TerminalSize): FrameLine[] {
  const snapshot = printableReport(untrusted);
  const isWide = columns >= MIN_WIDE_COLUMNS;
  const left = isWide ? LEFT_COLUMNS : columns;
  const head = headLines(snapshot, columns);
  // The last row stays free, because a terminal scrolls when its last row is full.
  const room = Math.max(0, rows - 1 - head.length - 2);
  const facts = factsWithin(factsOf(snapshot), left, room);
  const types = isWide
    ? typeLines(snapshot, columns - left - 2, room)
    : typeLines(snapshot, columns, Math.max(0, room - facts.length - 1));
  const below = types.length === 0 ? facts : [...facts, EMPTY, ...types];
  const body = isWide ? sideBySide(facts, types, left) : below;
  const lines: FrameLine[] = [...head, ...body.slice(0, room), EMPTY, { text: HINT, tone: "faint" }];
  return lines
    .slice(0, Math.max(1, rows - 1))
    .map(({ text, tone }) => ({ text: truncate(text, columns), tone }));
}

function headLines(snapshot: WatchSnapshot, columns: number): FrameLine[] {
  const { streamName, region, elapsedInSeconds, shards, caughtUp, eventsPerSecond, lastMinute } = snapshot;
  const rate = `${eventsPerSecond.toFixed(1).padStart(8)} rows/s  `;
  const state = caughtUp ? "up to date" : "catching up";
  return [
    { text: `${streamName} (${region})`, tone: "title" },
    { text: `${clockTime(elapsedInSeconds)}, ${counted(shards, "shard")}, ${state}`, tone: "faint" },
    EMPTY,
    { text: `${rate}${sparkline(lastMinute, columns - rate.length)}`, tone: "plain" },
    EMPTY,
  ];
}

/** Draws the last 30 complete seconds, or as many as fit. The highest second has full height. */
function sparkline(lastMinute: number[], columns: number): string {
  const shown = Math.max(0, Math.min(30, columns));
  const seconds = lastMinute.slice(-1 - shown, -1);
  const max = Math.max(1, ...seconds);
  return seconds
    .map((count) => (count === 0 ? " " : BLOCKS[Math.ceil((count / max) * BLOCKS.length) - 1]))
    .join("");
}

/** Wraps each fact to at most three lines. If they don't fit into the room, each fact gets one line. */
function factsWithin(facts: Fact[], columns: number, room: number): FrameLine[] {
  const lines = facts.flatMap((fact) => factLines(fact, columns));
  return lines.length <= room
    ? lines
    : facts.map(({ name, text, tone }) => ({ text: named(name, text), tone }));
}

function named(name: string, text: string): string {
  return `${name.padEnd(NAME_COLUMNS)}${text}`;
}

function factLines({ name, text, tone }: Fact, columns: number): FrameLine[] {
  const lines = wrapAnsi(text, Math.max(10, columns - NAME_COLUMNS))
    .split("\n")
    .slice(0, 3);
  return lines.map((line, index) => ({ text: named(index === 0 ? name : "", line), tone }));
}

function typeLines(
  { eventTypes, eventTypesOther }: WatchSnapshot,
  columns: number,
  room: number,
): FrameLine[] {
  const shown = eventTypes.slice(0, room);
  const max = Math.max(1, ...shown.map(({ count }) => count));
  const names = Math.min(36, Math.max(10, Math.floor(columns / 2)));
  const bars = Math.max(0, columns - names - 12);
  const lines = shown.map(({ name, count }) => {
    const bar = "█".repeat(Math.ceil((count / max) * Math.min(24, bars)));
    return `${padded(truncate(name, names - 1), names)}${whole(count).padStart(10)}  ${bar}`;
  });
  const others = eventTypesOther > 0 ? [`${whole(eventTypesOther)} of other types`] : [];
  return [...lines, ...others].map((text) => ({ text, tone: "plain" }));
}

function sideBySide(left: FrameLine[], right: FrameLine[], columns: number): FrameLine[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const { text, tone } = left[index] ?? EMPTY;
    const row = `${padded(truncate(text, columns), columns)}  ${right[index]?.text ?? ""}`;
    return { text: row.trimEnd(), tone };
  });
}

function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - stringWidth(text)));
}
