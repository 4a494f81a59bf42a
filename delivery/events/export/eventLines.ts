import { isUtf8 } from "node:buffer";
import { createGunzip } from "node:zlib";
import { messageOf, SourceError } from "../../common/errors";
import { type Line, LineSplitter } from "../../common/lines";
import type { Problems, SourceEvent } from "../source";
import { unpack } from "./archive";

/** Unpacked bytes that make one batch of events. */
const BATCH_BYTES = 64 * 1024;

/**
 * Longest line that is read: the largest record that a Kinesis stream can be set to accept, 10 MiB.
 * Source: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html.
 */
const MAX_LINE_BYTES = 10 * 1024 * 1024;

/** Bytes at a file's start from which `detectFormat` tells its format. */
export const FORMAT_BYTES = 64 * 1024;

export type ExportFormat = "zip" | "gzip" | "json-lines";

/** Signatures of a local file header, an empty archive, and a spanned one: APPNOTE.TXT 4.3.7, 4.3.16, 8.5.5. */
const ZIP_SIGNATURES = ["504b0304", "504b0506", "504b0708"];

/**
 * Detects an export's format by its content, because browsers and people change names.
 *
 * @param start The file's first 64 KiB, or all of it.
 * @throws SourceError if it is none of the three.
 */
export function detectFormat(path: string, start: Buffer): ExportFormat {
  if (ZIP_SIGNATURES.includes(start.toString("hex", 0, 4))) return "zip";
  if (isGzip(start)) return "gzip";
  if (looksLikeJsonLines(start)) return "json-lines";
  throw new SourceError(
    `"${path}" is not an Amplitude export: it is neither a ZIP nor gzip, and no line at its start begins a JSON object. ` +
      "Give the .zip of Amplitude's Export API, one of its .json.gz files, or a .json file with one event per line.",
  );
}

function isGzip(start: Buffer): boolean {
  // RFC 1952, 2.3.1: ID1 and ID2.
  return start[0] === 0x1f && start[1] === 0x8b;
}

/** Accepts a file with broken lines, which are reported later, and rejects a picture or a web page. */
function looksLikeJsonLines(start: Buffer): boolean {
  const text = withoutByteOrderMark(start).toString("latin1");
  return text.trim() === "" || /^[ \t]*\{\s*["}]/m.test(text);
}

/**
 * Reads the events of one file of JSON lines in batches, because one asynchronous step per event would cost more than
 * splitting the lines. Broken lines go to `problems`. Corrupt or torn data ends the file after the events before the damage.
 *
 * @param file Name of the file in messages.
 * @param isPacked Whether gzip is expected. Content that starts like gzip is unpacked in any case.
 */
export async function* readEventLines(
  file: string,
  content: AsyncIterable<Buffer>,
  isPacked: boolean,
  problems: Problems,
): AsyncGenerator<SourceEvent[]> {
  const splitter = new LineSplitter(MAX_LINE_BYTES);
  try {
    for await (const chunk of unpackIfGzip(content, isPacked))
      yield parseLines(file, splitter.push(chunk), problems);
  } catch (error) {
    problems.add({ file, reason: `can't be read to its end: ${messageOf(error)}` });
    const torn = splitter.end();
    if (torn) problems.add({ file, line: torn.number, reason: "is torn: the readable part ends inside it" });
    return;
  }
  const last = splitter.end();
  if (last) yield parseLines(file, [last], problems);
}

async function* unpackIfGzip(content: AsyncIterable<Buffer>, isPacked: boolean): AsyncGenerator<Buffer> {
  const chunks = content[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done && isPacked) throw new Error("it is empty, but gzip data is expected");
  const all = prepend(first, chunks);
  const isUnpacked = first.done || !(isPacked || isGzip(first.value));
  yield* isUnpacked ? all : unpack(all, createGunzip({ chunkSize: BATCH_BYTES }));
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

function parseLines(file: string, lines: readonly Line[], problems: Problems): SourceEvent[] {
  const events: SourceEvent[] = [];
  for (const line of lines) {
    const parsed = parseLine(line);
    if (parsed.kind === "event") events.push({ bytes: parsed.bytes, origin: `${file}:${line.number}` });
    else if (parsed.kind === "broken") problems.add({ file, line: line.number, reason: parsed.reason });
  }
  return events;
}

/** A blank line, an event's bytes, or why the line is neither, without quoting a value. */
type ParsedLine =
  | { readonly kind: "blank" }
  | { readonly kind: "event"; readonly bytes: Buffer }
  | { readonly kind: "broken"; readonly reason: string };

/** Parses a line. An event is one JSON object in valid UTF-8. Ignores a byte order mark before the first line. */
function parseLine(line: Line): ParsedLine {
  const { bytes } = line;
  if (bytes === undefined) {
    return broken(
      `is ${line.length} bytes long, more than the largest Kinesis record takes (${MAX_LINE_BYTES} bytes)`,
    );
  }
  if (!isUtf8(bytes)) return broken("isn't valid UTF-8");
  const event = line.number === 1 ? withoutByteOrderMark(bytes) : bytes;
  const text = event.toString("utf8");
  return text.trim() === "" ? { kind: "blank" } : parseObject(event, text);
}

/** Parses a line's JSON. Drops the message of `JSON.parse`, which quotes text that may be a customer's personal data. */
function parseObject(bytes: Buffer, text: string): ParsedLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return broken(`isn't valid JSON (${bytes.length} bytes)`);
  }
  if (Array.isArray(value)) return broken("is a JSON array, not an object");
  if (value === null) return broken("is JSON null, not an object");
  if (typeof value !== "object") return broken(`is a JSON ${typeof value}, not an object`);
  return { kind: "event", bytes };
}

function broken(reason: string): ParsedLine {
  return { kind: "broken", reason };
}

/** U+FEFF in UTF-8, which editors put at a file's start. It is not part of the event. */
const BYTE_ORDER_MARK = Buffer.from("\ufeff", "utf8");

function withoutByteOrderMark(bytes: Buffer): Buffer {
  const { length } = BYTE_ORDER_MARK;
  return bytes.subarray(0, length).equals(BYTE_ORDER_MARK) ? bytes.subarray(length) : bytes;
}
