import { Command, InvalidArgumentError, Option } from "commander";
import type { AwsOptions, MfaCode } from "../../aws/profile";
import { SettingsError } from "../../common/errors";
import { DEFAULT_TIMEOUT_SECONDS } from "../../common/limits";
import { RUN_ID } from "../../common/runId";
import type { ReportedRoute, Route } from "../../deployment/route";
import type { Progress } from "../../sending/deployment";
import type { VerifyOptions } from "../../verify";
import {
  DEFAULT_AMPLITUDE_TIMEOUT_SECONDS,
  DEFAULT_EVENTS,
  MAX_AMPLITUDE_EVENTS,
} from "../../verify/amplitude/options";
import type { DeliveryReport } from "../../verify/report";
import { defaultRunFolder, readRunHeader, runFilePath } from "../../verify/resume/runFile";
import { AWS_SETTINGS, integer, withHelpText, withReportOptions } from "../options/arguments";
import {
  awsOptionsOf,
  type Deployment,
  type DeploymentFlags,
  deploymentOf,
  withDeploymentOptions,
} from "../options/deployment";
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
import { publishReport, type ReportFlags } from "../terminal/output";
import { withProgress } from "../terminal/progressDisplay";
import { resolveSecret } from "../terminal/prompts";

interface VerifyFlags extends DeploymentFlags, SenderFlags, SourceFlags, AmplitudeFlags, ReportFlags {
  route?: ReportedRoute;
  timeout?: number;
  /** False with --no-run-file. */
  runFile: boolean;
  runFolder?: string;
  resume?: string;
}

/** Options that apply only to `--route amplitude`. */
interface AmplitudeFlags {
  apiKey?: string;
  amplitudeZone?: "US" | "EU";
  amplitudeUrl?: string;
  eventType?: string[];
  expectApp?: number;
  identify?: true;
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
  const deployment = withDeploymentOptions(new Command("verify"), "inspect the stream and the role");
  const command = withSenderOptions(deployment.addOption(routeOption())).description(
    "send events to a customer's stream, read them back, and account for every event",
  );
  withRunOptions(withAmplitudeOptions(withPartOptions(withSourceOptions(command))));
  withReportOptions(command).action(async (flags: VerifyFlags) => {
    checkRouteOptions(command, flags.route);
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

function withAmplitudeOptions(command: Command): Command {
  return command
    .option(
      "--api-key <key>",
      "with --route amplitude: API key of the Amplitude project; prefer AMPLITUDE_API_KEY, because other users of this machine can see the command line (default: AMPLITUDE_API_KEY, or a prompt on a terminal)",
    )
    .addOption(
      new Option(
        "--amplitude-zone <zone>",
        "with --route amplitude: data residency of the project (default: US)",
      ).choices(["US", "EU"]),
    )
    .option("--amplitude-url <url>", "with --route amplitude: another endpoint of Amplitude's HTTP V2 API")
    .option(
      "--event-type <name...>",
      "with --route amplitude: event types to send, such as those that the destination's filter selects",
    )
    .option(
      "--expect-app <id>",
      "with --route amplitude: id of the Amplitude project that the events must come from",
      integer(1, Number.MAX_SAFE_INTEGER),
    )
    .option(
      "--identify",
      "with --route amplitude: also send identify calls, and report whether they are forwarded",
    );
}

const AMPLITUDE_ONLY = ["apiKey", "amplitudeZone", "amplitudeUrl", "eventType", "expectApp", "identify"];
const NOT_AMPLITUDE = [
  "export",
  "seed",
  "rate",
  "duration",
  "concurrency",
  "resume",
  "part",
  "run",
  "senderProfile",
  "externalId",
];

/** @throws SettingsError if an option doesn't apply to the route. */
function checkRouteOptions(command: Command, route: string | undefined): void {
  const isAmplitude = route === "amplitude";
  const names = isAmplitude ? NOT_AMPLITUDE : AMPLITUDE_ONLY;
  const options = command.options.filter((option) => names.includes(option.attributeName()));
  const unsuitable = options
    .filter((option) => command.getOptionValue(option.attributeName()) !== undefined)
    .map(({ long }) => long)
    .join(", ");
  if (unsuitable === "") return;
  throw new SettingsError(
    isAmplitude
      ? `${unsuitable} can't be used with --route amplitude, which sends generated test events to Amplitude`
      : `${unsuitable} can be used only with --route amplitude`,
  );
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
  "stack",
  "outputs",
  "output",
  "roleArn",
  "region",
  "streamName",
  "events",
  "seed",
  "export",
  "rate",
  "duration",
  "run",
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
  reportFolder: (): typeof import("../../report/renderReport") => require("../../report/renderReport"),
  text: (): typeof import("../../report/text") => require("../../report/text"),
};

interface RunHooks {
  signal: AbortSignal;
  mfaCode: MfaCode | undefined;
  onProgress: (progress: Progress) => void;
}

async function runVerify(flags: VerifyFlags): Promise<number> {
  const verify =
    flags.route === "amplitude"
      ? await throughAmplitude(flags, await deploymentOf(flags))
      : bySending(flags, flags.route, await runFrom(flags));
  // Fails before anything is sent if the folder isn't writable.
  if (flags.report !== undefined) await domain.reportFolder().prepareReportFolder(flags.report);
  return withProgress(
    { done: "read back", remaining: "reading back what was sent" },
    async ({ signal, mfaCode, show, stop }) => {
      const report = await verify({
        signal,
        mfaCode,
        onProgress: (progress) => show({ ...progress, eventsDone: progress.eventsRead }),
      });
      stop();
      return publishReport(report, flags, domain.text().reportText);
    },
  );
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
  const { outputs, source } = await readRunHeader(runFilePath(runFolder, resume, part));
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

async function resolveApiKey({ apiKey }: AmplitudeFlags): Promise<string> {
  const key = apiKey ?? (await resolveSecret("AMPLITUDE_API_KEY", "Amplitude API key (hidden): "));
  if (key !== undefined) return key;
  throw new SettingsError(
    "--route amplitude requires the API key of the Amplitude project. Set AMPLITUDE_API_KEY, pass --api-key, or run it on a terminal to be asked for it",
  );
}
