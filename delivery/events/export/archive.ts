import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { pipeline } from "node:stream";
import { crc32, createInflateRaw, type Gunzip, type InflateRaw } from "node:zlib";
import { type Entry, fromFdPromise, getFileNameLowLevel, type ZipFile } from "yauzl";
import { SourceError } from "../../common/errors";

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
    if (found.isDirectory()) {
      throw new SourceError(
        `The export "${path}" is a directory. Name the .zip, .json.gz or .json file in it instead.`,
      );
    }
    if (!found.isFile()) {
      throw new SourceError(
        `The export "${path}" is not a regular file. Save it to a file first and name that.`,
      );
    }
    return await open(path, constants.O_RDONLY);
  } catch (error) {
    throw error instanceof SourceError ? error : unreadableFile(path, error);
  }
}

function unreadableFile(path: string, cause: unknown): SourceError {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new SourceError(
      `There is no export at "${path}" (${code}). Check the path, relative to ${process.cwd()}.`,
      { cause },
    );
  }
  return new SourceError(
    `The export "${path}" can't be read (${code}). Check that you are allowed to read the file.`,
    { cause },
  );
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
  /** Path with `/` between folders. A folder's name ends with `/`. */
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
 * Reads the end of a ZIP or ZIP64.
 *
 * @throws Error if it has no end of central directory, because it is truncated or not a ZIP.
 */
export function openZip(handle: FileHandle): Promise<ZipFile> {
  // yauzl's own checks would end the whole archive at one odd name or size. Names are only shown, never used as paths, and
  // `verify` checks sizes. The caller's handle closes the file, not yauzl.
  return fromFdPromise(handle.fd, { autoClose: false, decodeStrings: false, validateEntrySizes: false });
}

/**
 * Lists the ZIP's entries in the order of its central directory.
 *
 * @throws Error if the directory is damaged, after the entries before the damage.
 */
export async function* zipEntries(zip: ZipFile, handle: FileHandle): AsyncGenerator<ZipEntry> {
  for await (const entry of zip.eachEntry()) {
    const unreadable = unreadableReason(entry);
    yield {
      name: getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false),
      ...(unreadable === undefined ? {} : { unreadable }),
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
