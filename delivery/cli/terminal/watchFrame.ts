import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import { counted, printableReport } from "../../common/text";
import { clockTime, type Fact, factsOf, type Tone, type WatchSnapshot, whole } from "../../watch/snapshot";
import { truncate } from "./output";

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

/** Returns the lines that show a snapshot within the rows and columns of a terminal. */
export function watchFrame(untrusted: WatchSnapshot, { columns, rows }: TerminalSize): FrameLine[] {
  const snapshot = printableReport(untrusted);
  const isWide = columns >= MIN_WIDE_COLUMNS;
  const left = isWide ? LEFT_COLUMNS : columns;
  const head = headLines(snapshot, columns);
  // The last row stays free, because a terminal scrolls when its last row is full.
  const room = Math.max(0, rows - 1 - head.length - 2);
  const facts = factsWithin(factsOf(snapshot), left, room);
  const body = isWide
    ? sideBySide(facts, typeLines(snapshot, columns - left - 2, room), left)
    : [...facts, ...typeLines(snapshot, columns, Math.max(0, room - facts.length - 1)).flatMap(separated)];
  const lines = [...head, ...body.slice(0, room), { text: "", tone: "plain" as const }, hint()];
  return lines
    .slice(0, Math.max(1, rows - 1))
    .map(({ text, tone }) => ({ text: truncate(text, columns), tone }));
}

function hint(): FrameLine {
  return { text: HINT, tone: "faint" };
}

function headLines(snapshot: WatchSnapshot, columns: number): FrameLine[] {
  const { streamName, region, elapsedInSeconds, shards, caughtUp, eventsPerSecond, lastMinute } = snapshot;
  const rate = `${eventsPerSecond.toFixed(1).padStart(8)} rows/s  `;
  const state = caughtUp ? "up to date" : "catching up";
  return [
    { text: `${streamName} (${region})`, tone: "title" },
    {
      text: `${clockTime(elapsedInSeconds)}, ${counted(shards, "shard")}, ${state}`,
      tone: "faint",
    },
    { text: "", tone: "plain" },
    { text: `${rate}${sparkline(lastMinute, columns - rate.length)}`, tone: "plain" },
    { text: "", tone: "plain" },
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
  return lines.map((line, index) => ({
    text: named(index === 0 ? name : "", line),
    tone,
  }));
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

/** Puts an empty line before the first line. */
function separated(line: FrameLine, index: number): FrameLine[] {
  return index === 0 ? [{ text: "", tone: "plain" }, line] : [line];
}

function sideBySide(left: FrameLine[], right: FrameLine[], columns: number): FrameLine[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const { text, tone } = left[index] ?? { text: "", tone: "plain" };
    return {
      text: `${padded(truncate(text, columns), columns)}  ${right[index]?.text ?? ""}`.trimEnd(),
      tone,
    };
  });
}

function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - stringWidth(text)));
}
