import { Command, Option } from "commander";
import type { Route } from "../preflight/route";
import { sendEvents } from "../send/sendEvents";
import type { SendOutcome } from "../send/sendReport";
import { sendText } from "../send/text";
import { accountId, wholeNumber } from "./arguments";
import { askAboutLoad } from "./confirmLoad";
import { type DeploymentFlags, outputsOf, withDeploymentOptions } from "./deploymentOptions";
import { describedSource, openSource, type SourceFlags, withSourceOptions } from "./eventSource";
import { EXIT_CODES } from "./exitCodes";
import { interruption } from "./interruption";
import { progressDisplay } from "./progressDisplay";

interface SendFlags extends DeploymentFlags, SourceFlags {
  route?: Route;
  profile?: string;
  senderProfile?: string;
  externalId?: string;
  amplitudeExternalId?: string;
  amplitudePrincipal?: string[];
  amplitudeAccountId?: string;
  concurrency?: number;
  yes?: true;
  propagation: number;
  json?: true;
}

const STATUSES: Record<SendOutcome, number> = {
  sent: EXIT_CODES.verified,
  failed: EXIT_CODES.failed,
  undecided: EXIT_CODES.undecided,
};

const EXAMPLES = `
Examples:
  $ amplitude-kinesis send --stack acme --events 100000
  $ amplitude-kinesis send --stack acme --rate 50 --duration 10m
  $ amplitude-kinesis send --stack acme --export export.zip --json

Nothing is read back: verify does that. Ctrl-C waits for the requests under way.
Exit status: 0 every event was acknowledged, 1 some were refused, or the deployment takes none, 2 wrong usage or settings,
3 undecided: some got no clear answer, or were not sent.
AWS credentials and endpoints come from the AWS SDK's standard settings (AWS_PROFILE, AWS_ENDPOINT_URL, …).`;

export function sendCommand(): Command {
  return withSourceOptions(withDeploymentOptions(new Command("send")))
    .description("send events to a customer's stream, without reading them back")
    .addOption(
      new Option(
        "--route <route>",
        "role: assume the customer's role, as Amplitude does; operator: write with your own credentials (default: role where you can assume it, else operator)",
      ).choices(["role", "operator"]),
    )
    .option("--profile <name>", "AWS profile that looks at the stream and the role (default: AWS_PROFILE)")
    .option("--sender-profile <name>", "AWS profile that assumes the role (default: the same as --profile)")
    .option("--external-id <id>", "external id to assume the role with, where its trust policy demands one")
    .option("--amplitude-external-id <id>", "the external id that Amplitude has agreed to give")
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
      "--propagation <seconds>",
      "how long a new role or policy may take to take effect",
      wholeNumber(0, 3_600),
      90,
    )
    .option("--json", "print the result as one JSON document on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: SendFlags) => {
      process.exitCode = await runSend(flags);
    });
}

async function runSend(flags: SendFlags): Promise<number> {
  const outputs = await outputsOf(flags);
  const source = await openSource(describedSource(flags, Date.now()));
  const display = progressDisplay(process.stderr, "acknowledged");
  const interrupt = interruption(() => display.stop(), "requests under way are waited for");
  try {
    const report = await sendEvents({
      outputs,
      source,
      route: flags.route,
      profile: flags.profile,
      senderProfile: flags.senderProfile,
      externalId: flags.externalId,
      amplitudeExternalId: flags.amplitudeExternalId,
      amplitudePrincipalArns: flags.amplitudePrincipal,
      amplitudeAccountId: flags.amplitudeAccountId,
      rate: flags.rate,
      concurrency: flags.concurrency,
      capacityShare: flags.yes ? 1 : undefined,
      confirmLoad: flags.yes ? undefined : (load) => askAboutLoad(load, interrupt.signal),
      propagationSeconds: flags.propagation,
      signal: interrupt.signal,
      onProgress: (progress) => display.show({ ...progress, eventsDone: progress.eventsAcknowledged }),
    });
    display.stop();
    process.stdout.write(`${flags.json ? JSON.stringify(report, undefined, 2) : sendText(report)}\n`);
    return STATUSES[report.outcome];
  } finally {
    display.stop();
    interrupt.release();
  }
}
