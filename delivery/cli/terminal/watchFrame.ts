import stringWidth from "string-width";
import { clockTime, type Fact, factsOf, type Tone, whole } from "../../watch/facts";
import type { WatchSnapshot } from "../../watch/snapshot";

/** A line as it fits the terminal, and how it is to be painted. */
export interface FrameLine {
  text: string;
  tone: Tone | "title" | "faint";
}

export interface TerminalSize {
  columns: number;
  rows: number;
}

/** From so many columns on the event types stand beside the facts. */
const WIDE = 120;
const LEFT_COLUMNS = 78;
const NAME_COLUMNS = 12;
const BLOCKS = "▁▂▃▄▅▆▇█";
const HINT = "Ctrl-C ends the watch";

/** What a terminal shows of a snapshot: at most its rows, each within its columns. */
export function watchFrame(snapshot: WatchSnapshot, { columns, rows }: TerminalSize): FrameLine[] {
  const isWide = columns >= WIDE;
  const left = isWide ? LEFT_COLUMNS : columns;
  const head = headLines(snapshot, columns);
  // The last row is left free: a terminal scrolls when it is written to its end.
  const room = Math.max(0, rows - 1 - head.length - 2);
  const facts = factsWithin(factsOf(snapshot), left, room);
  const body = isWide
    ? beside(facts, typeLines(snapshot, columns - left - 2, room), left)
    : [...facts, ...typeLines(snapshot, columns, Math.max(0, room - facts.length - 1)).flatMap(apart)];
  const lines = [...head, ...body.slice(0, room), { text: "", tone: "plain" as const }, hint()];
  return lines
    .slice(0, Math.max(1, rows - 1))
    .map(({ text, tone }) => ({ text: fitted(text, columns), tone }));
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
    { text: `${clockTime(elapsedInSeconds)}, ${shards} shard(s), ${state}`, tone: "faint" },
    { text: "", tone: "plain" },
    { text: `${rate}${sparkline(lastMinute, columns - rate.length)}`, tone: "plain" },
    { text: "", tone: "plain" },
  ];
}

/** The last 30 seconds that are over, or as many as there is room for, each as high as it is to the highest. */
function sparkline(lastMinute: number[], columns: number): string {
  const shown = Math.max(0, Math.min(30, columns));
  const seconds = lastMinute.slice(-1 - shown, -1);
  const most = Math.max(1, ...seconds);
  return seconds
    .map((count) => (count === 0 ? " " : BLOCKS[Math.ceil((count / most) * BLOCKS.length) - 1]))
    .join("");
}

/** A long one goes on below itself, for three lines at most; where that takes too much, each is cut to one. */
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
  const lines = wrapped(text, Math.max(10, columns - NAME_COLUMNS)).slice(0, 3);
  return lines.map((line, index) => ({
    text: named(index === 0 ? name : "", line),
    tone,
  }));
}

/** Breaks between words. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && stringWidth(longer) > columns) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

function typeLines(
  { eventTypes, eventTypesOther }: WatchSnapshot,
  columns: number,
  room: number,
): FrameLine[] {
  const shown = eventTypes.slice(0, room);
  const most = Math.max(1, ...shown.map(({ count }) => count));
  const names = Math.min(36, Math.max(10, Math.floor(columns / 2)));
  const bars = Math.max(0, columns - names - 12);
  const lines = shown.map(({ name, count }) => {
    const bar = "█".repeat(Math.ceil((count / most) * Math.min(24, bars)));
    return `${padded(fitted(name, names - 1), names)}${whole(count).padStart(10)}  ${bar}`;
  });
  const others = eventTypesOther > 0 ? [`${whole(eventTypesOther)} of further types`] : [];
  return [...lines, ...others].map((text) => ({ text, tone: "plain" }));
}

/** An empty line before the first one. */
function apart(line: FrameLine, index: number): FrameLine[] {
  return index === 0 ? [{ text: "", tone: "plain" }, line] : [line];
}

function beside(left: FrameLine[], right: FrameLine[], columns: number): FrameLine[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const { text, tone } = left[index] ?? { text: "", tone: "plain" };
    return { text: `${padded(fitted(text, columns), columns)}  ${right[index]?.text ?? ""}`.trimEnd(), tone };
  });
}

function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - stringWidth(text)));
}

/** Cut to so many columns of a terminal: characters may be two wide, or none. */
export function fitted(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let cut = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(cut + segment) > columns - 1) break;
    cut += segment;
  }
  return columns < 1 ? "" : `${cut}…`;
}
