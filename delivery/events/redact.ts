const MAX_NAME_LENGTH = 80;
const MAX_VALUE_LENGTH = 40;
/** Characters of a name that are inspected: a person's data that begin among those shown also end here. */
const MAX_INSPECTED_LENGTH = 400;

/** Characters that must not reach a terminal: controls, and marks that reverse or hide text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** An email or IP address, a UUID, or digits as long as a telephone number. No event type or field has such a name. */
const PERSONAL = [
  /[^\s@]@[^\s@]+\.[^\s@]/,
  /\d{1,3}(\.\d{1,3}){3}/,
  /[\da-f]{0,4}(:[\da-f]{0,4}){5,7}/i,
  /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/i,
  /\d[\d ()/-]{7}[ ()/-]*\d/,
];

/**
 * Redacts a name that somebody else chose: of an event type, or of an undocumented field. Replaces the name's characters if
 * it looks like a person's data, removes controls, and cuts the name at 80 characters.
 */
export function redactName(name: string): string {
  const printable = name.slice(0, MAX_INSPECTED_LENGTH).replace(UNPRINTABLE, "");
  const shown = PERSONAL.some((form) => form.test(printable)) ? replaceCharacters(printable) : printable;
  return shown.length > MAX_NAME_LENGTH ? `${cutBetweenCharacters(shown, MAX_NAME_LENGTH - 1)}…` : shown;
}

/**
 * Redacts a value to its form: `a` and `A` stand for letters, `9` for digits, `x` for non-ASCII characters. Only the size of
 * dictionaries and lists is shown.
 */
export function redact(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `list of ${value.length}`;
  if (typeof value === "object") return `dictionary of ${Object.keys(value).length}`;
  if (typeof value === "boolean") return "boolean";
  const form = replaceCharacters(String(value).slice(0, MAX_VALUE_LENGTH + 1));
  const cut = form.length > MAX_VALUE_LENGTH ? `${form.slice(0, MAX_VALUE_LENGTH)}…` : form;
  return typeof value === "string" ? `"${cut}"` : cut;
}

function replaceCharacters(text: string): string {
  return text
    .replace(/[a-z]/g, "a")
    .replace(/[A-Z]/g, "A")
    .replace(/\d/g, "9")
    .replace(/[^ -~]/g, "x");
}

/** Cuts text, but not between the two halves of a character. */
function cutBetweenCharacters(text: string, length: number): string {
  const cut = text.slice(0, length);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}
