import { join, resolve } from "node:path";
import { messageOf, ReportError } from "../common/errors";
import { makeFolder, PRIVATE_MODE, probeFile, writeAtomically } from "../common/files";
import { redactSecrets } from "../common/redactSecrets";
import { jsonText } from "../common/text";
import type { FleetReport } from "../fleet/report";
import type { ReconcileReport } from "../reconcile/report";
import type { DeliveryReport } from "../verify/report";
import { reportText } from "./text";

/** `html`: one self-contained page. `junit`: XML for CI systems. `markdown`: for a pull request. */
export type ReportFormat = "html" | "junit" | "markdown" | "json" | "text";

/** Each renderer is loaded at its first use, so that a run without a report doesn't pay for it. `import()` needs a file extension. */
const html = (): typeof import("./html/htmlReport") => require("./html/htmlReport");
const junit = (): typeof import("./junit") => require("./junit");
const markdown = (): typeof import("./markdown") => require("./markdown");
const fleet = (): typeof import("./fleet") => require("./fleet");
const fleetPage = (): typeof import("./html/fleetPage") => require("./html/fleetPage");
const reconciliation = (): typeof import("./reconciliation") => require("./reconciliation");
const reconciliationPage = (): typeof import("./html/reconciliationPage") =>
  require("./html/reconciliationPage");

type Renderers<Report> = Record<ReportFormat, (report: Report) => string | Promise<string>>;

const RENDERERS: Renderers<DeliveryReport> = {
  html: (report) => html().htmlReport(report),
  junit: (report) => junit().junitReport(report),
  markdown: (report) => markdown().markdownReport(report),
  json: (report) => `${jsonText(report)}\n`,
  text: (report) => `${reportText(report)}\n`,
};

const RECONCILE_RENDERERS: Renderers<ReconcileReport> = {
  html: (report) => reconciliationPage().reconciliationHtml(report),
  junit: (report) => reconciliation().reconciliationJunit(report),
  markdown: (report) => reconciliation().reconciliationMarkdown(report),
  json: (report) => `${jsonText(report)}\n`,
  text: (report) => `${reconciliation().reconciliationText(report)}\n`,
};

const FLEET_RENDERERS: Renderers<FleetReport> = {
  html: (report) => fleetPage().fleetHtml(report),
  junit: (report) => fleet().fleetJunit(report),
  markdown: (report) => fleet().fleetMarkdown(report),
  json: (report) => `${jsonText(report)}\n`,
  text: (report) => `${fleet().fleetText(report)}\n`,
};

/** A report of `verifyDelivery` and `verifyThroughAmplitude`, of `reconcileDelivery`, or of a fleet. */
export type RenderedReport = DeliveryReport | ReconcileReport | FleetReport;

/**
 * Renders a report, with a line break at its end. Every format shows texts without control characters. `html`, `junit`
 * and `markdown` also escape them, and show only the last four digits of customers' accounts.
 */
export async function renderReport(report: RenderedReport, format: ReportFormat): Promise<string> {
  return redactSecrets(await rendered(report, format));
}

function rendered(report: RenderedReport, format: ReportFormat): string | Promise<string> {
  if ("fleetReportVersion" in report) return FLEET_RENDERERS[format](report);
  return "eventsExported" in report ? RECONCILE_RENDERERS[format](report) : RENDERERS[format](report);
}

/** The JSON report comes first, because the others can be rendered from it again. */
const FILES: [name: string, format: ReportFormat][] = [
  ["report.json", "json"],
  ["report.html", "html"],
  ["report.xml", "junit"],
  ["report.md", "markdown"],
];

/**
 * Creates the folder, and checks that files can be written to it.
 *
 * @throws ReportError if they can't.
 */
export async function prepareReportFolder(folder: string): Promise<void> {
  await withPath(folder, async () => {
    makeFolder(folder);
    await probeFile(join(folder, "report"));
  });
}

/**
 * Writes `report.json`, `report.html`, `report.xml` (JUnit) and `report.md`, and replaces existing files. Each file is
 * written completely or not at all.
 *
 * @param options.mode Permissions of the files (default: 0o600, because `report.json` names the role and its account).
 * @returns Paths of the files.
 * @throws ReportError if a file can't be written. The files before it remain.
 */
export async function writeReports(
  report: RenderedReport,
  folder: string,
  options: { mode?: number | undefined } = {},
): Promise<string[]> {
  const contents = await Promise.all(FILES.map(([, format]) => renderReport(report, format)));
  await prepareReportFolder(folder);
  const files = FILES.map(([name]) => join(folder, name));
  for (const [index, file] of files.entries()) {
    await withPath(file, () => writeAtomically(file, contents[index] ?? "", options.mode ?? PRIVATE_MODE));
  }
  return files;
}

async function withPath<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    throw new ReportError(`The report can't be written to ${resolve(path)}: ${reasonOf(cause)}`, { cause });
  }
}

const REASONS: Record<string, string> = {
  EACCES: "permission denied. Name a folder that you own, or change its permissions",
  EPERM: "permission denied. Name a folder that you own, or change its permissions",
  EROFS: "the file system is read-only. Name another folder",
  ENOSPC: "the disk is full. Free some space, or name a folder on another disk",
  EDQUOT: "your disk quota is used up. Free some space, or name a folder on another disk",
  ENOTDIR: "part of the path is a file. Name a folder",
  ENOENT: "no folder can be created there. Name another folder",
  EEXIST: "a file has that name. Name a folder",
  EISDIR: "a folder has that name. Move it away, or name another folder",
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? messageOf(error);
}
