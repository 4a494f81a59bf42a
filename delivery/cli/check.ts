import { Command } from "commander";
import { checkDeployment } from "../check/checkDeployment";
import { checkText } from "../check/text";
import { resolveOutputs } from "../settings";
import { accountId, wholeNumber } from "./arguments";
import {
  type DeploymentFlags,
  furtherOutputsOf,
  originsOf,
  withDeploymentOptions,
} from "./deploymentOptions";
import { EXIT_CODES } from "./exitCodes";
import { stepDisplay } from "./stepDisplay";
import { styled } from "./styled";
import { untilInterrupted } from "./untilInterrupted";

interface CheckFlags extends DeploymentFlags {
  profile?: string;
  testPrincipal?: string[];
  amplitudeExternalId?: string;
  amplitudePrincipal?: string[];
  amplitudeAccountId?: string;
  propagation: number;
  json?: true;
}

const EXAMPLES = `
Examples:
  $ amplitude-kinesis check --stack acme
  $ amplitude-kinesis check --outputs outputs.json --json
  $ amplitude-kinesis check --role-arn arn:aws:iam::111122223333:role/amplitude \\
      --region eu-central-1 --stream-name amplitude-events --profile acme

Exit status: 0 nothing stops delivery, 1 something does, 2 wrong usage, settings or credentials,
3 it could not be found out, 130 ended by Ctrl-C. Nothing is written to AWS.
What it needs to be allowed: amplitude-kinesis operator-policy --for check`;

export function checkCommand(): Command {
  return withDeploymentOptions(new Command("check"))
    .description("compare what is deployed with what Amplitude needs, without writing anything")
    .option("--profile <name>", "AWS profile that reads the deployment (default: AWS_PROFILE)")
    .option("--test-principal <arn...>", "who is meant to be trusted beside Amplitude, to test delivery")
    .option("--amplitude-external-id <id>", "the external id that Amplitude has agreed to give")
    .option("--amplitude-principal <arn...>", "what Amplitude is known to call as")
    .option("--amplitude-account-id <id>", "Amplitude's AWS account, where it is not 358203115967", accountId)
    .option(
      "--propagation <seconds>",
      "how long what is new may take to take effect; after a first `pulumi up`, 90",
      wholeNumber(0, 3_600),
      0,
    )
    .option("--json", "print the report as one JSON document on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: CheckFlags) => {
      process.exitCode = await runCheck(flags);
    });
}

async function runCheck(flags: CheckFlags): Promise<number> {
  const origins = await originsOf(flags);
  const outputs = { ...furtherOutputsOf(origins), ...resolveOutputs(origins) };
  const display = stepDisplay(process.stderr);
  try {
    const report = await untilInterrupted((signal) =>
      checkDeployment({
        outputs,
        profile: flags.profile,
        testPrincipalArns: flags.testPrincipal,
        amplitudeExternalId: flags.amplitudeExternalId,
        amplitudePrincipalArns: flags.amplitudePrincipal,
        amplitudeAccountId: flags.amplitudeAccountId,
        propagationSeconds: flags.propagation,
        signal,
        onStep: (step) => display.show(step),
      }),
    );
    display.stop();
    const text = flags.json
      ? JSON.stringify(report, undefined, 2)
      : styled(checkText(report), process.stdout);
    process.stdout.write(`${text}\n`);
    return EXIT_CODES[report.verdict];
  } finally {
    display.stop();
  }
}
