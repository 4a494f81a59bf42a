import { once } from "node:events";
import { resolve } from "node:path";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { DeliveryError, reportText, writeReports } from "../delivery";
import { rejectEmptyValues } from "../delivery/cli/options/arguments";
import { EXIT_CODES, EXIT_USAGE } from "../delivery/cli/terminal/output";
import { progressDisplay } from "../delivery/cli/terminal/progressDisplay";
import { prepareReportFolder } from "../delivery/report/renderReport";
import { deliverPastHour } from "./amplitude/past";
import { type LocalAmplitude, startAmplitude } from "./amplitude/server";
import { type LocalAws, startAws } from "./aws";
import { GuardDemonstration } from "./guardDemonstration";
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
  report?: string;
  keep?: true;
}

const DEFAULT_EVENTS = 1_000;

const DESCRIPTION = `Onboards a customer on this machine, without an AWS account: provisions the component into a local
AWS, tests who can do what, streams events as Amplitude does, and accounts for every event.`;

/** Runs the command line. It writes only to the folder `root`, and to that of --report. An interruption ends the process. */
export async function main(argv: string[], root: string): Promise<void> {
  surviveReaders();
  const program = new Command("npm run sandbox --")
    .description(DESCRIPTION)
    .option(
      "--events <number>",
      `number of events to generate (default: ${DEFAULT_EVENTS} and the shipped export)`,
      eventCount,
    )
    .option("--export <file>", "stream this Amplitude export (.zip, .json.gz or .json)")
    .option("--json", "print the result as a JSON document on standard output")
    .option("--report <folder>", "also write the report as a page, and in other formats, to this folder")
    .option("--keep", "keep running afterwards, and print the environment variables for other shells")
    .showHelpAfterError("(npm run sandbox -- --help shows the options)")
    .exitOverride();
  try {
    rejectEmptyValues(program).parse(argv);
    const status = await runSandbox(program.opts<SandboxFlags>(), root);
    process.exitCode ||= status;
  } catch (error) {
    // Requests to the stopped AWS may still be in flight, and the SDK would retry them.
    if (error instanceof Interrupted) process.exit(error.status);
    process.exitCode = printError(error);
  }
}

/**
 * Ignores a reader or a terminal that closes early, because that isn't a failure of the run. Any other write error hides the
 * result from the reader, so the exit status becomes undecided.
 */
function surviveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE" || error.code === "EIO") return;
      process.exitCode = EXIT_CODES.undecided;
      if (stream === process.stdout) say(`sandbox: the result can't be written: ${error.message}`);
    });
  }
}

function eventCount(text: string): number {
  const events = Number(text);
  if (/^\d+$/.test(text) && events >= 1 && events <= 1_000_000) return events;
  throw new InvalidArgumentError("It must be an integer from 1 to 1000000.");
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
  const guard = flags.keep && new GuardDemonstration(say);
  try {
    if (flags.report !== undefined) await prepareReportFolder(flags.report);
    const source = await openEvents(chosenEvents(flags));
    aws = await startAws({ folder, signal, ...(guard && { onAlarm: guard.onAlarm }) });
    say(`local AWS: Kinesis, IAM and STS at ${aws.endpoint}`);
    const onboarding = await onboardCustomer({ aws, folder, source, signal, ...guard?.settings });
    printResult(flags, onboarding);
    if (flags.report !== undefined) {
      await writeReports(onboarding.report, flags.report);
      say(`page: ${resolve(flags.report, "report.html")}`);
    }
    if (guard) {
      const connected = await connectedAmplitude(aws, onboarding);
      amplitude = connected.amplitude;
      await guard.intrude(aws, onboarding.provisioned.outputs);
      await keepUp({ aws, ...connected, folder, onboarding, interrupted: once(signal, "abort") });
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

/** Shorter than the documented minute, to keep the demonstration short. */
const AMPLITUDE_P95_MS = 6_000;

/** Starts a stand-in for Amplitude and enters the stack's three values in its form. */
async function connectedAmplitude({ endpoint, principals }: LocalAws, { provisioned }: Onboarding) {
  const amplitude = await startAmplitude({
    aws: { endpoint, credentials: principals.amplitude },
    habits: { p95Ms: AMPLITUDE_P95_MS },
  });
  const { roleArn, region, streamName } = provisioned.outputs;
  const { check, destination } = await amplitude.connect({ roleArn, region, streamName });
  const claim = "Amplitude's permission check passes (iam:SimulatePrincipalPolicy, as the role)";
  say(check.allowed ? `✓ ${claim}` : `✗ failed: ${claim} (${check.reason})`);
  return { amplitude, past: await deliverPastHour(amplitude, destination) };
}

/** Chooses generated events and the shipped export by default. */
function chosenEvents(flags: SandboxFlags): ChosenEvents {
  const chosen = flags.events !== undefined || flags.export !== undefined;
  return {
    events: flags.events ?? (chosen ? 0 : DEFAULT_EVENTS),
    exportFile: flags.export ?? (chosen ? undefined : SHIPPED_EXPORT),
  };
}

type Customer = Pick<OnboardingOptions, "aws" | "folder" | "source" | "config" | "signal">;

async function onboardCustomer(customer: Customer): Promise<Onboarding> {
  const display = progressDisplay(process.stderr, "read back");
  try {
    return await onboard({
      ...customer,
      onProvisioned: ({ engine }, seconds) =>
        say(
          `✓ provisioned by ${engine} in ${seconds.toFixed(1)} s: stream, role, write policy and its attachment`,
        ),
      onProof: ({ claim, holds, observed }) => say(holds ? `✓ ${claim}` : `✗ failed: ${claim} (${observed})`),
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

/** Prints to standard error. Only the result goes to standard output. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
