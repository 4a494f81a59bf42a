import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import type { ZipFile } from "yauzl";
import { messageOf, SourceError } from "../../common/errors";
import { printable } from "../../common/text";
import { type EventSource, Problems } from "../source";
import { openFile, openZip, readFile, type ZipEntry, zipEntries } from "./archive";
import { type ExportedEvent, FORMAT_BYTES, isZip, readEvents } from "./eventLines";

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
    const isArchive = isZip(path, buffer.subarray(0, bytesRead));
    if (isArchive) await openWholeZip(path, handle);
    return isArchive;
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
    for await (const entry of zipEntries(zip, handle)) yield* readEntry(archive, entry, problems);
  } catch (error) {
    problems.add({
      file: archive,
      reason: `its directory is damaged, so files may be missing: ${messageOf(error)}`,
    });
  }
}

async function* readEntry(
  archive: string,
  entry: ZipEntry,
  problems: Problems,
): AsyncGenerator<ExportedEvent[]> {
  const file = `${archive}/${printable(entry.name)}`;
  if (entry.unreadable !== undefined) problems.add({ file, reason: entry.unreadable });
  else yield* readEvents(file, entry.content(), problems);
}
