import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import type { ZipFile } from "yauzl";
import { messageOf, SourceError } from "../../common/errors";
import type { EventSource, SourceEvent } from "../source";
import { eventBatches, oneByOne } from "./eventBatches";
import { fileBytes, openFile } from "./exportFile";
import { type ExportFormat, exportFormat, FORMAT_BYTES } from "./exportFormat";
import { Problems } from "./problems";
import { openZip, type ZipEntry, zipEntries } from "./zipEntries";

/**
 * A real Amplitude export: the `.zip` of gzipped JSON lines that the Export API gives
 * (`project/project_YYYY-MM-DD_H#part.json.gz`, up to 4 GB; https://amplitude.com/docs/apis/analytics/export), one
 * `.json.gz` of it, or `.json` with one event a line, told apart by their first bytes.
 *
 * Events come in the order of the archive, their bytes as they are between two line feeds, without unpacking to
 * disk and with bounded memory. Blank lines are skipped. A line that is not one JSON object in UTF-8 of at most
 * 10 MiB, a file that is corrupt, encrypted or no `.json`, is one of `problems`, and the rest goes on. (Checksums
 * come last: shortly before corrupt data there may be events that were changed and are still JSON.) The file is open
 * only while `events()` is being read; leaving the loop early closes it.
 *
 * @throws SourceError where the file is missing, unreadable, a directory, no export, or a truncated ZIP
 */
export async function openExport(path: string): Promise<EventSource> {
  const format = await checkedFormat(path);
  const problems = new Problems();
  return {
    problems: problems.kept,
    get problemCount() {
      return problems.count;
    },
    events: () => oneByOne(exportBatches(path, format, problems)),
    eventBatches: () => exportBatches(path, format, problems),
  };
}

async function checkedFormat(path: string): Promise<ExportFormat> {
  const handle = await openFile(path);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(FORMAT_BYTES), 0, FORMAT_BYTES, 0);
    const format = exportFormat(path, buffer.subarray(0, bytesRead));
    if (format === "zip") await openWholeZip(path, handle);
    return format;
  } finally {
    await handle.close();
  }
}

async function openWholeZip(path: string, handle: FileHandle): Promise<ZipFile> {
  try {
    return await openZip(handle);
  } catch (cause) {
    throw new SourceError(
      `The ZIP "${path}" can't be read: ${messageOf(cause)} Its download may have stopped early: download the export again.`,
      { cause },
    );
  }
}

async function* exportBatches(
  path: string,
  format: ExportFormat,
  problems: Problems,
): AsyncGenerator<SourceEvent[]> {
  const handle = await openFile(path);
  try {
    yield* format === "zip"
      ? zipBatches(path, handle, problems)
      : eventBatches(basename(path), fileBytes(handle), format === "gzip", problems);
  } finally {
    await handle.close();
  }
}

async function* zipBatches(
  path: string,
  handle: FileHandle,
  problems: Problems,
): AsyncGenerator<SourceEvent[]> {
  const archive = basename(path);
  const zip = await openWholeZip(path, handle);
  try {
    for await (const entry of zipEntries(zip, handle)) yield* entryBatches(archive, entry, problems);
  } catch (error) {
    problems.add({
      file: archive,
      reason: `its directory is damaged, so files may be missing: ${messageOf(error)}`,
    });
  }
}

async function* entryBatches(
  archive: string,
  entry: ZipEntry,
  problems: Problems,
): AsyncGenerator<SourceEvent[]> {
  if (isLitter(entry.name)) return;
  const file = `${archive}/${printable(entry.name)}`;
  if (!/\.json(\.gz)?$/i.test(entry.name)) problems.add({ file, reason: "is no .json.gz or .json file" });
  else if (entry.unreadable !== undefined) problems.add({ file, reason: entry.unreadable });
  else yield* eventBatches(file, entry.content(), /\.gz$/i.test(entry.name), problems);
}

/** Folders, and what macOS adds when it packs one. */
function isLitter(name: string): boolean {
  return name.endsWith("/") || /(^|\/)(__MACOSX\/|\.DS_Store$)/.test(name);
}

/** A name comes from outside and is shown on terminals: no control characters. */
function printable(name: string): string {
  return name.replace(/\p{Cc}/gu, "?");
}
