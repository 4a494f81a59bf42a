import { styleText } from "node:util";

/** The signs and verdicts that a report's lines begin with. */
const COLOURS: [start: RegExp, colour: Parameters<typeof styleText>[0]][] = [
  [/^(VERIFIED|PASSED)\b/, ["bold", "green"]],
  [/^FAILED\b/, ["bold", "red"]],
  [/^UNDECIDED\b/, ["bold", "yellow"]],
  [/^✗ [\w-]+/, "red"],
  [/^[?!] [\w-]+/, "yellow"],
  [/^ {2}remedy:/, "bold"],
];

/**
 * A report as the stream shows it best: as it is where it is piped; on a terminal in colour, unless `NO_COLOR` or the
 * terminal says otherwise, and broken between words.
 */
export function styled(text: string, stream: NodeJS.WriteStream): string {
  if (!stream.isTTY) return text;
  const lines = text.split("\n").flatMap((line) => wrapped(line, stream.columns));
  return (stream.hasColors() ? lines.map(coloured) : lines).join("\n");
}

/** A terminal that gives no width, or one too narrow to help, breaks the lines itself. */
const LEAST_COLUMNS = 30;

/** Breaks a line between words; what follows is indented as far as the line's own text. */
export function wrapped(line: string, columns: number | undefined): string[] {
  if (columns === undefined || columns < LEAST_COLUMNS || line.length <= columns) return [line];
  const indent = " ".repeat(
    Math.min(/^ *(?:[-+] |\w+(?: \w+)?:? {1,}(?! ))?/.exec(line)?.[0].length ?? 0, 18),
  );
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(/(?<=\S) (?=\S)/)) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (longer.length <= columns || current.trim() === "") {
      current = longer;
    } else {
      lines.push(current);
      current = indent + word;
    }
  }
  return [...lines, current];
}

function coloured(line: string): string {
  const found = COLOURS.find(([start]) => start.test(line));
  // The stream's own answer has been taken: without it, what standard output is would decide.
  return found === undefined
    ? line
    : line.replace(found[0], (match) => styleText(found[1], match, { validateStream: false }));
}
