const LINE_FEED = 0x0a;

/** One line without its line feed; a carriage return before that stays. */
export interface Line {
  /** 1-based; blank lines count. */
  readonly number: number;
  /** How many bytes the line has. */
  readonly length: number;
  /** Absent where the line is longer than the splitter keeps. */
  readonly bytes?: Buffer;
}

/**
 * Cuts bytes that arrive in chunks of any size into lines at line feeds alone: U+2028 and carriage returns are
 * part of a line. Empty lines are counted and left out. It never holds more than `longest` bytes of an unfinished
 * line, however long that is.
 */
export class LineSplitter {
  #number = 1;
  #length = 0;
  #parts: Buffer[] = [];

  /** @param longest the most bytes that a line may have to be kept */
  constructor(private readonly longest: number) {}

  /** The lines that end in this chunk. Their bytes may share the chunk's memory. */
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

  /** The last line where no line feed ends it. */
  end(): Line | undefined {
    return this.#take();
  }

  #append(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > this.longest) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  #take(): Line | undefined {
    const { longest } = this;
    const length = this.#length;
    const [first, ...others] = this.#parts;
    this.#length = 0;
    this.#parts = [];
    if (length > longest) return { number: this.#number, length };
    if (first === undefined) return undefined;
    const bytes = others.length === 0 ? first : Buffer.concat([first, ...others], length);
    return { number: this.#number, length, bytes };
  }
}
