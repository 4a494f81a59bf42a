import { createReadStream } from "node:fs";
import { buffer } from "node:stream/consumers";
import { Command, Option } from "commander";
import { renderReport, writeReports } from "../../report/renderReport";
import type { NamedReport } from "../../verify/mergeReports";
import { fileModeOption, withHelpText, withReportOptions } from "../options/arguments";
import { inputName, readInput } from "../options/deployment";
import { print, printMessage, publishReport, type ReportFlags, styled } from "../terminal/output";

interface ConvertFlags {
  html?: true;
  junit?: true;
  markdown?: true;
  dir?: string;
  fileMode?: number;
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
    "HTML, JUnit and Markdown show only the last four digits of customers' accounts.",
  ],
};

const MERGE_HELP = {
  examples: [
    "amplitude-kinesis report merge part-1/report.json part-2/report.json --report reports",
    "amplitude-kinesis report merge parts/*.json --json > run.json",
    "amplitude-kinesis report merge part-1.gz part-2.gz --report reports",
  ],
  notes: [
    "The counts are added up, the latencies and times become one distribution, and the worst verdict counts. A part without a report, with several, or of another run makes the run undecided, unless it has failed.",
    "Exit status: 0 verified or complete, 1 failed or incomplete, 2 a file is not of a part, 3 undecided, 4 verified or complete but the files of --report could not be written.",
  ],
};

export function reportCommand(): Command {
  const forms = [
    new Option("--html", "print one self-contained HTML page").conflicts(["junit", "markdown", "dir"]),
    new Option("--junit", "print JUnit XML, for CI systems").conflicts(["markdown", "dir"]),
    new Option("--markdown", "print Markdown, for a pull request or $GITHUB_STEP_SUMMARY").conflicts(["dir"]),
    new Option("--dir <folder>", "write report.html, report.xml, report.md and report.json to this folder"),
    fileModeOption(),
  ];
  const command = new Command("report")
    .description("convert the JSON report of verify or fleet to another format (default: text)")
    .argument("<file>", "report that --json printed; - is standard input")
    .action(runReport);
  for (const form of forms) command.addOption(form);
  command.addCommand(mergeCommand());
  return withHelpText(command, HELP);
}

function mergeCommand(): Command {
  const command = new Command("merge")
    .description("merge the reports of all parts of a run into the report of the run")
    .argument(
      "<files...>",
      "reports that verify --part printed with --json, or the report.json of --report; or the files of reconcile --part-file",
    );
  withReportOptions(command, "with merge: ").action(async (files: string[], flags: ReportFlags) => {
    process.exitCode = await runMerge(files, flags);
  });
  return withHelpText(command, MERGE_HELP);
}

async function runMerge(files: string[], flags: ReportFlags): Promise<number> {
  const { parseReport }: typeof import("../../report/parseReport") = require("../../report/parseReport");
  const { mergeReports }: typeof import("../../verify/mergeReports") = require("../../verify/mergeReports");
  if ((await Promise.all(files.map(isPartFile))).includes(true)) return mergeReconciled(files, flags);
  const { reportText }: typeof import("../../report/text") = require("../../report/text");
  const reports: NamedReport[] = [];
  for (const file of files) {
    const name = inputName(file);
    reports.push({ name, report: parseReport(await readInput(file), name) });
  }
  const report = mergeReports(reports);
  return publishReport(report, flags, reportText);
}

async function mergeReconciled(files: string[], flags: ReportFlags): Promise<number> {
  const {
    mergeReconciliations,
  }: typeof import("../../reconcile/mergeParts") = require("../../reconcile/mergeParts");
  const {
    reconciliationText,
  }: typeof import("../../report/reconciliation") = require("../../report/reconciliation");
  const report = await mergeReconciliations(files);
  return publishReport(report, flags, reconciliationText);
}

/** Source: RFC 1952, ID1 and ID2. */
const GZIP_START = Buffer.from([0x1f, 0x8b]);

/** Whether a file begins like gzip, which no JSON does. */
async function isPartFile(file: string): Promise<boolean> {
  if (file === "-") return false;
  // An unreadable file is reported when it is parsed. A `start` leaves a pipe unread, because a pipe has no positions.
  const start = await buffer(createReadStream(file, { start: 0, end: 1 })).catch(() => undefined);
  return start?.equals(GZIP_START) === true;
}

async function runReport(file: string, flags: ConvertFlags): Promise<void> {
  // Ajv would slow down every other command's start.
  const { parseAnyReport }: typeof import("../../report/parseReport") = require("../../report/parseReport");
  const report = parseAnyReport(await readInput(file), inputName(file));
  if (flags.dir !== undefined) {
    printMessage(`reports: ${(await writeReports(report, flags.dir, { mode: flags.fileMode })).join(", ")}`);
    return;
  }
  const format = formatFrom(flags);
  const rendered = await renderReport(report, format);
  print(format === "text" ? styled(rendered, process.stdout) : rendered);
}

function formatFrom({ html, junit, markdown }: ConvertFlags) {
  if (html) return "html";
  if (junit) return "junit";
  return markdown ? "markdown" : "text";
}
