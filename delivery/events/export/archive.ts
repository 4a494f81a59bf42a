import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { pipeline } from "node:stream";
import { crc32, createInflateRaw, type Gunzip, type InflateRaw } from "node:zlib";
import {
  type Entry,
  fromRandomAccessReaderPromise,
  getFileNameLowLevel,
  RandomAccessReader,
  type ZipFile,
} from "yauzl";
import { SourceError } from "../../common/errors";
import { withoutUndefined } from "../../common/values";

const CHUNK_BYTES = 64 * 1024;
/** Compression method of a ZIP entry that isn't compressed. */
const STORED = 0;

/**
 * Opens an export for reading. The caller closes the handle.
 *
 * @throws SourceError if there is no such file, it is a directory or a device, or it can't be read.
 */
export async function openFile(path: string): Promise<FileHandle> {
  try {
    // Look before opening: opening a named pipe would wait for its writer.
    const found = await stat(path);
    const problem = found.isDirectory()
      ? "is a directory. Name the .zip, .json.gz or .json file in it instead"
      : !found.isFile() && "is not a regular file. Save it to a file first and name that";
    if (problem !== false) throw new SourceError(`The export "${path}" ${problem}.`);
    return await open(path, constants.O_RDONLY);
  } catch (error) {
    throw error instanceof SourceError ? error : unreadableFile(path, error);
  }
}

function unreadableFile(path: string, cause: unknown): SourceError {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
  const message =
    code === "ENOENT" || code === "ENOTDIR"
      ? `There is no export at "${path}" (${code}). Check the path, relative to ${process.cwd()}.`
      : `The export "${path}" can't be read (${code}). Check that you are allowed to read the file.`;
  return new SourceError(message, { cause });
}

/** Reads the file's bytes from `start` up to and without `end` (default: all) as they are requested. */
export async function* readFile(
  handle: FileHandle,
  start = 0,
  end = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer> {
  for (let position = start; position < end; ) {
    const length = Math.min(CHUNK_BYTES, end - position);
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/**
 * Unpacks data as it is requested. If the data is corrupt, torn or can't be read, it throws after the last byte that could
 * be unpacked.
 */
export async function* unpack(
  packed: AsyncIterable<Buffer>,
  engine: Gunzip | InflateRaw,
): AsyncGenerator<Buffer> {
  let readError: unknown;
  // An error of the source only ends the engine's input, so that the input before the error is still unpacked.
  const input = async function* () {
    try {
      yield* packed;
    } catch (error) {
      readError = error;
    }
  };
  pipeline(input, engine, () => {});
  try {
    yield* engine;
  } catch (error) {
    // The stream's buffer still holds what was unpacked before the damage.
    for (let rest = engine.read(); rest !== null; rest = engine.read()) yield rest;
    throw readError ?? error;
  }
  if (readError !== undefined) throw readError;
}

/** A file in a ZIP. */
export interface ZipEntry {
  /** Path with `/` between folders. */
  readonly name: string;
  /** Why the content can't be read at all. Absent if it can be read. */
  readonly unreadable?: string;
  /**
   * Unpacks the content as it is requested.
   *
   * @throws Error if the content is corrupt, after the last byte that could be unpacked.
   */
  content(): AsyncIterable<Buffer>;
}

/**
 * Reads the end of a ZIP or ZIP64, and counts the files in its directory.
 *
 * @throws Error if the ZIP has no end, because it is truncated, or if its end contradicts its directory.
 */
export async function openZip(handle: FileHandle): Promise<ZipFile> {
  const reader = new ZipReader(handle);
  // yauzl's own checks would end the whole archive at one odd name or size. Names are only shown, never used as paths, and
  // `verify` checks sizes. The caller's handle closes the file, not yauzl.
  const zip = await fromRandomAccessReaderPromise(reader, (await handle.stat()).size, {
    autoClose: false,
    decodeStrings: false,
    validateEntrySizes: false,
  });
  zip.entryCount = await countEntries(zip, reader);
  return zip;
}

/** Reads ahead in the directory: its headers are small, and there may be millions. */
class ZipReader extends RandomAccessReader {
  directoryStart = Number.POSITIVE_INFINITY;
  #block: Buffer = Buffer.alloc(0);
  #blockStart = 0;

  constructor(private readonly handle: FileHandle) {
    super();
  }

  /** Returns the bytes from `position`, fewer than `length` at the file's end. */
  async bytesAt(position: number, length: number): Promise<Buffer> {
    if (position < this.directoryStart) return this.#read(position, length);
    if (position < this.#blockStart || position + length > this.#blockStart + this.#block.length) {
      this.#block = await this.#read(position, Math.max(length, CHUNK_BYTES));
      this.#blockStart = position;
    }
    return this.#block.subarray(position - this.#blockStart).subarray(0, length);
  }

  /** Reads for yauzl. */
  override read(
    target: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.bytesAt(position, length).then((bytes) => callback(null, bytes.copy(target, offset)), callback);
  }

  async #read(position: number, length: number): Promise<Buffer> {
    const { bytesRead, buffer } = await this.handle.read(Buffer.allocUnsafe(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  }
}

/** Signatures and lengths of the directory's records: APPNOTE.TXT 4.3.12, 4.3.14, 4.3.16. */
const ENTRY_SIGNATURE = 0x02014b50;
const ENTRY_BYTES = 46;
const END_SIGNATURE = 0x06054b50;
const ZIP64_END_SIGNATURE = 0x06064b50;
const END_BYTES = 56;
/** The count is a 16-bit number. macOS lets it wrap instead of writing a ZIP64. */
const MAX_COUNT = 0x10000;

/**
 * Counts the files in the ZIP's central directory, because the count at its end may have wrapped, and checks its length.
 *
 * @returns The count, or the one at the directory's end if damage in the directory hides files: yauzl then finds the damage.
 * @throws Error if there are files that the count at the end doesn't explain.
 */
async function countEntries(zip: ZipFile, reader: ZipReader): Promise<number> {
  // Its type is wrong in @types/yauzl: before the first entry is read, it is the position of the directory.
  const start = Number(zip.readEntryCursor);
  reader.directoryStart = start;
  let position = start;
  let count = 0;
  for (;;) {
    const header = await reader.bytesAt(position, ENTRY_BYTES);
    if (header.length < ENTRY_BYTES || header.readUInt32LE(0) !== ENTRY_SIGNATURE) break;
    position += ENTRY_BYTES + header.readUInt16LE(28) + header.readUInt16LE(30) + header.readUInt16LE(32);
    count += 1;
  }
  if (count < zip.entryCount) return zip.entryCount;
  const length = statedLength(await reader.bytesAt(position, END_BYTES));
  if (length !== position - start) throw new Error("its directory does not end where its end says.");
  if (count % MAX_COUNT === zip.entryCount || count === zip.entryCount) return count;
  throw new Error(`its directory lists ${count} files, but its end says ${zip.entryCount}.`);
}

/** Returns the directory's length in bytes, as the record behind the directory states it; undefined if there is none. */
function statedLength(end: Buffer): number | undefined {
  const signature = end.length < 22 ? undefined : end.readUInt32LE(0);
  if (signature === END_SIGNATURE) return end.readUInt32LE(12);
  return signature === ZIP64_END_SIGNATURE ? Number(end.readBigUInt64LE(40)) : undefined;
}

/**
 * Lists the ZIP's entries in the order of its central directory.
 *
 * @throws Error if the directory is damaged, after the entries before the damage.
 */
export async function* zipEntries(zip: ZipFile, handle: FileHandle): AsyncGenerator<ZipEntry> {
  for await (const entry of zip.eachEntry()) {
    const { generalPurposeBitFlag, fileNameRaw, extraFields } = entry;
    yield {
      name: getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false),
      ...withoutUndefined({ unreadable: unreadableReason(entry) }),
      content: () => verify(unpackEntry(zip, handle, entry), entry),
    };
  }
}

function unreadableReason(entry: Entry): string | undefined {
  if (entry.isEncrypted()) return "is encrypted: unpack it with its password first";
  if (!entry.canDecodeFileData()) return `is packed by method ${entry.compressionMethod}, not by deflate`;
  return undefined;
}

async function* unpackEntry(zip: ZipFile, handle: FileHandle, entry: Entry): AsyncGenerator<Buffer> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const packed = readFile(handle, fileDataStart, fileDataStart + entry.compressedSize);
  yield* entry.compressionMethod === STORED ? packed : unpack(packed, createInflateRaw());
}

/** Compares size and CRC-32 with the ZIP's directory, which yauzl leaves to its caller. */
async function* verify(content: AsyncIterable<Buffer>, entry: Entry): AsyncGenerator<Buffer> {
  let checksum = 0;
  let length = 0;
  for await (const chunk of content) {
    checksum = crc32(chunk, checksum);
    length += chunk.length;
    yield chunk;
  }
  if (length !== entry.uncompressedSize) {
    throw new Error(`it has ${length} bytes, but ${entry.uncompressedSize} in the ZIP's directory`);
  }
  if (checksum !== entry.crc32) throw new Error("its CRC-32 differs from the one in the ZIP's directory");
}
