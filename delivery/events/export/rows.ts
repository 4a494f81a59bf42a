import { isUtf8 } from "node:buffer";
import { type Line, LineSplitter } from "../../common/lines";
import { counted } from "../../common/text";
import { isObject } from "../../common/values";
import type { Properties } from "../event";
import { hasTooManyValues, MAX_VALUES } from "../recordContent";
import type { Problems, SourceEvent } from "../source";

/** An event of an export, with the object that its bytes hold. */
export interface ExportedEvent extends SourceEvent {
  /** The object. */
  readonly row: Readonly<Record<string, unknown>>;
}

/**
 * Longest event that is read: the largest record that a Kinesis stream can be set to accept, 10 MiB.
 * Source: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html.
 */
const MAX_EVENT_BYTES = 10 * 1024 * 1024;

/** Bytes of a torn value that are searched for events between two turns of the event loop. */
const TURN_BYTES = 16 * 1024;

/** Splits a file into rows, and tells those that are events from the others. */
export class Rows {
  readonly #splitter: LineSplitter | ValueSplitter;

  /** @param form `lines` for one value per line. */
  constructor(
    private readonly file: string,
    private readonly problems: Problems,
    form: "lines" | "values",
  ) {
    this.#splitter = new (form === "values" ? ValueSplitter : LineSplitter)(MAX_EVENT_BYTES);
  }

  /** Returns the events that end in this chunk. */
  push(chunk: Buffer): Iterable<ExportedEvent[]> {
    return this.#read(this.#splitter.push(chunk));
  }

  /** Returns the last event if nothing ended it. */
  *end(): Generator<ExportedEvent[]> {
    const isOpen = this.#splitter instanceof ValueSplitter && this.#splitter.isOpen;
    const last = this.#splitter.end();
    if (last) yield* this.#read([last]);
    if (isOpen) this.#report("ends before its JSON does, so rows may be missing");
  }

  /** Reports the row in which the readable content ends. */
  tear(): void {
    const torn = this.#splitter.end();
    if (torn) this.#report("is torn: the readable part ends inside it", torn.number);
  }

  *#read(rows: readonly Line[]): Generator<ExportedEvent[]> {
    const events: ExportedEvent[] = [];
    for (const row of rows) {
      const parsed = parseRow(row);
      if (parsed === "blank") continue;
      if ("row" in parsed) {
        events.push({ bytes: parsed.bytes, origin: `${this.file}:${row.number}`, row: parsed.row });
        continue;
      }
      const reported = this.problems.count;
      if (parsed.isTorn && row.bytes?.includes("\n")) {
        yield events.splice(0);
        for (const lines of objectsWithin(row)) yield* this.#read(lines);
      }
      if (this.problems.count === reported) this.#report(parsed.reason, row.number);
    }
    yield events;
  }

  #report(reason: string, line?: number): void {
    this.problems.add({ file: this.file, ...(line === undefined ? {} : { line }), reason });
  }
}

/** Yields the lines of a torn value that begin an object: a value that lost a brace contains those after it. */
function* objectsWithin({ number, bytes = Buffer.alloc(0) }: Line): Generator<Line[]> {
  const splitter = new LineSplitter(MAX_EVENT_BYTES);
  const objectOf = (line: Line): Line[] => {
    const text = line.bytes?.toString("latin1").trim().replace(/,$/, "") ?? "";
    if (!text.startsWith("{")) return [];
    return [{ number: number + line.number - 1, length: text.length, bytes: Buffer.from(text, "latin1") }];
  };
  for (let at = 0; at < bytes.length; at += TURN_BYTES)
    yield splitter.push(bytes.subarray(at, at + TURN_BYTES)).flatMap(objectOf);
  const last = splitter.end();
  if (last) yield objectOf(last);
}

/** A blank row, an event's bytes, or why the row is neither, without quoting a value. */
type ParsedRow = "blank" | { bytes: Buffer; row: Properties } | { reason: string; isTorn: boolean };

function parseRow({ length, bytes }: Line): ParsedRow {
  if (bytes === undefined || length > MAX_EVENT_BYTES)
    return skipped(
      `is ${length} bytes long, more than the largest Kinesis record takes (${MAX_EVENT_BYTES} bytes)`,
      true,
    );
  if (!isUtf8(bytes)) return skipped("isn't valid UTF-8", true);
  if (hasTooManyValues(bytes))
    return skipped(`has more than ${MAX_VALUES} lists, dictionaries and names, too many to be parsed`, true);
  const text = bytes.toString("utf8");
  return text.trim() === "" ? "blank" : parseEvent(bytes, text);
}

/**
 * Parses an event: one JSON object with an event type or a uuid, as every row of an export has. (The vendor's page on the
 * destination names the type `event_name`.) Drops the message of `JSON.parse`, which quotes text that may be a customer's
 * personal data.
 */
function parseEvent(bytes: Buffer, text: string): ParsedRow {
  let value: unknown;
  try {
    // An error's stack trace costs 20 times what a torn line does.
    value = text.startsWith("{") && !text.trimEnd().endsWith("}") ? undefined : JSON.parse(text);
  } catch {}
  if (value === undefined) return skipped(`isn't valid JSON (${counted(bytes.length, "byte")})`, true);
  if (Array.isArray(value)) return skipped("is a JSON array, not an object");
  if (value === null) return skipped("is JSON null, not an object");
  if (!isObject(value)) return skipped(`is a JSON ${typeof value}, not an object`);
  const isEvent = (value.uuid ?? value.event_type ?? value.event_name ?? null) !== null;
  return isEvent ? { bytes, row: value } : skipped("has neither an event type nor a uuid");
}

function skipped(reason: string, isTorn = false): ParsedRow {
  return { reason, isTorn };
}

const [LINE_FEED, QUOTE, BACKSLASH, COMMA] = [...'\n"\\,'].map((sign) => sign.charCodeAt(0));
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [..."[]{}"].map((sign) => sign.charCodeAt(0));
const SPACE = 0x20;

/**
 * Splits JSON whose objects are not one per line: an array of objects, or objects over several lines. Whatever stands between
 * the objects, except brackets, commas and spaces, is a value too, so that nothing is left out.
 *
 * An object that lost a quote or a brace contains those after it. It is split from them at a line feed beyond `maxLength`.
 */
class ValueSplitter {
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
    const number = this.#number;
    const length = this.#length;
    const parts = this.#parts;
    this.#length = 0;
    this.#parts = [];
    this.#depth = 0;
    this.#isInValue = false;
    if (length > 2 * this.maxLength) return { number, length };
    return { number, length, bytes: Buffer.concat(parts, length) };
  }
}
