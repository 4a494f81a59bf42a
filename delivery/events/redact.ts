/** So much of a name is shown. */
const LONGEST_NAME = 80;
/** So much of a value's form is shown. */
const LONGEST_FORM = 40;

/** What must not reach a terminal: controls, and the marks that turn the direction of text or hide it. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** An e-mail or IP address, a UUID, a run of digits as long as a telephone number: no name of an event type or of a field. */
const PERSONAL =
  /[^\s@]+@[^\s@]+\.[^\s@]+|\d{1,3}(\.\d{1,3}){3}|[\da-f]{0,4}(:[\da-f]{0,4}){5,7}|[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|\d[\d ()/-]{7,}\d/i;

/**
 * A name that somebody else chose, as it may be shown: of an event type, or of a field that is not documented. What looks
 * like a person's data in it is masked, controls are taken out, and it is cut at 80 characters.
 */
export function shownName(name: string): string {
  const printable = name.replace(UNPRINTABLE, "");
  const shown = PERSONAL.test(printable) ? formOf(printable) : printable;
  return shown.length > LONGEST_NAME ? `${sliced(shown, LONGEST_NAME - 1)}…` : shown;
}

/**
 * A value's form, for a sample that shows what is wrong with it and nothing of what it says: `a` and `A` for letters, `9`
 * for digits, `x` for all that is not ASCII; of dictionaries and lists only how much is in them.
 */
export function masked(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `list of ${value.length}`;
  if (typeof value === "object") return `dictionary of ${Object.keys(value).length}`;
  if (typeof value === "boolean") return "boolean";
  const form = formOf(String(value).slice(0, LONGEST_FORM + 1));
  const cut = form.length > LONGEST_FORM ? `${form.slice(0, LONGEST_FORM)}…` : form;
  return typeof value === "string" ? `"${cut}"` : cut;
}

function formOf(text: string): string {
  return text
    .replace(/[a-z]/g, "a")
    .replace(/[A-Z]/g, "A")
    .replace(/\d/g, "9")
    .replace(/[^ -~]/g, "x");
}

/** Cuts between characters, not between the halves of one. */
function sliced(text: string, length: number): string {
  const cut = text.slice(0, length);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}
