import { once } from "node:events";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { DeliveryError, reportText } from "../delivery";
import { EXIT_CODES, EXIT_USAGE } from "../delivery/cli/exitCodes";
import { progressDisplay } from "../delivery/cli/terminal/progressDisplay";
import { type LocalAmplitude, startAmplitude } from "./amplitude/server";
import { type LocalAws, startAws } from "./aws";
import { keepUp } from "./keepUp";
import {
  type ChosenEvents,
  type Onboarding,
  type OnboardingOptions,
  onboard,
  openEvents,
  SHIPPED_EXPORT,
} from "./onboarding";
import { Interrupted, Interruption } from "./process/interruption";
import { makeRunFolder, removeRunFolder, UnwritableFolderError } from "./process/runFolder";

interface SandboxFlags {
  events?: number;
  export?: string;
  json?: true;
  keep?: true;
}

const DEFAULT_EVENTS = 1_000;

const DESCRIPTION = `Onboards a customer on this machine, without an AWS account: provisions the component into a local
AWS, tries out who may do what, streams events as Amplitude would, and accounts for every one.`;

/** Runs the command line; `root` is the one folder that is written to. An interruption ends the process. */
export async function main(argv: string[], root: string): Promise<void> {
  endWithReaders();
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
    .showHelpAfterError("(npm run sandbox -- --help shows the options)")
    .exitOverride();
  try {
    program.parse(argv);
    process.exitCode = await runSandbox(program.opts<SandboxFlags>(), root);
  } catch (error) {
    // Requests to the AWS that is gone may still be under way, and would be tried again.
    if (error instanceof Interrupted) process.exit(error.status);
    process.exitCode = printError(error);
  }
}

/** Whoever reads the output may stop before its end, a terminal included: that is no failure of the run. */
function endWithReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
    });
  }
}

function eventCount(text: string): number {
  const events = Number(text);
  if (/^\d+$/.test(text) && events >= 1 && events <= 1_000_000) return events;
  throw new InvalidArgumentError("It must be a whole number from 1 to 1000000.");
}

async function runSandbox(flags: SandboxFlags, root: string): Promise<number> {
  const folder = makeRunFolder(root);
  const endAtOnce = (status: number) => {
    removeRunFolder(folder);
    process.exit(status);
  };
  const interruption = new Interruption({ endAtOnce });
  const { signal } = interruption;
  let aws: LocalAws | undefined;
  let amplitude: LocalAmplitude | undefined;
  try {
    const source = await openEvents(chosenEvents(flags));
    aws = await startAws({ folder, signal });
    say(`AWS on this machine: Kinesis, IAM and STS at ${aws.endpoint}`);
    const onboarding = await onboardCustomer({ aws, folder, source, signal });
    printResult(flags, onboarding);
    if (flags.keep) {
      amplitude = await connectedAmplitude(aws, onboarding);
      await keepUp({ aws, amplitude, folder, onboarding, interrupted: once(signal, "abort") });
    }
    return exitCodeOf(onboarding);
  } catch (error) {
    if (signal.aborted) say("sandbox: interrupted");
    throw signal.aborted ? signal.reason : error;
  } finally {
    await amplitude?.stop();
    await aws?.stop();
    removeRunFolder(folder);
    interruption.release();
  }
}

/** A demonstration need not wait for the documented minute. */
const AMPLITUDE_P95_MS = 6_000;

/** A stand-in for Amplitude with the stack's three values in its form. */
async function connectedAmplitude({ endpoint, principals }: LocalAws, { provisioned }: Onboarding) {
  const amplitude = await startAmplitude({
    aws: { endpoint, credentials: principals.amplitude },
    habits: { p95Ms: AMPLITUDE_P95_MS },
  });
  const { roleArn, region, streamName } = provisioned.outputs;
  const { check } = await amplitude.connect({ roleArn, region, streamName });
  const claim = "Amplitude's check of its permissions (iam:SimulatePrincipalPolicy, as the role) passes";
  say(check.allowed ? `✓ ${claim}` : `✗ NOT SO: ${claim} (${check.reason})`);
  return amplitude;
}

/** Where nothing is chosen, both kinds. */
function chosenEvents(flags: SandboxFlags): ChosenEvents {
  const chosen = flags.events !== undefined || flags.export !== undefined;
  return {
    events: flags.events ?? (chosen ? 0 : DEFAULT_EVENTS),
    exportFile: flags.export ?? (chosen ? undefined : SHIPPED_EXPORT),
  };
}

type Customer = Pick<OnboardingOptions, "aws" | "folder" | "source" | "signal">;

async function onboardCustomer(customer: Customer): Promise<Onboarding> {
  const display = progressDisplay(process.stderr, "read back");
  try {
    return await onboard({
      ...customer,
      onProvisioned: ({ engine }, seconds) =>
        say(
          `✓ provisioned by ${engine} in ${seconds.toFixed(1)} s: stream, role, write policy and its attachment`,
        ),
      onProof: ({ claim, holds, observed }) => say(holds ? `✓ ${claim}` : `✗ NOT SO: ${claim} (${observed})`),
      onProgress: (progress) => {
        if (!customer.signal.aborted) display.show({ ...progress, eventsDone: progress.eventsRead });
      },
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
  const isOwn = error instanceof DeliveryError || error instanceof UnwritableFolderError;
  say(`sandbox: ${isOwn ? error.message : error instanceof Error ? error.stack : String(error)}`);
  return isOwn ? EXIT_USAGE : 1;
}

/** Everything but the result goes to standard error. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
