import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import type { ZipFile } from "yauzl";
import { messageOf, SourceError } from "../../common/errors";
import { type EventSource, Problems, type SourceEvent } from "../source";
import { openFile, openZip, readFile, type ZipEntry, zipEntries } from "./archive";
import { detectFormat, type ExportFormat, FORMAT_BYTES, readEventLines } from "./eventLines";

/**
 * Opens a real Amplitude export: the `.zip` of gzipped JSON lines that the Export API returns
 * (`project/project_YYYY-MM-DD_H#part.json.gz`, up to 4 GB; https://amplitude.com/docs/apis/analytics/export), one
 * `.json.gz` of it, or `.json` with one event per line. Their first bytes tell them apart.
 *
 * Events come in the order of the archive, with their bytes unchanged, without unpacking to disk and in bounded memory.
 * Blank lines are skipped. Anything else that is not an event is one of `problems`, and reading goes on after it: a line
 * that is not one JSON object in UTF-8 of at most 10 MiB, and a file that is corrupt, encrypted or not `.json`. (Checksums
 * come last, so shortly before corrupt data there may be events that were changed and are still JSON.) The file is open only
 * while events are read; leaving the loop early closes it.
 *
 * @throws SourceError if the file is missing, unreadable, a directory, not an export, or a truncated ZIP.
 */
export async function openExport(path: string): Promise<EventSource> {
  const format = await readFormat(path);
  const problems = new Problems();
  return {
    problems: problems.kept,
    get problemCount() {
      return problems.count;
    },
    batches: () => readBatches(path, format, problems),
  };
}

async function readFormat(path: string): Promise<ExportFormat> {
  const handle = await openFile(path);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(FORMAT_BYTES), 0, FORMAT_BYTES, 0);
    const format = detectFormat(path, buffer.subarray(0, bytesRead));
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
      `The ZIP "${path}" can't be read: ${messageOf(cause)} Its download may have stopped early. Download the export again.`,
      { cause },
    );
  }
}

async function* readBatches(
  path: string,
  format: ExportFormat,
  problems: Problems,
): AsyncGenerator<SourceEvent[]> {
  const handle = await openFile(path);
  try {
    yield* format === "zip"
      ? readZip(path, handle, problems)
      : readEventLines(basename(path), readFile(handle), format === "gzip", problems);
  } finally {
    await handle.close();
  }
}

async function* readZip(path: string, handle: FileHandle, problems: Problems): AsyncGenerator<SourceEvent[]> {
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
): AsyncGenerator<SourceEvent[]> {
  if (isSkipped(entry.name)) return;
  const file = `${archive}/${withoutControls(entry.name)}`;
  if (!/\.json(\.gz)?$/i.test(entry.name)) problems.add({ file, reason: "is not a .json.gz or .json file" });
  else if (entry.unreadable !== undefined) problems.add({ file, reason: entry.unreadable });
  else yield* readEventLines(file, entry.content(), /\.gz$/i.test(entry.name), problems);
}

/** Whether an entry is a folder, or a file that macOS adds when it packs one. */
function isSkipped(name: string): boolean {
  return name.endsWith("/") || /(^|\/)(__MACOSX\/|\.DS_Store$)/.test(name);
}

/** Replaces control characters: a name comes from outside and is shown on terminals. */
function withoutControls(name: string): string {
  return name.replace(/\p{Cc}/gu, "?");
}
