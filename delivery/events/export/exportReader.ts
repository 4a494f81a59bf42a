import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import type { ZipFile } from "yauzl";
import { messageOf, SourceError } from "../../common/errors";
import { printable } from "../../common/text";
import { type EventSource, Problems } from "../source";
import { openFile, openZip, readFile, unpack, zipEntries } from "./archive";
import { type ExportedEvent, Rows } from "./rows";

/** Events of an export. */
export interface ExportSource extends EventSource {
  /** Starts the one reading. */
  batches(): AsyncIterable<readonly ExportedEvent[]>;
  /** Number of skipped pieces that are files, or the rest of a file. */
  readonly fileProblemCount: number;
}

/** A file that holds an export. */
interface ExportFile {
  /** Path, or a name for messages. */
  path: string;
  open(): Promise<FileHandle>;
  close(handle: FileHandle): Promise<void>;
}

/**
 * Opens a real Amplitude export: the `.zip` of gzipped JSON lines that the Export API returns
 * (`project/project_YYYY-MM-DD_H#part.json.gz`, up to 4 GB; https://amplitude.com/docs/apis/analytics/export), one file of it,
 * or JSON. The content decides, not the name: files may be gzipped or not, with one event per line or in a JSON array.
 *
 * Events come in the order of the archive, with their bytes unchanged, without unpacking to disk and in bounded memory.
 * Blank rows are ignored. Anything else that is not an event is one of `problems`, and reading goes on after it: a row that is
 * not a JSON object in UTF-8 of at most 10 MiB with an event type or a uuid, and a file that is corrupt, encrypted or something
 * else. (Checksums come last, so shortly before corrupt data there may be events that were changed and are still JSON.) The
 * file is open only while events are read; leaving the loop early closes it.
 *
 * @throws SourceError if the file is missing, unreadable, a directory, not an export, or a ZIP that is truncated or whose end
 * contradicts its directory.
 */
export async function openExport(path: string): Promise<ExportSource> {
  return openExportFile({ path, open: () => openFile(path), close: (handle) => handle.close() });
}

/**
 * Opens an export that the caller has open, and keeps open.
 *
 * @param path Name of the export in messages.
 * @throws SourceError as `openExport`.
 */
export function openExportHandle(handle: FileHandle, path: string): Promise<ExportSource> {
  return openExportFile({ path, open: async () => handle, close: async () => {} });
}

async function openExportFile(file: ExportFile): Promise<ExportSource> {
  const isArchive = await checkStart(file);
  const problems = new Problems();
  return {
    problems: problems.kept,
    get problemCount() {
      return problems.count;
    },
    get fileProblemCount() {
      return problems.fileCount;
    },
    batches: () => readBatches(file, isArchive, problems),
  };
}

/** @returns Whether the export is a ZIP. */
async function checkStart({ path, open, close }: ExportFile): Promise<boolean> {
  const handle = await open();
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(FORMAT_BYTES), 0, FORMAT_BYTES, 0);
    const format = formatOf(buffer.subarray(0, bytesRead));
    if (format === undefined)
      throw new SourceError(
        `"${path}" is not an Amplitude export: it is neither a ZIP nor gzip, and no line at its start begins a JSON object. ` +
          "Give the .zip of Amplitude's Export API, one of its .json.gz files, or a .json file with one event per line.",
      );
    if (format === "zip") await openWholeZip(path, handle);
    return format === "zip";
  } finally {
    await close(handle);
  }
}

async function openWholeZip(path: string, handle: FileHandle): Promise<ZipFile> {
  try {
    return await openZip(handle);
  } catch (cause) {
    throw new SourceError(
      `The ZIP "${path}" can't be read: ${messageOf(cause)} Its download may have stopped early. Download the export again.`,
      { cause },
    );
  }
}

async function* readBatches(
  { path, open, close }: ExportFile,
  isArchive: boolean,
  problems: Problems,
): AsyncGenerator<ExportedEvent[]> {
  const handle = await open();
  try {
    yield* isArchive
      ? readZip(path, handle, problems)
      : readEvents(basename(path), readFile(handle), problems);
  } finally {
    await close(handle);
  }
}

async function* readZip(
  path: string,
  handle: FileHandle,
  problems: Problems,
): AsyncGenerator<ExportedEvent[]> {
  const archive = basename(path);
  const zip = await openWholeZip(path, handle);
  try {
    for await (const entry of zipEntries(zip, handle)) {
      const file = `${archive}/${printable(entry.name)}`;
      if (entry.unreadable !== undefined) problems.add({ file, reason: entry.unreadable });
      else yield* readEvents(file, entry.content(), problems);
    }
  } catch (error) {
    const reason = `its directory is damaged, so files may be missing: ${messageOf(error)}`;
    problems.add({ file: archive, reason });
  }
}

/** Unpacked bytes that make one batch of events. */
const BATCH_BYTES = 64 * 1024;

/** Bytes at a file's start that tell its format. */
const FORMAT_BYTES = 64 * 1024;

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
 * Reads the events of one file in batches, because one asynchronous step per event would cost more than splitting the lines.
 * The content decides how, not the name: JSON lines, a JSON array, or either of them in gzip. Rows that are not events go to
 * `problems`. Corrupt or torn data ends the file after the events before the damage.
 *
 * @param file Name of the file in messages.
 */
async function* readEvents(
  file: string,
  content: AsyncIterable<Buffer>,
  problems: Problems,
): AsyncGenerator<ExportedEvent[]> {
  let rows: Rows | undefined;
  try {
    for await (const chunk of unpackIfGzip(content, file)) {
      const isFirst = rows === undefined;
      rows ??= new Rows(file, problems, formatOf(chunk) === "values" ? "values" : "lines");
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
  let length = 0;
  let lengthWithoutPadding = 0;
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

/** U+FEFF in UTF-8, which editors put at a file's start. It is not part of the event. */
const BYTE_ORDER_MARK = Buffer.from("\ufeff", "utf8");

function withoutByteOrderMark(bytes: Buffer): Buffer {
  const { length } = BYTE_ORDER_MARK;
  return bytes.subarray(0, length).equals(BYTE_ORDER_MARK) ? bytes.subarray(length) : bytes;
}
