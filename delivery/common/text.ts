/** Returns a count with its noun, in the singular or the plural: `1 event`, `2 events`; `1 event is`, `2 events are`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Quotes text as one word for a POSIX shell, if any character needs it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
