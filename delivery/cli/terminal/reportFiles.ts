import { ReportError } from "../../common/errors";
import type { RenderedReport } from "../../report/renderReport";
import { EXIT_CODES, EXIT_UNWRITTEN } from "../exitCodes";
import { printMessage, printProblem } from "./output";

/** Renderers are loaded with their first use, because they would slow down every other command's start. */
const renderers = (): typeof import("../../report/renderReport") => require("../../report/renderReport");

/** Returns the verdict's exit status, or EXIT_UNWRITTEN if only the files of --report are missing. */
export async function writeReportFiles(
  report: RenderedReport,
  { report: folder, fileMode: mode }: { report?: string; fileMode?: number },
): Promise<number> {
  const result = "verdict" in report ? report.verdict : report.outcome;
  const status = EXIT_CODES[result];
  if (folder === undefined) return status;
  try {
    printMessage(`reports: ${(await renderers().writeReports(report, folder, { mode })).join(", ")}`);
    return status;
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    printProblem(`${error.message}. The printed verdict stands: ${result}`);
    return status === 0 ? EXIT_UNWRITTEN : status;
  }
}
