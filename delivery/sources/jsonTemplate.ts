/** A value to be written as JSON: text of printable ASCII without quotes and backslashes; what is encoded already as bytes. */
export type TemplateValue = string | number | boolean | null | Uint8Array | FilledTemplate;

/** A template with the values of the members that change, in their order. */
export interface FilledTemplate {
  readonly template: JsonTemplate;
  readonly values: readonly TemplateValue[];
}

/** Stands for a value; no other value holds it. */
const MARK = "\0";

/**
 * The JSON of objects that are alike but for a few members. Everything else is encoded once: for an event of fifty members,
 * that is four fifths of what `JSON.stringify` and UTF-8 cost.
 */
export class JsonTemplate {
  /** One more than there are members that change. */
  readonly #segments: readonly Uint8Array[];

  /**
   * @param sample any of the objects.
   * @param changing the members, of the object itself, that change.
   */
  constructor(sample: object, changing: readonly string[]) {
    const marked = Object.entries(sample).map(([name, value]) => [
      name,
      changing.includes(name) ? MARK : value,
    ]);
    const texts = JSON.stringify(Object.fromEntries(marked)).split(JSON.stringify(MARK));
    this.#segments = texts.map((text) => Buffer.from(text));
  }

  /** @returns where it ends. */
  write(memory: Buffer, at: number, values: readonly TemplateValue[]): number {
    let end = at;
    for (let index = 0; index < this.#segments.length; index += 1) {
      end = writeBytes(memory, end, this.#segments[index] as Uint8Array);
      if (index < values.length) end = writeValue(memory, end, values[index] as TemplateValue);
    }
    return end;
  }
}

function writeValue(memory: Buffer, at: number, value: TemplateValue): number {
  if (typeof value === "string") return writeQuoted(memory, at, value);
  if (typeof value === "number") return writeNumber(memory, at, value);
  if (value === null || typeof value === "boolean") return writeAscii(memory, at, String(value));
  if (value instanceof Uint8Array) return writeBytes(memory, at, value);
  return value.template.write(memory, at, value.values);
}

function writeBytes(memory: Buffer, at: number, bytes: Uint8Array): number {
  memory.set(bytes, at);
  return at + bytes.length;
}

const [QUOTE, ZERO] = [0x22, 0x30];

function writeQuoted(memory: Buffer, at: number, text: string): number {
  memory[at] = QUOTE;
  const end = writeAscii(memory, at + 1, text);
  memory[end] = QUOTE;
  return end + 1;
}

/** For short text a loop beats the call into Node. */
function writeAscii(memory: Buffer, at: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) memory[at + index] = text.charCodeAt(index);
  return at + text.length;
}

/** A text of a number beyond 2^31 is costly to make, and its digits are not. */
function writeNumber(memory: Buffer, at: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < SEVEN_DIGITS) return writeAscii(memory, at, String(value));
  const high = Math.floor(value / SEVEN_DIGITS);
  const end = writeNumber(memory, at, high);
  let low = value - high * SEVEN_DIGITS;
  for (let digit = end + 6; digit >= end; digit -= 1) {
    const rest = (low / 10) | 0;
    memory[digit] = ZERO + low - rest * 10;
    low = rest;
  }
  return end + 7;
}

const SEVEN_DIGITS = 10_000_000;
