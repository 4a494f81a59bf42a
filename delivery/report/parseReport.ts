import Ajv, { type ErrorObject, type ValidateFunction } from "ajv";
import { messageOf, ReportError } from "../common/errors";
import type { DeliveryReport } from "../verify/report";
import { latencyDistribution } from "./latencyDistribution";
import { REPORT_SCHEMA } from "./reportSchema";

let compiled: ValidateFunction<DeliveryReport> | undefined;

/**
 * A report that `amplitude-kinesis verify --json` printed.
 *
 * @param where it is from, for the error.
 * @throws ReportError naming the first field that is not as in a report.
 */
export function parseReport(text: string, where: string): DeliveryReport {
  const value = parseJson(text, where);
  compiled ??= new Ajv({ allowUnionTypes: true }).compile<DeliveryReport>(REPORT_SCHEMA);
  if (!compiled(value)) throw notAReport(where, problemOf(compiled.errors?.[0]));
  if (value.latencyHistogram !== null) checkHistogram(value.latencyHistogram, where);
  return value;
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw notAReport(where, `it is not JSON (${messageOf(cause)})`, cause);
  }
}

function checkHistogram(latencyHistogram: string, where: string): void {
  try {
    latencyDistribution(latencyHistogram);
  } catch (cause) {
    throw notAReport(where, `latencyHistogram is no HdrHistogram (${messageOf(cause)})`, cause);
  }
}

function problemOf(error: ErrorObject | undefined): string {
  const field = fieldOf(error?.instancePath ?? "");
  if (error?.keyword === "required") {
    return `${[field, error.params.missingProperty].filter((part) => part !== "").join(".")} is missing`;
  }
  if (field === "reportVersion") return "reportVersion is not 1, the one that this version reads";
  const allowed: unknown = error?.params.allowedValues;
  const values = Array.isArray(allowed) ? `: ${allowed.join(", ")}` : "";
  return `${field || "it"} ${error?.message ?? "is malformed"}${values}`;
}

/** `/timeline/buckets/3/sent` is `timeline.buckets[3].sent`. */
function fieldOf(instancePath: string): string {
  return instancePath
    .slice(1)
    .replace(/\/(\d+)(?=\/|$)/g, "[$1]")
    .replaceAll("/", ".");
}

function notAReport(where: string, problem: string, cause?: unknown): ReportError {
  return new ReportError(
    `${where} is not a report: ${problem}. Give what \`amplitude-kinesis verify --json\` printed, or the report.json of \`--report\``,
    { cause },
  );
}
