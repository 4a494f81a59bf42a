import { Command, Option } from "commander";
import { renderReport, writeReports } from "../../report/renderReport";
import { fileModeOption } from "../options/arguments";
import { inputName, readInput } from "../options/deployment";
import { withHelpText } from "../options/helpText";
import { print, printMessage, styled } from "../terminal/output";

interface ReportFlags {
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
  return withHelpText(command, HELP);
}

async function runReport(file: string, flags: ReportFlags): Promise<void> {
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

function formatFrom({ html, junit, markdown }: ReportFlags) {
  if (html) return "html";
  if (junit) return "junit";
  return markdown ? "markdown" : "text";
}
