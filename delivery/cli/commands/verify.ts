import { Command, InvalidArgumentError, Option } from "commander";
import type { AwsOptions, MfaCode } from "../../aws/profile";
import { SettingsError } from "../../common/errors";
import { DEFAULT_TIMEOUT_SECONDS } from "../../common/limits";
import { RUN_ID } from "../../common/runId";
import type { ReportedRoute, Route } from "../../deployment/route";
import type { Progress } from "../../sending/deployment";
import {
  DEFAULT_AMPLITUDE_TIMEOUT_SECONDS,
  DEFAULT_EVENTS,
  MAX_AMPLITUDE_EVENTS,
} from "../../verify/amplitude/options";
import type { VerifyOptions } from "../../verify/options";
import type { DeliveryReport } from "../../verify/report";
import { defaultRunFolder, runFilePath } from "../../verify/resume/runFolder";
import { type AmplitudeFlags, checkRouteOptions, withAmplitudeOptions } from "../options/amplitude";
import { fileModeOption, integer } from "../options/arguments";
import {
  awsOptionsOf,
  type Deployment,
  type DeploymentFlags,
  deploymentOf,
  withDeploymentOptions,
} from "../options/deployment";
import { AWS_SETTINGS, withHelpText } from "../options/helpText";
import {
  partOptions,
  type SenderFlags,
  senderOptions,
  trustOptions,
  withPartOptions,
  withSenderOptions,
} from "../options/sender";
import {
  describeSource,
  openSource,
  parseSourceDescription,
  type SourceFlags,
  withSourceOptions,
} from "../options/source";
import { interruption } from "../terminal/interruption";
import { printReport } from "../terminal/output";
import { progressDisplay } from "../terminal/progressDisplay";
import { askSecret, mfaPrompt } from "../terminal/prompts";
import { writeReportFiles } from "../terminal/reportFiles";

interface VerifyFlags extends DeploymentFlags, SenderFlags, SourceFlags, AmplitudeFlags {
  route?: ReportedRoute;
  timeout?: number;
  /** False with --no-run-file. */
  runFile: boolean;
  runFolder?: string;
  resume?: string;
  json?: true;
  report?: string;
  fileMode?: number;
}

const HELP = {
  examples: [
    "amplitude-kinesis verify --stack acme",
    "pulumi stack output --json | amplitude-kinesis verify --outputs - --json",
    "amplitude-kinesis verify --role-arn arn:aws:iam::111122223333:role/amplitude \\\n      --region eu-central-1 --stream-name amplitude-events --export export.zip",
    "amplitude-kinesis verify --stack acme --rate 500 --duration 10m --report reports",
    "amplitude-kinesis verify --stack acme --rate 20000 --duration 10m --run load-7 --part 1/4 --report part-1",
    "amplitude-kinesis verify --stack acme --route amplitude --amplitude-zone EU",
  ],
  notes: [
    "Ctrl-C stops sending, reads back what was sent, and reports how to resume the run. A second Ctrl-C quits immediately.",
    "Exit status: 0 verified, 1 failed, 2 wrong usage, settings or credentials, 3 undecided, 4 verified but the files of --report could not be written, 130 ended by Ctrl-C while credentials were looked up, or by a second Ctrl-C.",
    AWS_SETTINGS,
  ],
};

export function verifyCommand(): Command {
  const command = withSenderOptions(withDeploymentOptions(new Command("verify")).addOption(routeOption()));
  withRunOptions(withAmplitudeOptions(withPartOptions(withSourceOptions(command))))
    .description("send events to a customer's stream, read them back, and account for every event")
    .option("--json", "print the report as one JSON document on standard output")
    .option(
      "--report <folder>",
      "also write report.html, report.xml (JUnit), report.md and report.json to this folder",
    )
    .addOption(fileModeOption())
    .action(async (flags: VerifyFlags) => {
      process.exitCode = await runVerify(flags);
    });
  return withHelpText(command, HELP);
}

function routeOption(): Option {
  return new Option(
    "--route <route>",
    `role: assume the customer's role, as Amplitude does; operator: write with your own credentials and let AWS simulate the role's permissions; amplitude: send ${DEFAULT_EVENTS} events (or --events) to Amplitude and wait until Amplitude writes them (default: role if you can assume it, otherwise operator)`,
  ).choices(["role", "operator", "amplitude"]);
}

function withRunOptions(command: Command): Command {
  return command
    .option(
      "--timeout <seconds>",
      `how long to wait for the next event after the last one (default: ${DEFAULT_TIMEOUT_SECONDS}); with --route amplitude, for all events (default: ${DEFAULT_AMPLITUDE_TIMEOUT_SECONDS})`,
      integer(1, 86_400),
    )
    .addOption(
      new Option("--resume <run>", "resume a run that was interrupted or ended undecided")
        .argParser(parseRunId)
        .conflicts(STORED_IN_RUN_FILE),
    )
    .option("--run-folder <folder>", `folder of the run files (default: ${defaultRunFolder()})`)
    .option("--no-run-file", "don't write a run file; the run can't be resumed");
}

/** Options that the file of a resumed run contains. */
const STORED_IN_RUN_FILE = [
  ...["stack", "outputs", "output", "roleArn", "region", "streamName"],
  ...["events", "seed", "export", "rate", "duration", "run"],
];

function parseRunId(text: string): string {
  if (RUN_ID.test(text)) return text;
  throw new InvalidArgumentError(
    "It must be the id of a run, 12 letters, digits, '-' or '_', as shown in its report.",
  );
}

/** The command's folders load the AWS SDK, which would slow down every other command's start. */
const domain = {
  verify: (): typeof import("../../verify") => require("../../verify"),
  amplitude: (): typeof import("../../verify/amplitude") => require("../../verify/amplitude"),
  runFile: (): typeof import("../../verify/resume/runFileFormat") =>
    require("../../verify/resume/runFileFormat"),
  reportFolder: (): typeof import("../../report/renderReport") => require("../../report/renderReport"),
  text: (): typeof import("../../report/text") => require("../../report/text"),
};

interface RunHooks {
  signal: AbortSignal;
  mfaCode: MfaCode | undefined;
  onProgress: (progress: Progress) => void;
}

async function runVerify(flags: VerifyFlags): Promise<number> {
  checkRouteOptions(flags, flags.route);
  const verify =
    flags.route === "amplitude"
      ? await throughAmplitude(flags, await deploymentOf(flags))
      : bySending(flags, flags.route, await runFrom(flags));
  // Fails before anything is sent if the folder isn't writable.
  if (flags.report !== undefined) await domain.reportFolder().prepareReportFolder(flags.report);
  const display = progressDisplay(process.stderr, "read back");
  const interrupt = interruption(() => display.stop(), "reading back what was sent");
  try {
    const report = await verify({
      signal: interrupt.signal,
      mfaCode: mfaPrompt(() => display.stop()),
      onProgress: (progress) => display.show({ ...progress, eventsDone: progress.eventsRead }),
    });
    display.stop();
    printReport(report, flags, domain.text().reportText);
    return await writeReportFiles(report, flags);
  } finally {
    display.stop();
    interrupt.release();
  }
}

type Run = AwsOptions &
  Pick<
    VerifyOptions,
    "outputs" | "source" | "sourceDescription" | "rate" | "runFolder" | "resume" | "part" | "runId"
  >;

function bySending(flags: VerifyFlags, route: Route | undefined, run: Run) {
  return (hooks: RunHooks) =>
    domain.verify().verifyDelivery({
      ...run,
      ...senderOptions(flags, route, hooks.signal),
      timeoutSeconds: flags.timeout,
      ...hooks,
    });
}

async function runFrom(flags: VerifyFlags): Promise<Run> {
  const runFolder = flags.runFile ? (flags.runFolder ?? defaultRunFolder()) : undefined;
  if (flags.resume !== undefined) return resumedRun(flags.resume, runFolder, flags);
  const part = partOptions(flags);
  const { outputs, aws } = await deploymentOf(flags);
  const sourceDescription = describeSource(flags, Date.now(), outputs.guardProjectIds?.[0]);
  const source = await openSource(sourceDescription);
  const { rate } = sourceDescription;
  return { ...aws, outputs, source, sourceDescription, rate, runFolder, ...part };
}

async function resumedRun(
  resume: string,
  runFolder: string | undefined,
  { part, profile }: Pick<VerifyFlags, "part" | "profile">,
): Promise<Run> {
  if (runFolder === undefined)
    throw new SettingsError("--resume requires the run file. Leave out --no-run-file");
  const { outputs, source } = await domain.runFile().readRunHeader(runFilePath(runFolder, resume, part));
  const description = parseSourceDescription(source);
  const aws = await awsOptionsOf({ ...description, profile });
  return {
    ...aws,
    outputs,
    source: await openSource(description),
    rate: description.rate,
    runFolder,
    resume,
    part,
  };
}

/** Asks for a missing API key first, so that no question interrupts the run. */
async function throughAmplitude(
  flags: VerifyFlags,
  { outputs, aws }: Deployment,
): Promise<(hooks: RunHooks) => Promise<DeliveryReport>> {
  if (flags.events !== undefined && flags.events > MAX_AMPLITUDE_EVENTS) {
    throw new SettingsError(
      `--events must be at most ${MAX_AMPLITUDE_EVENTS} with --route amplitude, because the project is charged per event`,
    );
  }
  const apiKey = await resolveApiKey(flags);
  return (hooks) =>
    domain.amplitude().verifyThroughAmplitude({
      outputs,
      apiKey,
      zone: flags.amplitudeZone,
      url: flags.amplitudeUrl,
      events: flags.events,
      eventTypes: flags.eventType,
      expectApp: flags.expectApp,
      identify: flags.identify,
      ...aws,
      ...trustOptions(flags),
      timeoutSeconds: flags.timeout,
      propagationSeconds: flags.propagation,
      ...hooks,
    });
}

async function resolveApiKey({ apiKey = process.env.AMPLITUDE_API_KEY ?? "" }: AmplitudeFlags) {
  if (apiKey !== "") return apiKey;
  const { stdin: input, stderr: output } = process;
  if (!input.isTTY || !output.isTTY) {
    throw new SettingsError(
      "--route amplitude requires the API key of the Amplitude project. Set AMPLITUDE_API_KEY, pass --api-key, or run it on a terminal to be asked for it",
    );
  }
  return askSecret({ question: "Amplitude API key (hidden): ", input, output });
}
