import { renderToString } from "preact-render-to-string";
import type { DeliveryReport } from "../../verify/report";
import { presentable } from "../redactReport";
import { loadCharting } from "./charting";
import { Page } from "./page";

/** The report as one page, which runs no script and loads nothing; every value is escaped by the renderer. */
export async function htmlReport(report: DeliveryReport): Promise<string> {
  const charting = await loadCharting();
  return `<!doctype html>\n${renderToString(<Page report={presentable(report)} charting={charting} />)}\n`;
}
