/** Returns a count with its noun, in the singular or the plural: `1 event`, `2 events`; `1 event is`, `2 events are`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Quotes text as one word for a POSIX shell, if any character needs it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Returns the rows of a table as lines without trailing spaces. Columns are two spaces apart.
 *
 * @param alignRightFrom Number of the first column that is aligned to the right, from 0. Default: none is.
 */
export function alignedColumns(
  rows: readonly (readonly string[])[],
  alignRightFrom = Number.POSITIVE_INFINITY,
): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const aligned = (cell: string, column: number) =>
    column < alignRightFrom ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(aligned).join("  ").trimEnd());
}

const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
/**
 * Controls (a terminal's escape sequences start with one), invisible and bidirectional marks, halves of characters, and
 * the two characters that XML 1.0 excludes. The two joiners are part of words and emoji.
 */
const UNPRINTABLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\ufffe\uffff]/gu;

/** Cleans text that is not this package's, such as AWS's messages and names in a report: one line of visible characters. */
export function printable(text: string): string {
  return text.replace(BREAKS, " ").replace(UNPRINTABLE, "\ufffd");
}

/** Returns a copy of a report with every string in it clean. Each renderer starts with it. */
export function printableReport<Report>(report: Report): Report {
  return mapTexts(report, printable);
}

/** Cleans a message, and indents its later lines: a line break from elsewhere can't begin a line that looks like ours. */
export function printableLines(message: string): string {
  return message.trimEnd().split("\n").map(printable).join("\n  ");
}

/**
 * Returns JSON in which characters that could control a terminal are escaped. It parses to the same value.
 *
 * @param indent Number of spaces per level; 0 for a single line.
 */
export function jsonText(value: unknown, indent = 2): string {
  const escaped = (found: string) =>
    found.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return JSON.stringify(value, undefined, indent).replace(
    /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffe\uffff]/gu,
    escaped,
  );
}

/** Returns a copy of a value with every string in it replaced, also the names of its members. */
export function mapTexts<Value>(value: Value, replace: (text: string) => string): Value;
export function mapTexts(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === "string") return replace(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, replace));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [replace(name), mapTexts(item, replace)]),
  );
}
