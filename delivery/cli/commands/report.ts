import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { Command, Option } from "commander";
import { messageOf, ReportError } from "../../common/errors";
import { renderReport } from "../../report/renderReport";
import { writeReports } from "../../report/reportFolder";
import { withHelpText } from "../options/helpText";
import { decodeText } from "../options/stackOutputs";
import { styled } from "../terminal/styled";

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
    "Exit status: 0 written, whatever the report's verdict; 2 the file is not a report, or the folder can't be written to.",
    "In HTML, JUnit and Markdown the customer's account is masked but for its last four digits.",
  ],
};

export function reportCommand(): Command {
  const forms = [
    new Option("--html", "one page that needs nothing else").conflicts(["junit", "markdown", "dir"]),
    new Option("--junit", "JUnit XML, for CI systems").conflicts(["markdown", "dir"]),
    new Option("--markdown", "for a pull request or $GITHUB_STEP_SUMMARY").conflicts(["dir"]),
    new Option("--dir <folder>", "write report.html, report.xml, report.md and report.json there"),
  ];
  const command = new Command("report")
    .description("show what verify --json printed in another form; as text without an option")
    .argument("<file>", "the report; - is standard input")
    .action(runReport);
  for (const form of forms) command.addOption(form);
  return withHelpText(command, HELP);
}

/** Loaded when it is needed: the JSON Schema's validator would cost every other command its start. */
const reportParser = (): typeof import("../../report/parseReport") => require("../../report/parseReport");

async function runReport(file: string, flags: ReportFlags): Promise<void> {
  const text = await readReport(file);
  const report = reportParser().parseReport(text, file === "-" ? "standard input" : file);
  if (flags.dir !== undefined) {
    process.stderr.write(`${(await writeReports(report, flags.dir)).join("\n")}\n`);
    return;
  }
  const format = formatOf(flags);
  const rendered = await renderReport(report, format);
  process.stdout.write(format === "text" ? styled(rendered, process.stdout) : rendered);
}

function formatOf({ html, junit, markdown }: ReportFlags) {
  if (html) return "html";
  if (junit) return "junit";
  return markdown ? "markdown" : "text";
}

async function readReport(file: string): Promise<string> {
  if (file === "-") return decodeText(await buffer(process.stdin));
  try {
    return decodeText(await readFile(file));
  } catch (cause) {
    const reason = messageOf(cause);
    throw new ReportError(`${file} can't be read: ${reason}`, { cause });
  }
}
