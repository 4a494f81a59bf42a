import type { FileHandle } from "node:fs/promises";
import { crc32, createInflateRaw } from "node:zlib";
import { type Entry, fromFdPromise, getFileNameLowLevel, type ZipFile } from "yauzl";
import { decompress } from "./decompress";
import { fileBytes } from "./exportFile";

const STORED = 0;

/** One file of a ZIP. */
export interface ZipEntry {
  /** With `/` between folders, and at the end where it is one. */
  readonly name: string;
  /** Why its content can't be read at all, where it can't. */
  readonly unreadable?: string;
  /**
   * Its unpacked bytes, as they are taken.
   *
   * @throws Error after the last byte that could be unpacked, where the content is corrupt
   */
  content(): AsyncIterable<Buffer>;
}

/**
 * Reads the end of a ZIP, ZIP64 too.
 *
 * @throws Error where it has no end of central directory: it is truncated, or no ZIP
 */
export function openZip(handle: FileHandle): Promise<ZipFile> {
  // One odd name or size must not end the whole archive, as it would with yauzl's own checks: names are only ever
  // shown, never used as paths, and sizes are checked below. The caller's handle closes the file, not yauzl.
  return fromFdPromise(handle.fd, { autoClose: false, decodeStrings: false, validateEntrySizes: false });
}

/**
 * The ZIP's entries in the order of its central directory.
 *
 * @throws Error where the directory itself is damaged, after the entries before the damage
 */
export async function* zipEntries(zip: ZipFile, handle: FileHandle): AsyncGenerator<ZipEntry> {
  for await (const entry of zip.eachEntry()) {
    const unreadable = unreadableReason(entry);
    yield {
      name: getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false),
      ...(unreadable === undefined ? {} : { unreadable }),
      content: () => checked(unpacked(zip, handle, entry), entry),
    };
  }
}

function unreadableReason(entry: Entry): string | undefined {
  if (entry.isEncrypted()) return "is encrypted: unpack it with its password first";
  if (!entry.canDecodeFileData()) return `is packed by method ${entry.compressionMethod}, not by deflate`;
  return undefined;
}

/** yauzl's own stream would drop what it has buffered where the data turns out to be corrupt: see `decompress`. */
async function* unpacked(zip: ZipFile, handle: FileHandle, entry: Entry): AsyncGenerator<Buffer> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const packed = fileBytes(handle, fileDataStart, fileDataStart + entry.compressedSize);
  if (entry.compressionMethod === STORED) yield* packed;
  else yield* decompress(packed, createInflateRaw());
}

/** yauzl leaves the CRC-32 to its caller. */
async function* checked(content: AsyncIterable<Buffer>, entry: Entry): AsyncGenerator<Buffer> {
  let checksum = 0;
  let length = 0;
  for await (const chunk of content) {
    checksum = crc32(chunk, checksum);
    length += chunk.length;
    yield chunk;
  }
  if (length !== entry.uncompressedSize) {
    throw new Error(`${length} bytes where the ZIP's directory has ${entry.uncompressedSize}`);
  }
  if (checksum !== entry.crc32) throw new Error("its CRC-32 is not the one in the ZIP's directory");
}
