import { ReportError } from "../../common/errors";
import { writeReports } from "../../report/reportFolder";
import type { DeliveryReport } from "../../verify/report";
import { EXIT_CODES, EXIT_UNWRITTEN } from "../exitCodes";

/**
 * The exit status of a run whose report is printed: the verdict's, where the files of --report could be written too, and
 * else the one that hides no verdict.
 */
export async function finishReport(report: DeliveryReport, folder: string | undefined): Promise<number> {
  if (folder === undefined) return EXIT_CODES[report.verdict];
  try {
    process.stderr.write(`reports: ${(await writeReports(report, folder)).join(", ")}\n`);
    return EXIT_CODES[report.verdict];
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    process.stderr.write(
      `amplitude-kinesis: ${error.message}. The verdict stands as printed: ${report.verdict}\n`,
    );
    return report.verdict === "verified" ? EXIT_UNWRITTEN : EXIT_CODES[report.verdict];
  }
}
