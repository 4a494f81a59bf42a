import { once } from "node:events";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { DeliveryError, reportText } from "../delivery";
import { EXIT_CODES, EXIT_USAGE } from "../delivery/cli/exitCodes";
import { progressDisplay } from "../delivery/cli/progressDisplay";
import { type LocalAws, startAws } from "./aws";
import { keepUp } from "./keepUp";
import { type Onboarding, onboard, SHIPPED_EXPORT } from "./onboarding";
import { makeRunFolder, removeRunFolder } from "./runFolder";

interface SandboxFlags {
  events?: number;
  export?: string;
  json?: true;
  keep?: true;
}

const DEFAULT_EVENTS = 1_000;

const DESCRIPTION = `Onboards a customer on this machine, without an AWS account: provisions the component into a local
AWS, tries out who may do what, streams events as Amplitude would, and accounts for every one.`;

/** Runs the command line; `root` is the one folder that is written to. */
export async function main(argv: string[], root: string): Promise<void> {
  const program = new Command("npm run sandbox --")
    .description(DESCRIPTION)
    .option(
      "--events <number>",
      `how many events to generate (default: ${DEFAULT_EVENTS} and the shipped export)`,
      eventCount,
    )
    .option("--export <file>", "stream this Amplitude export: .zip, .json.gz or .json")
    .option("--json", "print the result as one JSON document on standard output")
    .option("--keep", "stay up afterwards, and print the environment that reaches it")
    .showHelpAfterError()
    .exitOverride();
  try {
    program.parse(argv);
    process.exitCode = await runSandbox(program.opts<SandboxFlags>(), root);
  } catch (error) {
    process.exitCode = printError(error);
  }
}

function eventCount(text: string): number {
  const events = Number(text);
  if (/^\d+$/.test(text) && events >= 1 && events <= 1_000_000) return events;
  throw new InvalidArgumentError("It must be a whole number from 1 to 1000000.");
}

async function runSandbox(flags: SandboxFlags, root: string): Promise<number> {
  const folder = makeRunFolder(root);
  const interrupt = new AbortController();
  const ended = endOnSignals(interrupt, folder);
  let aws: LocalAws | undefined;
  try {
    aws = await startAws({ folder });
    say(`AWS on this machine: Kinesis, IAM and STS at ${aws.endpoint}`);
    const onboarding = await onboardCustomer(flags, aws, folder, interrupt.signal);
    printResult(flags, onboarding);
    if (flags.keep) await keepUp({ aws, folder, onboarding, interrupted: once(interrupt.signal, "abort") });
    return interrupt.signal.aborted && !flags.keep ? 130 : exitCodeOf(onboarding);
  } finally {
    ended.abort();
    await aws?.stop();
    removeRunFolder(folder);
  }
}

/** The first signal ends the run in order; a second one at once. */
function endOnSignals(interrupt: AbortController, folder: string): AbortController {
  const ended = new AbortController();
  const onSignal = () => {
    if (interrupt.signal.aborted) {
      removeRunFolder(folder);
      process.exit(130);
    }
    interrupt.abort();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, onSignal);
  ended.signal.addEventListener("abort", () => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeListener(name, onSignal);
  });
  return ended;
}

async function onboardCustomer(flags: SandboxFlags, aws: LocalAws, folder: string, signal: AbortSignal) {
  const display = progressDisplay(process.stderr);
  const chosen = flags.events !== undefined || flags.export !== undefined;
  try {
    return await onboard({
      aws,
      folder,
      events: flags.events ?? (chosen ? 0 : DEFAULT_EVENTS),
      exportFile: flags.export ?? (chosen ? undefined : SHIPPED_EXPORT),
      signal,
      onProvisioned: ({ engine }, seconds) =>
        say(
          `✓ provisioned by ${engine} in ${seconds.toFixed(1)} s: stream, role, write policy and its attachment`,
        ),
      onProof: ({ claim, holds, observed }) => say(holds ? `✓ ${claim}` : `✗ NOT SO: ${claim} (${observed})`),
      onProgress: (progress) => display.show(progress),
    });
  } finally {
    display.stop();
  }
}

function printResult({ json }: SandboxFlags, { provisioned, proofs, report }: Onboarding): void {
  const { readme, ...outputs } = provisioned.outputs;
  if (json) {
    const result = { verdict: report.verdict, engine: provisioned.engine, outputs, proofs, report };
    process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
    return;
  }
  process.stdout.write(`\n${reportText(report)}\n\nThe stack's readme:\n\n${readme}`);
}

function exitCodeOf({ proofs, report }: Onboarding): number {
  return proofs.every(({ holds }) => holds) ? EXIT_CODES[report.verdict] : 1;
}

function printError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  const isOwn = error instanceof DeliveryError;
  say(`sandbox: ${isOwn ? error.message : error instanceof Error ? error.stack : String(error)}`);
  return isOwn ? EXIT_USAGE : 1;
}

/** Everything but the result goes to standard error. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
