import { Command } from "commander";
import { type DeploymentFlags, withDeploymentOptions } from "../options/deployment";
import { AWS_SETTINGS, withHelpText } from "../options/helpText";
import { propagationOption } from "../options/sender";
import { type TrustFlags, withTrustOptions } from "../options/trust";

/** What `check` is given. */
export interface CheckFlags extends DeploymentFlags, TrustFlags {
  profile?: string;
  testPrincipal?: string[];
  propagation: number;
  json?: true;
}

const HELP = {
  examples: [
    "amplitude-kinesis check --stack acme",
    "amplitude-kinesis check --stack acme --propagation 90    # right after a first `pulumi up`",
    "amplitude-kinesis check --role-arn arn:aws:iam::111122223333:role/amplitude \\\n      --region eu-central-1 --stream-name amplitude-events --profile acme --json",
  ],
  notes: [
    "Nothing is written to AWS. What it needs to be allowed: amplitude-kinesis operator-policy --for check",
    "Exit status: 0 nothing stops delivery, 1 something does, 2 wrong usage, settings or credentials, 3 it could not be found out, 130 ended by Ctrl-C.",
    AWS_SETTINGS,
  ],
};

export function checkCommand(): Command {
  const command = withDeploymentOptions(new Command("check"))
    .description("compare what is deployed with what Amplitude needs, without writing anything")
    .option("--profile <name>", "AWS profile that looks at the stream and the role (default: AWS_PROFILE)")
    .option("--test-principal <arn...>", "who is meant to be trusted beside Amplitude, to test delivery");
  withTrustOptions(command)
    .addOption(propagationOption(0))
    .option("--json", "print the report as one JSON document on standard output")
    .action(async (flags: CheckFlags) => {
      // Loaded when it runs, as the other commands are.
      const { runCheck }: typeof import("./runCheck") = require("./runCheck");
      process.exitCode = await runCheck(flags);
    });
  return withHelpText(command, HELP);
}
