import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Argument, Command } from "commander";
import { systemClock } from "../../common/clock";
import { messageOf, SettingsError } from "../../common/errors";
import type { FileLock } from "../../common/files";
import { DEFAULT_PROPAGATION_SECONDS, MAX_EVENTS } from "../../common/limits";
import type { Part } from "../../common/part";
import { alignedColumns, counted, jsonText, printable, printableLines } from "../../common/text";
import { oneLine } from "../../fleet/causes";
import { requirePulumi } from "../../fleet/pulumi";
import {
  type CustomerOutcome,
  type CustomerResult,
  type CustomerStep,
  type FleetCommand,
  type FleetReport,
  worstOutcome,
} from "../../fleet/report";
import {
  DEFAULT_RESULT_FOLDER,
  lastVerification,
  lockResults,
  notStarted,
  readResult,
  startRun,
  writeResult,
} from "../../fleet/results";
import { type Remaining, runSchedule } from "../../fleet/schedule";
import { type FleetProject, readFleetProject, selectStacks } from "../../fleet/stacks";
import { type StackStatus, stackStatus, unknownStatus } from "../../fleet/status";
import { EXIT_CODES } from "../exitCodes";
import type { CustomerTask } from "../fleet/customer";
import { forceCustomers, startCustomer } from "../fleet/process";
import { integer, withHelpText, withPartOption } from "../options/arguments";
import { outputsFrom } from "../options/deployment";
import { type FleetDisplay, fleetDisplay } from "../terminal/fleetDisplay";
import { interruption } from "../terminal/interruption";
import { print, publishReport } from "../terminal/output";
import { askConsent } from "../terminal/prompts";
import { runFleetReport } from "./fleetReport";

const COMMANDS = ["status", "preview", "up", "check", "verify", "drift", "report"] as const;
type Action = (typeof COMMANDS)[number];

interface FleetFlags {
  cwd: string;
  org?: string;
  only?: string[];
  part?: Part;
  output?: string;
  parallel?: number;
  maxFailures?: number;
  canary?: number;
  /** False with --no-verify. */
  verify: boolean;
  events?: number;
  propagation: number;
  clearLocks?: true;
  resume?: true;
  run?: string;
  yes?: true;
  report?: string;
  json?: true;
}

/** Memory that one customer needs: the CLI, the program, the AWS provider and this command's process. */
const CUSTOMER_MEMORY_BYTES = 1024 ** 3;
const CUSTOMERS_PER_CORE = 2;
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
    "The customers are the project's files Pulumi.NAME.yaml. up creates a stack that does not exist yet; for preview, it is a failure. One customer's failure stops no other one.",
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
    .option(
      "--only <glob>",
      "only the stacks that match, such as 'eu-*'; may be repeated",
      (glob: string, globs: string[] = []) => [...globs, glob],
    );
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
    .option(
      "--propagation <seconds>",
      "how long a new role or policy may take to propagate",
      integer(0, 3_600),
      DEFAULT_PROPAGATION_SECONDS,
    )
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
        action === "report" ? await runFleetReport(folders, flags) : await runFleet(action, folders, flags);
    });
  return withHelpText(command, HELP);
}

const RUNNING: readonly Action[] = ["preview", "up", "check", "verify", "drift"];
const LOOKING: readonly Action[] = ["status", ...RUNNING];

/** Commands that an option belongs to. The other options belong to all commands. */
const COMMANDS_OF_OPTIONS: Record<string, readonly Action[]> = {
  ...{ cwd: LOOKING, org: LOOKING, only: LOOKING, part: LOOKING, output: LOOKING, parallel: LOOKING },
  ...{ maxFailures: RUNNING, canary: RUNNING, resume: RUNNING, run: RUNNING },
  ...{ events: ["up", "verify"], propagation: ["up", "check", "verify"] },
  ...{ verify: ["up"], clearLocks: ["up"], yes: ["up"] },
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

async function runFleet(
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
  const fleet = new Fleet(project, await requirePulumi(project.folder), flags);
  return action === "status" ? fleet.status(stacks) : fleet.run(action, stacks);
}

class Fleet {
  readonly #results: string;
  #display: FleetDisplay | undefined;

  constructor(
    private readonly project: FleetProject,
    private readonly version: string,
    private readonly flags: FleetFlags,
  ) {
    this.#results = flags.report ?? join(project.folder, DEFAULT_RESULT_FOLDER);
  }

  async status(stacks: string[]): Promise<number> {
    const { folder } = this.project;
    const rows: StackStatus[] = [];
    const errors: unknown[] = [];
    const look = async (stack: string): Promise<CustomerOutcome> => {
      const options = {
        folder,
        reference: this.#reference(stack),
        results: this.#results,
        readOutputs: (stack: string) => outputsFrom({ stack, cwd: folder, ...this.#output() }),
      };
      const row = await stackStatus(stack, options).catch((error: unknown) => {
        errors.push(error);
        return unknownStatus(stack, error);
      });
      rows.push(row);
      return "succeeded";
    };
    const { signal } = new AbortController();
    const parallel = this.flags.parallel ?? CUSTOMERS_PER_CORE * availableParallelism();
    await runSchedule(stacks, look, { parallel, canary: 0, maxFailures: Infinity, signal });
    // The cause is then not a stack's, such as a backend that can't be reached.
    if (errors.length === stacks.length && errors.length > 0) throw errors[0];
    rows.sort((one, other) => (one.stack < other.stack ? -1 : 1));
    print(this.flags.json ? jsonText(rows) : statusText(rows));
    return rows.some(({ problem }) => problem !== null) ? EXIT_CODES.undecided : 0;
  }

  async run(command: FleetCommand, stacks: string[]): Promise<number> {
    const startedAt = systemClock.now();
    const { resume = false, yes, json, run = null, part } = this.flags;
    if (command === "up" && !yes) await confirmUp(stacks.length);
    const interrupt = interruption(() => {
      this.#display?.stop();
      forceCustomers();
    }, "the customers that run end in a clean state");
    let lock: FileLock | undefined;
    try {
      lock = lockResults(this.#results);
      const started = await startRun(this.#results, command, stacks, {
        resume,
        verify: command === "up" && this.flags.verify,
      });
      const customers = [
        ...started.finished,
        ...(await this.#customers(command, started.stacks, interrupt.signal)),
      ];
      const report: FleetReport = {
        ...{ fleetReportVersion: 1, command, project: this.project.name, run, findings: [] },
        outcome: worstOutcome(customers.map(({ outcome }) => outcome)),
        startedAt: new Date(startedAt).toISOString(),
        durationInSeconds: (systemClock.now() - startedAt) / 1000,
        parts: part === undefined ? [] : [part],
        customers: customers.sort((one, other) => (one.stack < other.stack ? -1 : 1)),
      };
      const { fleetText }: typeof import("../../report/fleet") = require("../../report/fleet");
      return await publishReport(report, { ...(json && { json }), report: this.#results }, fleetText);
    } finally {
      lock?.release();
      interrupt.release();
    }
  }

  /** Runs the customers, and those whose stack is locked once more if the user agrees to remove the locks. */
  async #customers(command: FleetCommand, stacks: string[], signal: AbortSignal): Promise<CustomerResult[]> {
    const { clearLocks = false } = this.flags;
    const results = await this.#attempt(command, stacks, { signal, clearLocks });
    const locked = results.filter(({ findings }) => findings.some(({ code }) => code === "stack-locked"));
    if (locked.length === 0 || clearLocks || signal.aborted) return results;
    const question = `${locked.map(({ stack, cause }) => `${stack}: ${cause}`).join("\n")}\nHave these updates ended? Remove the locks and run again?`;
    if (!(await askConsent(printableLines(question), signal))) return results;
    const names = locked.map(({ stack }) => stack);
    const others = results.filter((each) => !locked.includes(each));
    return [...others, ...(await this.#attempt(command, names, { signal, clearLocks: true }))];
  }

  async #attempt(
    command: FleetCommand,
    stacks: string[],
    { signal, clearLocks }: { signal: AbortSignal; clearLocks: boolean },
  ): Promise<CustomerResult[]> {
    const results: CustomerResult[] = [];
    const display = fleetDisplay(process.stderr, stacks.length);
    this.#display = display;
    signal.addEventListener("abort", () => display.keep(), { once: true });
    const run = async (stack: string) => {
      const onStep = (step: CustomerStep["name"]) => display.step(stack, step);
      const result = await this.#task(command, stack, clearLocks)
        .then((task) => startCustomer(task, { signal, onStep }))
        .catch((error) => unstartable(stack, command, error));
      results.push(result);
      display.done(result);
      return result.outcome;
    };
    try {
      const { canary = 0, maxFailures = Infinity, parallel = defaultParallel() } = this.flags;
      const remaining = await runSchedule(stacks, run, { parallel, canary, maxFailures, signal });
      return [...results, ...(await this.#notStarted(command, remaining))];
    } finally {
      display.stop();
    }
  }

  async #task(command: FleetCommand, stack: string, clearLocks: boolean): Promise<CustomerTask> {
    const { verify, events, propagation } = this.flags;
    return {
      ...{ command, stack, verify, events, clearLocks, propagationSeconds: propagation },
      ...{
        folder: this.project.folder,
        version: this.version,
        reference: this.#reference(stack),
        results: this.#results,
      },
      ...this.#output(),
      lastVerification: lastVerification(await readResult(this.#results, stack)),
    };
  }

  async #notStarted(command: FleetCommand, { stacks, reason }: Remaining): Promise<CustomerResult[]> {
    const results = stacks.map(async (stack) => {
      const last = (await readResult(this.#results, stack)) ?? notStarted(stack, command);
      const result = { ...last, cause: REASONS[reason ?? "interrupted"] };
      await writeResult(this.#results, result);
      return result;
    });
    return Promise.all(results);
  }

  #output(): { output?: string } {
    return this.flags.output === undefined ? {} : { output: this.flags.output };
  }

  #reference(stack: string): string {
    return this.flags.org === undefined ? stack : `${this.flags.org}/${stack}`;
  }
}

/** Returns the result of a customer whose process can't be started, or whose result can't be written. */
function unstartable(stack: string, command: FleetCommand, error: unknown): CustomerResult {
  return { ...notStarted(stack, command), outcome: "failed", cause: oneLine(messageOf(error)) };
}

const REASONS = {
  canary: "not started, because not every canary succeeded",
  "max-failures": "not started, because --max-failures was reached",
  interrupted: "not started, because the run was interrupted",
};

function defaultParallel(): number {
  const byMemory = Math.floor(process.availableMemory() / CUSTOMER_MEMORY_BYTES);
  return Math.max(1, Math.min(CUSTOMERS_PER_CORE * availableParallelism(), byMemory));
}

/** @throws SettingsError unless the user agrees on the terminal. */
async function confirmUp(count: number): Promise<void> {
  const question = `Bring up ${counted(count, "stack")}?`;
  if (await askConsent(question, new AbortController().signal)) return;
  throw new SettingsError(
    "Nothing was brought up. Run `fleet preview` to see the changes, and pass --yes to make them",
  );
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
