import { isUtf8 } from "node:buffer";
import { setImmediate } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { messageOf, SourceError } from "../../common/errors";
import { type Line, LineSplitter } from "../../common/lines";
import { counted } from "../../common/text";
import { isObject } from "../../common/values";
import type { Properties } from "../event";
import { hasTooManyValues, MAX_VALUES } from "../recordContent";
import type { Problems, SourceEvent } from "../source";
import { unpack } from "./archive";
import { ValueSplitter } from "./valueSplitter";

/** Unpacked bytes that make one batch of events. */
const BATCH_BYTES = 64 * 1024;
/** Bytes of a torn value that are searched for events between two turns of the event loop. */
const TURN_BYTES = 16 * 1024;

/**
 * Longest event that is read: the largest record that a Kinesis stream can be set to accept, 10 MiB.
 * Source: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html.
 */
const MAX_EVENT_BYTES = 10 * 1024 * 1024;

/** An event of an export, with the object that its bytes hold. */
export interface ExportedEvent extends SourceEvent {
  /** The object. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** Bytes at a file's start from which `detectFormat` tells its format. */
export const FORMAT_BYTES = 64 * 1024;

/** Format of content. `lines` has one value per line; `values` has an array of objects, or objects over several lines. */
type Format = "zip" | "gzip" | "lines" | "values";

/** Signatures of a local file header, an empty archive, and a spanned one: APPNOTE.TXT 4.3.7, 4.3.16, 8.5.5. */
const ZIP_SIGNATURES = ["504b0304", "504b0506", "504b0708"];

/** Starts of the files that macOS adds when it packs a folder: AppleDouble (RFC 1740, appendix A), and .DS_Store. */
const MACOS_SIGNATURES = /^(00051607|0000000142756431)/;

/** Detects the format by the content, because browsers and people change names. Returns undefined if it has no events. */
function formatOf(start: Buffer): Format | undefined {
  if (ZIP_SIGNATURES.includes(start.toString("hex", 0, 4))) return "zip";
  // RFC 1952, 2.3.1: ID1 and ID2.
  if (start[0] === 0x1f && start[1] === 0x8b) return "gzip";
  const text = withoutByteOrderMark(start).subarray(0, FORMAT_BYTES).toString("latin1");
  if (/^\s*(\[[\s[]*[\]{]|\{\s*\n)/.test(text)) return "values";
  // Lines may be broken, which is reported later. A picture or a web page has no line that begins an object.
  return text.trim() === "" || /^[ \t]*\{\s*["}]/m.test(text) ? "lines" : undefined;
}

/**
 * Returns whether a file is a ZIP.
 *
 * @param start The file's first 64 KiB, or all of it.
 * @throws SourceError if it is not an export.
 */
export function isZip(path: string, start: Buffer): boolean {
  const format = formatOf(start);
  if (format !== undefined) return format === "zip";
  throw new SourceError(
    `"${path}" is not an Amplitude export: it is neither a ZIP nor gzip, and no line at its start begins a JSON object. ` +
      "Give the .zip of Amplitude's Export API, one of its .json.gz files, or a .json file with one event per line.",
  );
}

/**
 * Reads the events of one file in batches, because one asynchronous step per event would cost more than splitting the lines.
 * The content decides how, not the name: JSON lines, a JSON array, or either of them in gzip. Rows that are not events go to
 * `problems`. Corrupt or torn data ends the file after the events before the damage.
 *
 * @param file Name of the file in messages.
 */
export async function* readEvents(
  file: string,
  content: AsyncIterable<Buffer>,
  problems: Problems,
): AsyncGenerator<ExportedEvent[]> {
  let rows: Rows | undefined;
  try {
    for await (const chunk of unpackIfGzip(content, file)) {
      const isFirst = rows === undefined;
      rows ??= new Rows(file, problems, chunk);
      yield* inTurns(rows.push(isFirst ? withoutByteOrderMark(chunk) : chunk));
    }
  } catch (error) {
    const isOther = error instanceof SourceError;
    problems.add({ file, reason: isOther ? error.message : `can't be read to its end: ${messageOf(error)}` });
    rows?.tear();
    return;
  }
  if (rows !== undefined) yield* inTurns(rows.end());
}

/** Lets signals be handled between batches: a torn value may hold millions of rows. */
async function* inTurns<T>(batches: Iterable<T>): AsyncGenerator<T> {
  for (const batch of batches) {
    yield batch;
    await setImmediate();
  }
}

/** @throws Error if the content, or what is packed in it, can't hold events. */
async function* unpackIfGzip(content: AsyncIterable<Buffer>, file?: string): AsyncGenerator<Buffer> {
  const chunks = content[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) {
    if (file?.toLowerCase().endsWith(".gz")) throw new Error("it is empty, but gzip data is expected");
    return;
  }
  const format = formatOf(first.value);
  if (format === "gzip" && file !== undefined) yield* unpackIfGzip(gunzip(prepend(first, chunks)));
  else if (format === "lines" || format === "values") yield* prepend(first, chunks);
  else if (!MACOS_SIGNATURES.test(first.value.toString("hex", 0, 8))) {
    await chunks.return?.();
    throw new SourceError("holds neither gzip nor JSON objects");
  }
}

/** @throws Error if the data is corrupt, or followed by other data than zeros. */
async function* gunzip(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const engine = createGunzip({ chunkSize: BATCH_BYTES });
  let [length, lengthWithoutPadding] = [0, 0];
  const counted = (async function* () {
    for await (const chunk of packed) {
      let end = chunk.length;
      while (chunk[end - 1] === 0) end -= 1;
      if (end > 0) lengthWithoutPadding = length + end;
      length += chunk.length;
      yield chunk;
    }
  })();
  yield* unpack(counted, engine);
  // The engine stops at the first zero behind its data, and ignores the rest.
  for await (const _ of counted);
  if (lengthWithoutPadding > engine.bytesWritten) throw new Error("other data follow its gzip data");
}

async function* prepend(
  first: IteratorResult<Buffer>,
  others: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer> {
  try {
    for (let next = first; next.done !== true; next = await others.next()) yield next.value;
  } finally {
    // A consumer that stops early must also end the reading below.
    await others.return?.();
  }
}

/** Splits a file into rows, and tells those that are events from the others. */
class Rows {
  readonly #splitter: LineSplitter | ValueSplitter;

  /** @param start First bytes of the file. */
  constructor(
    private readonly file: string,
    private readonly problems: Problems,
    start: Buffer,
  ) {
    const Splitter = formatOf(start) === "values" ? ValueSplitter : LineSplitter;
    this.#splitter = new Splitter(MAX_EVENT_BYTES);
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
      if (parsed.kind === "event")
        events.push({ bytes: parsed.bytes, origin: `${this.file}:${row.number}`, row: parsed.row });
      if (parsed.kind !== "skipped") continue;
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
type ParsedRow =
  | { readonly kind: "blank" }
  | { readonly kind: "event"; readonly bytes: Buffer; readonly row: Properties }
  | { readonly kind: "skipped"; readonly reason: string; readonly isTorn?: boolean };

function parseRow({ length, bytes }: Line): ParsedRow {
  if (bytes === undefined || length > MAX_EVENT_BYTES) return skipped(tooLong(length), true);
  if (!isUtf8(bytes)) return skipped("isn't valid UTF-8", true);
  if (hasTooManyValues(bytes))
    return skipped(`has more than ${MAX_VALUES} lists, dictionaries and names, too many to be parsed`, true);
  const text = bytes.toString("utf8");
  return text.trim() === "" ? { kind: "blank" } : parseEvent(bytes, text);
}

function tooLong(length: number): string {
  return `is ${length} bytes long, more than the largest Kinesis record takes (${MAX_EVENT_BYTES} bytes)`;
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
  return isEvent ? { kind: "event", bytes, row: value } : skipped("has neither an event type nor a uuid");
}

function skipped(reason: string, isTorn = false): ParsedRow {
  return { kind: "skipped", reason, isTorn };
}

/** U+FEFF in UTF-8, which editors put at a file's start. It is not part of the event. */
const BYTE_ORDER_MARK = Buffer.from("\ufeff", "utf8");

function withoutByteOrderMark(bytes: Buffer): Buffer {
  const { length } = BYTE_ORDER_MARK;
  return bytes.subarray(0, length).equals(BYTE_ORDER_MARK) ? bytes.subarray(length) : bytes;
}
