import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { messageOf, ReportError } from "../common/errors";
import type { DeliveryReport } from "../verify/report";
import { type ReportFormat, renderReport } from "./renderReport";

/** The raw report first: it is what the others can be made of again. */
const FILES: [name: string, format: ReportFormat][] = [
  ["report.json", "json"],
  ["report.html", "html"],
  ["report.xml", "junit"],
  ["report.md", "markdown"],
];

/**
 * Makes the folder, and tries whether files can be written to it.
 *
 * @throws ReportError where they can't.
 */
export async function prepareReportFolder(folder: string): Promise<void> {
  await naming(folder, async () => {
    await mkdir(folder, { recursive: true });
    const probe = temporaryName(join(folder, "report"));
    await (await open(probe, "wx")).close();
    await rm(probe);
  });
}

/**
 * Writes `report.json`, `report.html`, `report.xml` (JUnit) and `report.md`, each whole or not at all; what stood there
 * under these names is replaced.
 *
 * @returns the files' paths.
 * @throws ReportError where one can't be written; those before it stand.
 */
export async function writeReports(report: DeliveryReport, folder: string): Promise<string[]> {
  await prepareReportFolder(folder);
  const written: string[] = [];
  for (const [name, format] of FILES) {
    const file = join(folder, name);
    const content = await renderReport(report, format);
    await naming(file, () => writeWhole(file, content));
    written.push(file);
  }
  return written;
}

/** A reader sees the old file or the new one, and a full disk leaves the old one. */
async function writeWhole(file: string, content: string): Promise<void> {
  const temporary = temporaryName(file);
  try {
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function temporaryName(file: string): string {
  return `${file}.${randomBytes(6).toString("hex")}.tmp`;
}

async function naming<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw new ReportError(`The report can't be written to ${resolve(path)}: ${reasonOf(cause)}`, { cause });
  }
}

const REASONS: Record<string, string> = {
  EACCES: "permission denied. Name a folder of your own, or change its permissions",
  EPERM: "permission denied. Name a folder of your own, or change its permissions",
  EROFS: "the file system is read-only. Name another folder",
  ENOSPC: "the disk is full. Free some space, or name a folder on another disk",
  EDQUOT: "your quota of the disk is used up. Free some space, or name a folder on another disk",
  ENOTDIR: "a part of that path is a file. Name a folder",
  EEXIST: "there is a file of that name. Name a folder",
  EISDIR: "there is a folder of that name. Move it away, or name another folder",
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? messageOf(error);
}
