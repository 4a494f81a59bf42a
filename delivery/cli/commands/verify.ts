import { Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_TIMEOUT_SECONDS } from "../../common/limits";
import type { ReportedRoute } from "../../deployment/route";
import { DEFAULT_AMPLITUDE_TIMEOUT_SECONDS, DEFAULT_EVENTS } from "../../verify/amplitude/options";
import { defaultRunFolder } from "../../verify/resume/runFolder";
import { type AmplitudeFlags, withAmplitudeOptions } from "../options/amplitude";
import { wholeNumber } from "../options/arguments";
import { type DeploymentFlags, withDeploymentOptions } from "../options/deployment";
import { AWS_SETTINGS, withHelpText } from "../options/helpText";
import { type SenderFlags, withSenderOptions } from "../options/sender";
import { type SourceFlags, withSourceOptions } from "../options/source";

/** What `verify` is given. */
export interface VerifyFlags extends DeploymentFlags, SenderFlags, SourceFlags, AmplitudeFlags {
  route?: ReportedRoute;
  timeout?: number;
  /** False with --no-run-file. */
  runFile: boolean;
  runFolder?: string;
  resume?: string;
  json?: true;
  report?: string;
}

const HELP = {
  examples: [
    "amplitude-kinesis verify --stack acme",
    "pulumi stack output --json | amplitude-kinesis verify --outputs - --json",
    "amplitude-kinesis verify --role-arn arn:aws:iam::111122223333:role/amplitude \\\n      --region eu-central-1 --stream-name amplitude-events --export export.zip",
    "amplitude-kinesis verify --stack acme --rate 500 --duration 10m --report reports",
    "amplitude-kinesis verify --stack acme --route amplitude --amplitude-zone EU",
  ],
  notes: [
    "Ctrl-C ends the sending; what was sent is still read, and the report says how to go on. A second one ends it at once.",
    "Exit status: 0 verified, 1 failed, 2 wrong usage, settings or credentials, 3 undecided, 4 verified, but the files of --report could not be written, 130 ended by a second Ctrl-C.",
    AWS_SETTINGS,
  ],
};

export function verifyCommand(): Command {
  const command = withSenderOptions(withDeploymentOptions(new Command("verify")).addOption(routeOption()));
  withRunOptions(withAmplitudeOptions(withSourceOptions(command)))
    .description("send events to a customer's stream, read them back, and account for every one")
    .option("--json", "print the report as one JSON document on standard output")
    .option("--report <folder>", "write report.html, report.xml (JUnit), report.md and report.json there too")
    .action(async (flags: VerifyFlags) => {
      // Loaded when it runs: the AWS SDK's clients would cost --help, and every other command, their start.
      const { runVerify }: typeof import("./runVerify") = require("./runVerify");
      process.exitCode = await runVerify(flags);
    });
  return withHelpText(command, HELP);
}

function routeOption(): Option {
  return new Option(
    "--route <route>",
    `role: assume the customer's role, as Amplitude does; operator: write with your own credentials and have AWS simulate the role's; amplitude: send ${DEFAULT_EVENTS} events, or --events, to Amplitude, and wait for what Amplitude writes (default: role where you can assume it, else operator)`,
  ).choices(["role", "operator", "amplitude"]);
}

function withRunOptions(command: Command): Command {
  return command
    .option(
      "--timeout <seconds>",
      `how long to wait for a further event after the last one (default: ${DEFAULT_TIMEOUT_SECONDS}); with --route amplitude, for all events (default: ${DEFAULT_AMPLITUDE_TIMEOUT_SECONDS})`,
      wholeNumber(1, 86_400),
    )
    .addOption(
      new Option("--resume <run>", "go on with a run that ended undecided, or whose process did")
        .argParser(runId)
        .conflicts(OF_A_NEW_RUN),
    )
    .option("--run-folder <folder>", `where runs are kept for that (default: ${defaultRunFolder()})`)
    .option("--no-run-file", "keep nothing for that");
}

/** What the file of a run that is gone on with says. */
const OF_A_NEW_RUN = [
  ...["stack", "outputs", "roleArn", "region", "streamName"],
  ...["events", "seed", "export", "rate", "duration"],
];

function runId(text: string): string {
  if (/^[\w-]{12}$/.test(text)) return text;
  throw new InvalidArgumentError(
    "It must be a run's id, 12 letters, digits, '-' or '_', as reports have it.",
  );
}
