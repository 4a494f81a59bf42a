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
