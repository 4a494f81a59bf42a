import { Command, Option } from "commander";
import type { Route } from "../preflight/route";
import { prepareReportFolder } from "../report/reportFolder";
import { reportText } from "../report/text";
import { generateEvents, openExport } from "../sources";
import { verifyDelivery } from "../verifier/verifyDelivery";
import { accountId, wholeNumber } from "./arguments";
import { type DeploymentFlags, outputsOf, withDeploymentOptions } from "./deploymentOptions";
import { progressDisplay } from "./progressDisplay";
import { finishReport } from "./reportFiles";

interface VerifyFlags extends DeploymentFlags {
  events?: number;
  seed?: string;
  export?: string;
  route?: Route;
  profile?: string;
  senderProfile?: string;
  externalId?: string;
  amplitudeExternalId?: string;
  amplitudePrincipal?: string[];
  amplitudeAccountId?: string;
  concurrency: number;
  timeout: number;
  propagation: number;
  json?: true;
  report?: string;
}

const DEFAULT_EVENTS = 1_000;

const EXAMPLES = `
Examples:
  $ amplitude-kinesis verify --stack acme
  $ pulumi stack output --json | amplitude-kinesis verify --outputs - --json
  $ amplitude-kinesis verify --role-arn arn:aws:iam::111122223333:role/amplitude \\
      --region eu-central-1 --stream-name amplitude-events --export export.zip

Exit status: 0 verified, 1 failed, 2 wrong usage or settings, 3 undecided,
4 verified, but the files of --report could not be written.
AWS credentials and endpoints come from the AWS SDK's standard settings (AWS_PROFILE, AWS_ENDPOINT_URL, …).`;

export function verifyCommand(): Command {
  return withDeploymentOptions(new Command("verify"))
    .description("send events to a customer's stream, read them back, and account for every one")
    .addOption(
      new Option("--events <number>", `how many events to generate (default: ${DEFAULT_EVENTS})`)
        .argParser(wholeNumber(1, 1_000_000_000))
        .conflicts("export"),
    )
    .addOption(new Option("--seed <seed>", "generate the same events again").conflicts("export"))
    .option("--export <file>", "send the events of an Amplitude export instead: .zip, .json.gz or .json")
    .addOption(
      new Option(
        "--route <route>",
        "role: assume the customer's role, as Amplitude does; operator: write with your own credentials and have AWS simulate the role's (default: role where you can assume it, else operator)",
      ).choices(["role", "operator"]),
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
    .option("--concurrency <number>", "PutRecords requests under way at once", wholeNumber(1, 256), 1)
    .option(
      "--timeout <seconds>",
      "how long to wait for events after the last one was sent",
      wholeNumber(1, 86_400),
      120,
    )
    .option(
      "--propagation <seconds>",
      "how long a new role or policy may take to take effect",
      wholeNumber(0, 3_600),
      90,
    )
    .option("--json", "print the report as one JSON document on standard output")
    .option("--report <folder>", "write report.html, report.xml (JUnit), report.md and report.json there too")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: VerifyFlags) => {
      process.exitCode = await runVerify(flags);
    });
}

async function runVerify(flags: VerifyFlags): Promise<number> {
  const outputs = await outputsOf(flags);
  // Before anything is sent: a folder that can't be written to is found out while it costs nothing.
  if (flags.report !== undefined) await prepareReportFolder(flags.report);
  const source = flags.export === undefined ? generated(flags) : await openExport(flags.export);
  const display = progressDisplay(process.stderr);
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once("SIGINT", onInterrupt).once("SIGTERM", onInterrupt);
  try {
    const report = await verifyDelivery({
      outputs,
      source,
      route: flags.route,
      profile: flags.profile,
      senderProfile: flags.senderProfile,
      externalId: flags.externalId,
      amplitudeExternalId: flags.amplitudeExternalId,
      amplitudePrincipalArns: flags.amplitudePrincipal,
      amplitudeAccountId: flags.amplitudeAccountId,
      concurrency: flags.concurrency,
      timeoutSeconds: flags.timeout,
      propagationSeconds: flags.propagation,
      signal: interrupt.signal,
      onProgress: (progress) => display.show(progress),
    });
    display.stop();
    process.stdout.write(`${flags.json ? JSON.stringify(report, undefined, 2) : reportText(report)}\n`);
    return await finishReport(report, flags.report);
  } finally {
    display.stop();
    process.removeListener("SIGINT", onInterrupt).removeListener("SIGTERM", onInterrupt);
  }
}

function generated({ events = DEFAULT_EVENTS, seed }: VerifyFlags) {
  return generateEvents(seed === undefined ? { events } : { events, seed });
}
