const LINE_FEED = 0x0a;

/** One line without its line feed. A carriage return before the line feed stays. */
export interface Line {
  /** Number of the line, from 1. Blank lines count. */
  readonly number: number;
  /** Length in bytes. */
  readonly length: number;
  /** Absent if the line is longer than `maxLength`. */
  readonly bytes?: Buffer;
}

/**
 * Splits chunks of any size into lines, only at line feeds: U+2028 and carriage returns are part of a line. Empty lines
 * are counted and left out. It never holds more than `maxLength` bytes of an unfinished line.
 */
export class LineSplitter {
  #number = 1;
  #length = 0;
  #parts: Buffer[] = [];

  /** @param maxLength Longest line that is kept, in bytes. */
  constructor(private readonly maxLength: number) {}

  /** Returns the lines that end in this chunk. Their bytes may share the chunk's memory. */
  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#append(chunk.subarray(start, end));
      const line = this.#take();
      if (line !== undefined) lines.push(line);
      this.#number++;
      start = end + 1;
    }
    this.#append(chunk.subarray(start));
    return lines;
  }

  /** Returns the last line if no line feed ends it. */
  end(): Line | undefined {
    return this.#take();
  }

  #append(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > this.maxLength) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  #take(): Line | undefined {
    const { maxLength } = this;
    const length = this.#length;
    const [first, ...others] = this.#parts;
    this.#length = 0;
    this.#parts = [];
    if (length > maxLength) return { number: this.#number, length };
    if (first === undefined) return undefined;
    const bytes = others.length === 0 ? first : Buffer.concat([first, ...others], length);
    return { number: this.#number, length, bytes };
  }
}
