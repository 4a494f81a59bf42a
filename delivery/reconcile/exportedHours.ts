import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import type { EpochMs } from "../common/clock";
import { messageOf, SettingsError, SourceError } from "../common/errors";
import { makeFolder, openTemporaryFile, probeFile, writeAtomically } from "../common/files";
import { readFile } from "../events/export/archive";
import { type ExportSource, openExport, openExportHandle } from "../events/export/exportReader";
import type { ExportedEvent } from "../events/export/rows";
import type { SourceProblem } from "../events/source";
import type { AmplitudeClient } from "./amplitudeClient";
import { formatHour, HOUR_MS, type HourRange, type ReconcileOptions } from "./options";

/** Time after an hour's end from which the Export API has all of it. Source: Amplitude, "Export API". */
const EXPORT_DELAY_MS = 2 * HOUR_MS;
/** A ZIP without files, which stands for an hour without events: APPNOTE.TXT 4.3.16. */
const EMPTY_ZIP = Buffer.concat([Buffer.from("504b0506", "hex"), Buffer.alloc(18)]);

/** Amplitude's side: the rows of the hours, from archives or from the Export API. They can be read more than once. */
export class ExportedHours {
  /** Parts of the export that are not events, of the first reading. */
  readonly skipped = { problems: [] as SourceProblem[], problemCount: 0, fileProblemCount: 0 };
  #readings = 0;

  /**
   * @param client Absent if archives are given.
   * @param now Time of the run's start. Hours that the Export API doesn't have by then are left out.
   */
  constructor(
    private readonly options: Pick<ReconcileOptions, "exports" | "keepExport" | "apiKey" | "zone" | "url">,
    private readonly range: HourRange,
    private readonly client: AmplitudeClient | undefined,
    private readonly now: EpochMs,
  ) {}

  /**
   * Creates the folder that keeps the hours.
   *
   * @throws SettingsError if it can't be written.
   */
  async prepare(): Promise<void> {
    const { exports, keepExport } = this.options;
    if (keepExport === undefined || exports !== undefined) return;
    try {
      makeFolder(keepExport, 0o700);
      await probeFile(join(keepExport, "export"));
    } catch (cause) {
      throw unwritable(keepExport, cause);
    }
  }

  /** Number of the first hours of the range that Amplitude exports completely. */
  get hoursExportable(): number {
    const end = Math.min(this.range.end, this.now - EXPORT_DELAY_MS);
    return Math.max(0, Math.floor((end - this.range.from) / HOUR_MS));
  }

  /**
   * Reads the rows of the export in batches.
   *
   * @param hours Numbers of the hours that matter. Archives also yield rows of other hours. Default: all.
   * @throws DeliveryError `source` if an archive can't be read or an hour can't be fetched, `credentials` if Amplitude
   * rejects the keys.
   */
  async *read(hours?: ReadonlySet<number>): AsyncGenerator<readonly ExportedEvent[]> {
    const isFirst = this.#readings === 0;
    this.#readings += 1;
    const sources = this.options.exports === undefined ? this.#fetched(hours) : this.#archives();
    for await (const source of sources) {
      yield* source.batches();
      if (isFirst) this.#addProblems(source);
    }
  }

  async *#archives(): AsyncGenerator<ExportSource> {
    for (const file of this.options.exports ?? []) yield await openExport(file);
  }

  async *#fetched(hours: ReadonlySet<number> | undefined): AsyncGenerator<ExportSource> {
    for (let hour = 0; hour < this.hoursExportable; hour += 1) {
      if (hours?.has(hour) === false) continue;
      const time = this.range.from + hour * HOUR_MS;
      const kept = this.#keptFile(time);
      const source = kept === undefined ? undefined : await openKept(kept);
      if (source !== undefined) yield source;
      else yield* this.#fetch(time, kept);
    }
  }

  /** Fetches an hour into a private file. Keeps it once it was read without a problem. */
  async *#fetch(time: EpochMs, kept: string | undefined): AsyncGenerator<ExportSource> {
    const fetched = await this.client?.download(time, (zip) => saveZip(zip, `hour ${formatHour(time)}`));
    if (fetched === undefined) return;
    if (fetched === null) {
      if (kept !== undefined) await keep(kept, Readable.from([EMPTY_ZIP]));
      return;
    }
    const { source, file } = fetched;
    try {
      yield source;
      if (kept !== undefined && source.problemCount === 0) await keep(kept, readFile(file));
    } finally {
      await file.close();
    }
  }

  /** Path of a kept hour. Hours of several projects may be in one folder. */
  #keptFile(time: EpochMs): string | undefined {
    const { keepExport, apiKey, zone = "US", url = zone } = this.options;
    if (keepExport === undefined) return undefined;
    const project = createHash("sha256").update(`${url}\n${apiKey}`).digest("hex").slice(0, 12);
    return join(keepExport, `amplitude-${project}-${formatHour(time)}.zip`);
  }

  #addProblems({ problems, problemCount, fileProblemCount }: ExportSource): void {
    this.skipped.problems.push(...problems);
    this.skipped.problemCount += problemCount;
    this.skipped.fileProblemCount += fileProblemCount;
  }
}

/** Returns undefined if the hour isn't kept, or its file was damaged since. */
async function openKept(file: string): Promise<ExportSource | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    return await openExport(file);
  } catch (error) {
    if (error instanceof SourceError) return undefined;
    throw error;
  }
}

/** @throws SettingsError if the file can't be written. */
async function keep(file: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  await writeAtomically(file, content).catch((cause: unknown) => {
    throw unwritable(dirname(file), cause);
  });
}

function unwritable(folder: string, cause: unknown): SettingsError {
  return new SettingsError(
    `--keep-export can't write to ${folder}: ${messageOf(cause)}. Name another folder, or free space`,
    { cause },
  );
}

/** Errors of a disk, as opposed to those of a connection. */
const DISK_ERRORS = /^E(ACCES|DQUOT|FBIG|IO|MFILE|NOENT|NOSPC|PERM|ROFS)$/;

function unwritableTemporary(cause: NodeJS.ErrnoException): never {
  if (!DISK_ERRORS.test(cause.code ?? "")) throw cause;
  throw new SettingsError(
    `A fetched hour can't be stored in ${tmpdir()}: ${messageOf(cause)}. Free space there, or set TMPDIR to another folder`,
    { cause },
  );
}

/**
 * @throws SourceError if the response isn't a whole ZIP.
 * @throws SettingsError if the temporary folder can't store it.
 */
async function saveZip(zip: Readable, name: string): Promise<{ source: ExportSource; file: FileHandle }> {
  const file = await openTemporaryFile().catch(unwritableTemporary);
  try {
    await file.writeFile(zip).catch(unwritableTemporary);
    if ((await file.stat()).size === 0) throw new SourceError("the response is empty");
    return { source: await openExportHandle(file, name), file };
  } catch (error) {
    await file.close();
    throw error;
  }
}
