import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Argument, Command } from "commander";
import { SettingsError } from "../../common/errors";
import { DEFAULT_PROPAGATION_SECONDS, MAX_EVENTS } from "../../common/limits";
import { alignedColumns, jsonText, printable } from "../../common/text";
import { requirePulumi } from "../../fleet/pulumi";
import type { PartFolder } from "../../fleet/report";
import { DEFAULT_RESULT_FOLDER } from "../../fleet/results";
import {
  readFleetProject,
  type StackStatus,
  selectStacks,
  stackStatus,
  unknownStatus,
} from "../../fleet/stacks";
import {
  DEFAULT_READERS,
  type Fleet,
  type FleetFlags,
  inParallel,
  referenceOf,
  runFleet,
} from "../fleet/run";
import { collected, integer, withHelpText, withPartOption } from "../options/arguments";
import { outputsFrom, readInput } from "../options/deployment";
import { propagationOption } from "../options/sender";
import { EXIT_CODES, print, publishReport } from "../terminal/output";

const COMMANDS = ["status", "preview", "up", "check", "verify", "drift", "report"] as const;
type Action = (typeof COMMANDS)[number];

const MAX_PARALLEL = 256;

const HELP = {
  examples: [
    "amplitude-kinesis fleet status",
    "amplitude-kinesis fleet preview --only 'eu-*'",
    "amplitude-kinesis fleet up --canary 2 --max-failures 3 --yes",
    "amplitude-kinesis fleet up --resume --yes",
    "amplitude-kinesis fleet drift --part 1/4 --run 2026-11-28 --report parts/1",
    "amplitude-kinesis fleet report parts/1 parts/2 parts/3 parts/4 --report fleet-report",
  ],
  notes: [
    "status: account, last update, outputs and last verdict of every stack. preview: what up would change. up: bring the stacks up, wait until AWS knows the roles, check and verify them. check and verify: as the commands of these names. drift: what was changed by hand, from a refresh that changes nothing. report: merge the results of parts into one report, without Pulumi and AWS.",
    "The customers are the project's files Pulumi.NAME.yaml. up creates a stack that does not exist yet; for preview, it is a failure. One customer's failure doesn't stop the others.",
    "Ctrl-C ends what runs in a clean state and starts nothing else. A second Ctrl-C ends it at once.",
    "Exit status: 0 every customer succeeded, 1 one failed or drifted, 2 wrong usage or settings, 3 one is undecided, was interrupted or did not start, 130 ended by a second Ctrl-C.",
  ],
};

export function fleetCommand(): Command {
  const command = new Command("fleet")
    .description("run a command for every stack of a Pulumi project, one stack per customer")
    .addArgument(new Argument("<command>", "command to run for every stack").choices(COMMANDS))
    .argument("[dir...]", "with report: the parts' folders of results")
    .option("--cwd <folder>", "folder of the Pulumi project (default: the current folder)", ".")
    .option("--org <name>", "organization of the stacks (default: the user's default organization)")
    .option("--only <glob>", "only the stacks that match, such as 'eu-*'; may be repeated", collected);
  withPartOption(command, "the customers")
    .option("--output <name>", "output of each stack that is the destination (default: the only one)")
    .option(
      "--parallel <number>",
      "maximum number of customers at the same time (default: two per processor, and at most one per GiB of free memory)",
      integer(1, MAX_PARALLEL),
    )
    .option(
      "--max-failures <number>",
      "start no further customer after this number without success",
      integer(1, 1_000_000),
    )
    .option(
      "--canary <number>",
      "run this number of customers first, and the others only if all of them succeed",
      integer(1, 1_000_000),
    )
    .option("--no-verify", "with up: neither check nor verify the stacks")
    .option("--events <number>", "number of events per verification (default: 1000)", integer(1, MAX_EVENTS))
    .addOption(propagationOption(DEFAULT_PROPAGATION_SECONDS))
    .option("--clear-locks", "remove the locks of other updates, which must have ended")
    .option("--resume", "run only the customers whose last result of this command is not a success")
    .option("--run <id>", "id that joins the reports of several parts")
    .option("--yes", "bring the stacks up without asking")
    .option(
      "--report <folder>",
      `folder of the results, logs and reports (default: ${DEFAULT_RESULT_FOLDER} in the project's folder)`,
    )
    .option("--json", "print the result as one JSON document on standard output")
    .action(async (action: Action, folders: string[], flags: FleetFlags) => {
      rejectOtherOptions(command, action);
      process.exitCode =
        action === "report" ? await mergeParts(folders, flags) : await runForStacks(action, folders, flags);
    });
  return withHelpText(command, HELP);
}

const RUNNING: readonly Action[] = ["preview", "up", "check", "verify", "drift"];
const LOOKING: readonly Action[] = ["status", ...RUNNING];

/** Commands that an option belongs to. The other options belong to all commands. */
const COMMANDS_OF_OPTIONS: Record<string, readonly Action[]> = {
  cwd: LOOKING,
  org: LOOKING,
  only: LOOKING,
  part: LOOKING,
  output: LOOKING,
  parallel: LOOKING,
  maxFailures: RUNNING,
  canary: RUNNING,
  resume: RUNNING,
  run: RUNNING,
  events: ["up", "verify"],
  propagation: ["up", "check", "verify"],
  verify: ["up"],
  clearLocks: ["up"],
  yes: ["up"],
};

/** Rejects an option that the command would ignore. */
function rejectOtherOptions(command: Command, action: Action): void {
  for (const option of command.options) {
    const name = option.attributeName();
    const allowed = COMMANDS_OF_OPTIONS[name] ?? COMMANDS;
    if (command.getOptionValueSource(name) === "cli" && !allowed.includes(action))
      command.error(
        `error: option '${option.long}' can't be combined with ${action}, only with ${allowed.join(", ")}`,
      );
  }
}

async function runForStacks(
  action: Exclude<Action, "report">,
  folders: string[],
  flags: FleetFlags,
): Promise<number> {
  if (folders.length > 0) {
    throw new SettingsError(
      `fleet ${action} takes no folder, but ${folders.join(" ")} follows it. Select stacks with --only`,
    );
  }
  const project = await readFleetProject(flags.cwd);
  const stacks = selectStacks(project, flags);
  const version = await requirePulumi(project.folder);
  const fleet = {
    project,
    version,
    results: flags.report ?? join(project.folder, DEFAULT_RESULT_FOLDER),
    flags,
  };
  return action === "status" ? showStatus(fleet, stacks) : runFleet(fleet, action, stacks);
}

async function showStatus({ project: { folder }, results, flags }: Fleet, stacks: string[]): Promise<number> {
  const rows: StackStatus[] = [];
  const errors: unknown[] = [];
  const { output, parallel = DEFAULT_READERS } = flags;
  const addStatus = async (stack: string) => {
    const readOutputs = (stack: string) =>
      outputsFrom({ stack, cwd: folder, ...(output !== undefined && { output }) });
    const options = { folder, reference: referenceOf(flags, stack), results, readOutputs };
    const row = await stackStatus(stack, options).catch((error: unknown) => {
      errors.push(error);
      return unknownStatus(stack, error);
    });
    rows.push(row);
  };
  await inParallel(stacks, parallel, addStatus);
  // The cause is then not a stack's, such as a backend that can't be reached.
  if (errors.length === stacks.length && errors.length > 0) throw errors[0];
  rows.sort((one, other) => (one.stack < other.stack ? -1 : 1));
  print(flags.json ? jsonText(rows) : statusText(rows));
  return rows.some(({ problem }) => problem !== null) ? EXIT_CODES.undecided : 0;
}

function statusText(rows: StackStatus[]): string {
  const cells = rows.map((row) => [
    row.stack,
    row.accountId ?? "-",
    row.region ?? "-",
    row.lastUpdate === null
      ? "never"
      : `${row.lastUpdate.slice(0, 16).replace("T", " ")} ${row.kind} ${row.result}`,
    row.outputs?.streamName ?? "-",
    row.verdict === null ? "-" : `${row.verdict} ${row.verifiedAt?.slice(0, 16).replace("T", " ")}`,
  ]);
  const heads = ["customer", "account", "region", "last update (UTC)", "stream", "last verdict (UTC)"];
  const lines = alignedColumns([heads, ...cells.map((row) => row.map(printable))]);
  const problems = rows.flatMap(({ stack, problem }) =>
    problem === null ? [] : printable(`? ${stack}: ${problem}`),
  );
  return [...lines, ...(problems.length > 0 ? ["", ...problems] : [])].join("\n");
}

/**
 * Merges the results of a run's parts, prints the report, and writes it if `--report` names a folder.
 *
 * @param folders Report folders of the parts.
 * @returns The exit status of the worst customer.
 * @throws SettingsError if no part has finished, a folder is missing, or `--report` is a part's folder.
 * @throws ReportError if a report can't be read.
 */
async function mergeParts(folders: string[], flags: Pick<FleetFlags, "report" | "json">): Promise<number> {
  const { mergeFleets }: typeof import("../../fleet/report") = require("../../fleet/report");
  const { fleetText }: typeof import("../../report/fleet") = require("../../report/fleet");
  const base = resolve(flags.report ?? ".");
  if (flags.report !== undefined && folders.some((folder) => resolve(folder) === base)) {
    throw new SettingsError(
      `--report ${flags.report} is the folder of a part, whose report.json would be replaced. Name another folder`,
    );
  }
  const parts = await Promise.all(folders.map(readPart));
  if (parts.every(({ report }) => report === undefined)) {
    throw new SettingsError(
      folders.length === 0
        ? "fleet report needs the report folders of the parts, such as `fleet report parts/*`"
        : `No part has finished: there is no report.json in ${folders.join(", ")}. Name the folders of \`fleet\`'s --report`,
    );
  }
  const report = mergeFleets(parts, (folder, log) => relative(base, resolve(folder, log)));
  return publishReport(report, flags, fleetText);
}

async function readPart(folder: string): Promise<PartFolder> {
  const { parseFleetReport }: typeof import("../../report/parseReport") = require("../../report/parseReport");
  if (!existsSync(folder)) {
    throw new SettingsError(`There is no folder ${folder}. Name the report folder of each part`);
  }
  const file = join(folder, "report.json");
  return {
    folder,
    report: existsSync(file) ? parseFleetReport(await readInput(file), file) : undefined,
  };
}
