import { Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_TIMEOUT_SECONDS } from "../amplitude/options";
import { SettingsError } from "../errors";
import type { ReportedRoute, Route } from "../preflight/route";
import { prepareReportFolder } from "../report/reportFolder";
import { reportText } from "../report/text";
import { readRunHeader } from "../runFile/readRunFile";
import { defaultRunFolder, runFilePath } from "../runFile/runFolder";
import type { VerifyOptions } from "../verifier/options";
import { verifyDelivery } from "../verifier/verifyDelivery";
import {
  type AmplitudeFlags,
  checkRouteOptions,
  type RunHooks,
  throughAmplitude,
  withAmplitudeOptions,
} from "./amplitudeRoute";
import { accountId, wholeNumber } from "./arguments";
import { askAboutLoad } from "./confirmLoad";
import { type DeploymentFlags, outputsOf, withDeploymentOptions } from "./deploymentOptions";
import {
  describedSource,
  openSource,
  type SourceFlags,
  sourceDescriptionIn,
  withSourceOptions,
} from "./eventSource";
import { interruption } from "./interruption";
import { progressDisplay } from "./progressDisplay";
import { finishReport } from "./reportFiles";

interface VerifyFlags extends DeploymentFlags, SourceFlags, AmplitudeFlags {
  route?: ReportedRoute;
  profile?: string;
  senderProfile?: string;
  externalId?: string;
  amplitudeExternalId?: string;
  amplitudePrincipal?: string[];
  amplitudeAccountId?: string;
  concurrency?: number;
  orderingKeys?: number;
  timeout?: number;
  propagation: number;
  yes?: true;
  /** False with --no-run-file. */
  runFile: boolean;
  runFolder?: string;
  resume?: string;
  json?: true;
  report?: string;
}

const EXAMPLES = `
Examples:
  $ amplitude-kinesis verify --stack acme
  $ pulumi stack output --json | amplitude-kinesis verify --outputs - --json
  $ amplitude-kinesis verify --role-arn arn:aws:iam::111122223333:role/amplitude \\
      --region eu-central-1 --stream-name amplitude-events --export export.zip
  $ amplitude-kinesis verify --stack acme --route amplitude --amplitude-zone EU

Exit status: 0 verified, 1 failed, 2 wrong usage or settings, 3 undecided,
4 verified, but the files of --report could not be written.
AWS credentials and endpoints come from the AWS SDK's standard settings (AWS_PROFILE, AWS_ENDPOINT_URL, …).`;

export function verifyCommand(): Command {
  return withAmplitudeOptions(withSourceOptions(withDeploymentOptions(new Command("verify"))))
    .description("send events to a customer's stream, read them back, and account for every one")
    .addOption(
      new Option(
        "--route <route>",
        "role: assume the customer's role, as Amplitude does; operator: write with your own credentials and have AWS simulate the role's; amplitude: send to Amplitude, and wait for what Amplitude writes (default: role where you can assume it, else operator)",
      ).choices(["role", "operator", "amplitude"]),
    )
    .option("--profile <name>", "AWS profile that reads the stream and the role (default: AWS_PROFILE)")
    .option("--sender-profile <name>", "AWS profile that assumes the role (default: the same as --profile)")
    .option("--external-id <id>", "external id to assume the role with, where its trust policy demands one")
    .option(
      "--amplitude-external-id <id>",
      "the external id that Amplitude has agreed to give (its form has no field for one)",
    )
    .option(
      "--amplitude-principal <arn...>",
      "what Amplitude is known to call as, where the trust policy names no whole account",
    )
    .option("--amplitude-account-id <id>", "Amplitude's AWS account, where it is not 358203115967", accountId)
    .option(
      "--concurrency <number>",
      "PutRecords requests under way at once (default: 1, more with --rate)",
      wholeNumber(1, 256),
    )
    .option("--yes", "use all of what the stream takes, without asking (default: half of it)")
    .option(
      "--ordering-keys <number>",
      "send the events in so many keys, each to one shard in order, and count those that come out of order",
      wholeNumber(1, 100_000),
    )
    .option(
      "--timeout <seconds>",
      `how long to wait for a further event after the last one (default: 120); with --route amplitude, for all events (default: ${DEFAULT_TIMEOUT_SECONDS})`,
      wholeNumber(1, 86_400),
    )
    .option(
      "--propagation <seconds>",
      "how long a new role or policy may take to take effect",
      wholeNumber(0, 3_600),
      90,
    )
    .addOption(
      new Option("--resume <run>", "go on with a run that ended undecided, or whose process did")
        .argParser(runId)
        .conflicts(OF_A_NEW_RUN),
    )
    .option("--run-folder <folder>", `where runs are kept for that (default: ${defaultRunFolder()})`)
    .option("--no-run-file", "keep nothing for that")
    .option("--json", "print the report as one JSON document on standard output")
    .option("--report <folder>", "write report.html, report.xml (JUnit), report.md and report.json there too")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: VerifyFlags) => {
      process.exitCode = await runVerify(flags);
    });
}

/** What the file of a run that is gone on with says. */
const OF_A_NEW_RUN = [
  ...["stack", "outputs", "roleArn", "region", "streamName"],
  ...["events", "seed", "export", "rate", "duration", "orderingKeys"],
];

async function runVerify(flags: VerifyFlags): Promise<number> {
  checkRouteOptions(flags, flags.route);
  const verify =
    flags.route === "amplitude"
      ? await throughAmplitude(flags, await outputsOf(flags))
      : bySending(flags, flags.route, await runOf(flags));
  // Before anything is sent: a folder that can't be written to is found out while it costs nothing.
  if (flags.report !== undefined) await prepareReportFolder(flags.report);
  const display = progressDisplay(process.stderr, "read back");
  const interrupt = interruption(() => display.stop(), "what was sent is still read");
  try {
    const report = await verify({
      signal: interrupt.signal,
      onProgress: (progress) => display.show({ ...progress, eventsDone: progress.eventsRead }),
    });
    display.stop();
    process.stdout.write(`${flags.json ? JSON.stringify(report, undefined, 2) : reportText(report)}\n`);
    return await finishReport(report, flags.report);
  } finally {
    display.stop();
    interrupt.release();
  }
}

function bySending(flags: VerifyFlags, route: Route | undefined, run: Run) {
  return (hooks: RunHooks) =>
    verifyDelivery({
      ...run,
      route,
      profile: flags.profile,
      senderProfile: flags.senderProfile,
      externalId: flags.externalId,
      amplitudeExternalId: flags.amplitudeExternalId,
      amplitudePrincipalArns: flags.amplitudePrincipal,
      amplitudeAccountId: flags.amplitudeAccountId,
      concurrency: flags.concurrency,
      capacityShare: flags.yes ? 1 : undefined,
      confirmLoad: flags.yes ? undefined : (load) => askAboutLoad(load, hooks.signal),
      timeoutSeconds: flags.timeout,
      propagationSeconds: flags.propagation,
      ...hooks,
    });
}

type Run = Pick<
  VerifyOptions,
  "outputs" | "source" | "sourceDescription" | "rate" | "orderingKeys" | "runFolder" | "resume"
>;

async function runOf(flags: VerifyFlags): Promise<Run> {
  const runFolder = flags.runFile ? (flags.runFolder ?? defaultRunFolder()) : undefined;
  if (flags.resume !== undefined) return resumedRun(flags.resume, runFolder);
  const outputs = await outputsOf(flags);
  const sourceDescription = describedSource(flags, Date.now());
  const source = await openSource(sourceDescription);
  const { rate, orderingKeys } = flags;
  return { outputs, source, sourceDescription, rate, orderingKeys, runFolder };
}

async function resumedRun(resume: string, runFolder: string | undefined): Promise<Run> {
  if (runFolder === undefined)
    throw new SettingsError("--resume goes by the run's file: leave out --no-run-file");
  const { outputs, source } = await readRunHeader(runFilePath(runFolder, resume));
  const description = sourceDescriptionIn(source);
  return { outputs, source: await openSource(description), rate: description.rate, runFolder, resume };
}

function runId(text: string): string {
  if (/^[\w-]{12}$/.test(text)) return text;
  throw new InvalidArgumentError(
    "It must be a run's id, 12 letters, digits, '-' or '_', as reports have it.",
  );
}
