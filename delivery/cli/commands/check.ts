import { Command } from "commander";
import { AWS_SETTINGS, withHelpText } from "../options/arguments";
import { type DeploymentFlags, deploymentOf, withDeploymentOptions } from "../options/deployment";
import { propagationOption, type TrustFlags, trustOptions, withTrustOptions } from "../options/sender";
import { EXIT_CODES, printReport } from "../terminal/output";
import { withProgress } from "../terminal/progressDisplay";

interface CheckFlags extends DeploymentFlags, TrustFlags {
  testPrincipal?: string[];
  propagation: number;
  json?: true;
}

const HELP = {
  examples: [
    "amplitude-kinesis check --stack acme",
    "amplitude-kinesis check --stack acme --propagation 90    # right after the first `pulumi up`",
    "amplitude-kinesis check --role-arn arn:aws:iam::111122223333:role/amplitude \\\n      --region eu-central-1 --stream-name amplitude-events --profile acme --json",
  ],
  notes: [
    "Nothing is written to AWS. To print the permissions that it needs, run amplitude-kinesis operator-policy --for check",
    "Exit status: 0 nothing prevents delivery, 1 something prevents delivery, 2 wrong usage, settings or credentials, 3 undecided, 130 ended by Ctrl-C.",
    AWS_SETTINGS,
  ],
};

export function checkCommand(): Command {
  const command = withDeploymentOptions(new Command("check"), "inspect the stream and the role")
    .description("compare the deployment with what Amplitude needs, without writing anything")
    .option(
      "--test-principal <arn...>",
      "principals besides Amplitude that may be trusted, to test delivery",
    );
  withTrustOptions(command)
    .addOption(propagationOption(0))
    .option("--json", "print the report as one JSON document on standard output")
    .action(async (flags: CheckFlags) => {
      process.exitCode = await runCheck(flags);
    });
  return withHelpText(command, HELP);
}

async function runCheck(flags: CheckFlags): Promise<number> {
  // The command's folder loads the AWS SDK, which would slow down every other command's start.
  const { checkDeployment }: typeof import("../../check") = require("../../check");
  const { checkText }: typeof import("../../check/report") = require("../../check/report");
  const { outputs, aws } = await deploymentOf(flags);
  return withProgress({}, async ({ signal, mfaCode, show, stop }) => {
    const report = await checkDeployment({
      outputs,
      ...aws,
      mfaCode,
      testPrincipalArns: flags.testPrincipal,
      ...trustOptions(flags),
      propagationSeconds: flags.propagation,
      signal,
      onStep: (step) => show({ step }),
    });
    stop();
    printReport(report, flags, checkText);
    return EXIT_CODES[report.verdict];
  });
}
