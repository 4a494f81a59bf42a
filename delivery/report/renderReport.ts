import type { DeliveryReport } from "../verify/report";
import { reportText } from "./text";

/** `html`: one page that needs nothing else. `junit`: XML for CI systems. `markdown`: for a pull request. */
export type ReportFormat = "html" | "junit" | "markdown" | "json" | "text";

/** What each form needs is loaded with its first use (`import()` knows no path without an extension): a run without a report pays for none of it. */
const html = (): typeof import("./html/htmlReport") => require("./html/htmlReport");
const junit = (): typeof import("./junit") => require("./junit");
const markdown = (): typeof import("./markdown") => require("./markdown");

const RENDERERS: Record<ReportFormat, (report: DeliveryReport) => string | Promise<string>> = {
  html: (report) => html().htmlReport(report),
  junit: (report) => junit().junitReport(report),
  markdown: (report) => markdown().markdownReport(report),
  json: (report) => `${JSON.stringify(report, undefined, 2)}\n`,
  text: (report) => `${reportText(report)}\n`,
};

/**
 * The report in one of its forms, with a line break at its end. In `html`, `junit` and `markdown` every value is escaped
 * and customers' accounts are masked but for their last four digits; `json` and `text` are the report as it is.
 */
export async function renderReport(report: DeliveryReport, format: ReportFormat): Promise<string> {
  return RENDERERS[format](report);
}
