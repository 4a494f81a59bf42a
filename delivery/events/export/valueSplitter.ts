import type { Line } from "../../common/lines";

const [LINE_FEED, QUOTE, BACKSLASH, COMMA] = [...'\n"\\,'].map((sign) => sign.charCodeAt(0));
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [..."[]{}"].map((sign) => sign.charCodeAt(0));
const SPACE = 0x20;

/**
 * Splits JSON whose objects are not one per line: an array of objects, or objects over several lines. Whatever stands between
 * the objects, except brackets, commas and spaces, is a value too, so that nothing is left out.
 *
 * An object that lost a quote or a brace contains those after it. It is split from them at a line feed beyond `maxLength`.
 */
export class ValueSplitter {
  #line = 1;
  /** Arrays that are open around the values. */
  #arrays = 0;
  /** Brackets that are open in the value. */
  #depth = 0;
  #isInValue = false;
  #isInString = false;
  #isEscaped = false;
  #number = 0;
  #length = 0;
  #parts: Buffer[] = [];

  /** @param maxLength Length of a value in bytes from which it ends at a line feed. Twice as many are kept. */
  constructor(private readonly maxLength: number) {}

  /** Whether an array or a value is open, so that the content is torn if it ends here. */
  get isOpen(): boolean {
    return this.#arrays > 0 || this.#depth > 0;
  }

  /** Returns the values that end in this chunk, each with the number of its first line. */
  push(chunk: Buffer): Line[] {
    const values: Line[] = [];
    let start = 0;
    const take = (end: number) => {
      this.#append(chunk.subarray(start, end));
      values.push(this.#take());
    };
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (byte === LINE_FEED) {
        this.#line += 1;
        // No string contains a line feed, so a string that reaches one is torn.
        this.#isInString = false;
        this.#isEscaped = false;
        const isEnd = this.#depth === 0 || this.#length + at - start > this.maxLength;
        if (this.#isInValue && isEnd) take(at);
        continue;
      }
      if (!this.#isInValue) {
        if (this.#isBetween(byte)) continue;
        this.#isInValue = true;
        this.#number = this.#line;
        start = at;
      }
      const hadDepth = this.#depth;
      this.#scan(byte);
      if (this.#isInString || this.#depth > 0) continue;
      if (hadDepth > 0) take(at + 1);
      else if (byte === COMMA || byte === CLOSE_ARRAY) {
        take(at);
        this.#isBetween(byte);
      }
    }
    if (this.#isInValue) this.#append(chunk.subarray(start));
    return values;
  }

  /** Returns the last value if nothing ended it. */
  end(): Line | undefined {
    return this.#isInValue ? this.#take() : undefined;
  }

  /** Whether the byte belongs to no value. */
  #isBetween(byte: number): boolean {
    if (byte === OPEN_ARRAY) this.#arrays += 1;
    else if (byte === CLOSE_ARRAY) this.#arrays = Math.max(0, this.#arrays - 1);
    else return byte === COMMA || byte <= SPACE;
    return true;
  }

  #scan(byte: number): void {
    if (this.#isInString) {
      if (byte === QUOTE && !this.#isEscaped) this.#isInString = false;
      this.#isEscaped = byte === BACKSLASH && !this.#isEscaped;
    } else if (byte === QUOTE) this.#isInString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.#depth = Math.max(0, this.#depth - 1);
  }

  #append(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > 2 * this.maxLength) this.#parts = [];
    else this.#parts.push(part);
  }

  #take(): Line {
    const [number, length, parts] = [this.#number, this.#length, this.#parts];
    this.#length = 0;
    this.#parts = [];
    this.#depth = 0;
    this.#isInValue = false;
    if (length > 2 * this.maxLength) return { number, length };
    return { number, length, bytes: Buffer.concat(parts, length) };
  }
}
