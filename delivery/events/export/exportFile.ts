import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { SourceError } from "../../common/errors";

const CHUNK_BYTES = 64 * 1024;

/**
 * Opens an export for reading. The caller closes the handle.
 *
 * @throws SourceError where there is no such file, it is a directory or a device, or it can't be read
 */
export async function openFile(path: string): Promise<FileHandle> {
  try {
    // Asked before opening: opening a named pipe would wait for its writer.
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
    throw error instanceof SourceError ? error : unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): SourceError {
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

/** The file's bytes from `start` up to and without `end` (default: all), read as they are taken. */
export async function* fileBytes(
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
