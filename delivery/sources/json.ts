/** Something that writes its own JSON: the bytes that `JSON.stringify` has of it. */
export interface JsonWriter {
  /** @returns where it ends. */
  write(memory: Buffer, at: number): number;
  /** What `JSON.stringify` sees of it. */
  toJSON(): unknown;
}

/** A value to be written as JSON: text of printable ASCII without quotes and backslashes, and any other value as a writer. */
export type JsonMember = string | number | boolean | null | JsonWriter;

/** A value that is encoded once, and written many times. */
export class Encoded<Value> implements JsonWriter {
  readonly #bytes: Uint8Array;

  constructor(readonly value: Value) {
    this.#bytes = Buffer.from(JSON.stringify(value));
  }

  write(memory: Buffer, at: number): number {
    return writeBytes(memory, at, this.#bytes);
  }

  toJSON(): Value {
    return this.value;
  }
}

export function writeMember(memory: Buffer, at: number, member: JsonMember): number {
  if (typeof member === "string") return writeQuoted(memory, at, member);
  if (typeof member === "number") return writeNumber(memory, at, member);
  if (member === null || typeof member === "boolean") return writeAscii(memory, at, String(member));
  return member.write(memory, at);
}

export function writeBytes(memory: Buffer, at: number, bytes: Uint8Array): number {
  memory.set(bytes, at);
  return at + bytes.length;
}

const [QUOTE, DOT, ZERO] = [0x22, 0x2e, 0x30];

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

/** A text of a fraction, or of a number beyond 2^31, is costly to make, and its digits are not. */
function writeNumber(memory: Buffer, at: number, value: number): number {
  if (isWhole(value)) return writeWhole(memory, at, value);
  const thousandths = Math.round(value * 1000);
  // Up to fifteen digits a fraction that is the nearest one to a decimal is written as that: no shorter one is as near.
  if (value > 0 && thousandths < 1e15 && thousandths / 1000 === value)
    return writeThousandths(memory, at, thousandths);
  return writeAscii(memory, at, JSON.stringify(value));
}

/** From 0, and not `-0`, which is written as the same but is costly to tell from it in any other way. */
function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && (value > 0 || Object.is(value, 0));
}

function writeThousandths(memory: Buffer, at: number, thousandths: number): number {
  const whole = Math.floor(thousandths / 1000);
  let rest = thousandths - whole * 1000;
  let end = writeWhole(memory, at, whole);
  memory[end++] = DOT;
  for (let unit = 100; rest > 0; unit /= 10) {
    const digit = Math.floor(rest / unit);
    memory[end++] = ZERO + digit;
    rest -= digit * unit;
  }
  return end;
}

/** The digits of a whole number from 0, seven at a time: with numbers below 2^31 the processor reckons fastest. */
function writeWhole(memory: Buffer, at: number, value: number): number {
  if (value < SEVEN_DIGITS) return writeDigits(memory, at, value, digitsOf(value));
  const high = Math.floor(value / SEVEN_DIGITS);
  return writeDigits(memory, writeWhole(memory, at, high), value - high * SEVEN_DIGITS, 7);
}

const SEVEN_DIGITS = 10_000_000;

function digitsOf(value: number): number {
  let digits = 1;
  for (let least = 10; value >= least; least *= 10) digits += 1;
  return digits;
}

/** So many of the number's last digits. */
function writeDigits(memory: Buffer, at: number, value: number, digits: number): number {
  let rest = value;
  for (let place = at + digits - 1; place >= at; place -= 1) {
    const tenth = (rest / 10) | 0;
    memory[place] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + digits;
}
