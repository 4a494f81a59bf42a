import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { Command, Option } from "commander";
import { messageOf, ReportError } from "../../common/errors";
import { renderReport, writeReports } from "../../report/renderReport";
import type { DeliveryReport } from "../../verify/report";
import { decodeText } from "../options/deployment";
import { withHelpText } from "../options/helpText";
import { print, printMessage, styled } from "../terminal/output";

interface ReportFlags {
  html?: true;
  junit?: true;
  markdown?: true;
  dir?: string;
}

const HELP = {
  examples: [
    "amplitude-kinesis verify --stack acme --json > run.json",
    "amplitude-kinesis report run.json --html > run.html",
    'amplitude-kinesis report run.json --markdown >> "$GITHUB_STEP_SUMMARY"',
    "amplitude-kinesis report run.json --dir reports",
  ],
  notes: [
    "Exit status: 0 the report was written, whatever its verdict; 2 the file is not a report, or the folder is not writable.",
    "HTML, JUnit and Markdown show only the last four digits of the customer's account.",
  ],
};

export function reportCommand(): Command {
  const forms = [
    new Option("--html", "print one self-contained HTML page").conflicts(["junit", "markdown", "dir"]),
    new Option("--junit", "print JUnit XML, for CI systems").conflicts(["markdown", "dir"]),
    new Option("--markdown", "print Markdown, for a pull request or $GITHUB_STEP_SUMMARY").conflicts(["dir"]),
    new Option("--dir <folder>", "write report.html, report.xml, report.md and report.json to this folder"),
  ];
  const command = new Command("report")
    .description("convert the JSON report of verify to another format (default: text)")
    .argument("<file>", "report that verify --json printed; - is standard input")
    .action(runReport);
  for (const form of forms) command.addOption(form);
  return withHelpText(command, HELP);
}

async function runReport(file: string, flags: ReportFlags): Promise<void> {
  const name = file === "-" ? "standard input" : file;
  const report = parseReport(await readReport(file), name);
  const format = formatFrom(flags);
  const rendered = await renderReport(report, format).catch((cause) => {
    throw notAReport(name, `it can't be rendered (${messageOf(cause)})`, cause);
  });
  if (flags.dir !== undefined) {
    printMessage(`reports: ${(await writeReports(report, flags.dir)).join(", ")}`);
    return;
  }
  print(format === "text" ? styled(rendered, process.stdout) : rendered);
}

function formatFrom({ html, junit, markdown, dir }: ReportFlags) {
  if (html || dir !== undefined) return "html";
  if (junit) return "junit";
  return markdown ? "markdown" : "text";
}

async function readReport(file: string): Promise<string> {
  if (file === "-") return decodeText(await buffer(process.stdin));
  try {
    return decodeText(await readFile(file));
  } catch (cause) {
    throw new ReportError(`${file} can't be read: ${messageOf(cause)}`, { cause });
  }
}

/** Fields that tell a report from another JSON document, by their type. */
const REQUIRED: Record<"string" | "number" | "object" | "array", (keyof DeliveryReport)[]> = {
  string: ["route", "roleArn", "region", "streamName", "runId", "startedAt"],
  number: ["durationInSeconds", "eventsSent", "eventsDelivered", "deliveryRate"],
  object: ["timeline", "proof", "environment"],
  array: ["shards", "findings"],
};

/**
 * Parses a report that `amplitude-kinesis verify --json` printed.
 *
 * @param name Name of the file, for the error.
 * @throws ReportError naming the first field that is wrong.
 */
export function parseReport(text: string, name: string): DeliveryReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw notAReport(name, `it is not JSON (${messageOf(cause)})`, cause);
  }
  if (typeOf(value) !== "object") throw notAReport(name, "it must be a JSON object");
  const report = value as Partial<DeliveryReport>;
  if (report.reportVersion !== 1)
    throw notAReport(
      name,
      "reportVersion" in report
        ? "reportVersion is not 1, the only version that this command can read"
        : "reportVersion is missing",
    );
  if (!["verified", "failed", "undecided"].includes(String(report.verdict)))
    throw notAReport(name, "verdict must be verified, failed or undecided");
  for (const [type, fields] of Object.entries(REQUIRED)) {
    const wrong = fields.find((field) => typeOf(report[field]) !== type);
    if (wrong !== undefined)
      throw notAReport(name, wrong in report ? `${wrong} must be of type ${type}` : `${wrong} is missing`);
  }
  return report as DeliveryReport;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function notAReport(name: string, problem: string, cause?: unknown): ReportError {
  return new ReportError(
    `${name} is not a report: ${problem}. Pass what \`amplitude-kinesis verify --json\` printed, or the report.json of \`--report\``,
    { cause },
  );
}
