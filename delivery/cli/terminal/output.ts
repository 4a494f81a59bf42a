import { styleText } from "node:util";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import type { CheckVerdict } from "../../check/report";
import { ReportError } from "../../common/errors";
import type { Verdict } from "../../common/findings";
import { jsonText, printableLines } from "../../common/text";
import type { CustomerOutcome } from "../../fleet/report";
import type { ReconcileVerdict } from "../../reconcile/report";
import type { RenderedReport } from "../../report/renderReport";
import type { SendOutcome } from "../../send/report";

/** Exit statuses of a command that has a result. */
export const EXIT_CODES: Record<
  Verdict | CheckVerdict | SendOutcome | ReconcileVerdict | CustomerOutcome,
  number
> = {
  verified: 0,
  passed: 0,
  sent: 0,
  complete: 0,
  succeeded: 0,
  failed: 1,
  incomplete: 1,
  undecided: 3,
  interrupted: 3,
  "not-started": 3,
};
/** Wrong usage, settings or credentials: nothing was attempted. */
export const EXIT_USAGE = 2;
/** The result is a success, and printed, but the report files could not be written. */
const EXIT_UNWRITTEN = 4;
/** A signal ended the command before it had a result: 128 plus the signal's number, as in shells. */
export const EXIT_INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

/** Prints a report on standard output, as one JSON document or as text. */
export function printReport<T>(report: T, { json }: { json?: true }, text: (report: T) => string): void {
  print(json ? jsonText(report) : styled(text(report), process.stdout));
}

/** Folder of a report's files, and their permissions. */
export interface ReportFlags {
  json?: true;
  report?: string;
  fileMode?: number;
}

/**
 * Prints a report, and writes its files if `--report` names a folder.
 *
 * @returns The verdict's exit status, or EXIT_UNWRITTEN if only the files are missing.
 */
export async function publishReport<Report extends RenderedReport>(
  report: Report,
  { report: folder, fileMode: mode, ...format }: ReportFlags,
  text: (report: Report) => string,
): Promise<number> {
  printReport(report, format, text);
  const result = "verdict" in report ? report.verdict : report.outcome;
  const status = EXIT_CODES[result];
  if (folder === undefined) return status;
  // Renderers are loaded with their first use, because they would slow down every other command's start.
  const { writeReports }: typeof import("../../report/renderReport") = require("../../report/renderReport");
  try {
    printMessage(`reports: ${(await writeReports(report, folder, { mode })).join(", ")}`);
    return status;
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    printProblem(`${error.message}. The printed verdict stands: ${result}`);
    return status === 0 ? EXIT_UNWRITTEN : status;
  }
}

/** Prints the command's result on standard output, with one line break at its end. */
export function print(result: string): void {
  process.stdout.write(`${result.trimEnd()}\n`);
}

/** Prints a message on standard error, without any control character. */
export function printMessage(message: string): void {
  process.stderr.write(`${printableLines(message)}\n`);
}

/** Prints an error or a warning of this command. */
export function printProblem(message: string): void {
  printMessage(`amplitude-kinesis: ${message}`);
}

/** Colors of the signs and verdicts that start a report's lines. */
const COLORS: [start: RegExp, color: Parameters<typeof styleText>[0]][] = [
  [/^(VERIFIED|PASSED|COMPLETE|SUCCEEDED)\b/, ["bold", "green"]],
  [/^(FAILED|INCOMPLETE)\b/, ["bold", "red"]],
  [/^(UNDECIDED|INTERRUPTED|NOT STARTED)\b/, ["bold", "yellow"]],
  [/^✗ [\w-]+/, "red"],
  [/^[?!] [\w-]+/, "yellow"],
  [/^ {2}remedy:/, "bold"],
];

/**
 * Returns a report in the form that suits the stream: wrapped between words and in color on a terminal, unchanged
 * elsewhere. `NO_COLOR` and terminals without colors are respected.
 */
export function styled(text: string, stream: NodeJS.WriteStream): string {
  if (!stream.isTTY) return text;
  const lines = text.split("\n").flatMap((line) => wrapLine(line, stream.columns));
  return (stream.hasColors() ? lines.map(colored) : lines).join("\n");
}

/** Below this width, wrapping doesn't make a line easier to read. */
const MIN_COLUMNS = 30;
const MAX_INDENT = 18;

/** Wraps a line between words, and indents the rest as far as the line's text after its label. */
export function wrapLine(line: string, columns: number | undefined): string[] {
  if (columns === undefined || columns < MIN_COLUMNS || line.length <= columns) return [line];
  const [label = ""] = /^ *(?:[-+] |\w+(?: \w+)?:? +)?/.exec(line) ?? [];
  const indent = Math.min(label.length, MAX_INDENT);
  const [first = "", ...rest] = wrapAnsi(line.slice(indent), columns - indent).split("\n");
  return [line.slice(0, indent) + first, ...rest.map((text) => " ".repeat(indent) + text)];
}

function colored(line: string): string {
  const match = COLORS.find(([start]) => start.test(line));
  // The stream has already decided about colors. Without this option, standard output would decide.
  return match === undefined
    ? line
    : line.replace(match[0], (text) => styleText(match[1], text, { validateStream: false }));
}

/** Cuts text between characters to a width in columns. A character may be two columns wide, or none. */
export function truncate(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let cut = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (stringWidth(cut + segment) > columns - 1) break;
    cut += segment;
  }
  return columns < 1 ? "" : `${cut}…`;
}
