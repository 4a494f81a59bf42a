import { Command } from "commander";
import { jsonText } from "../../common/text";
import { AWS_SETTINGS, withHelpText } from "../options/arguments";
import { type DeploymentFlags, deploymentOf, withDeploymentOptions } from "../options/deployment";
import { print } from "../terminal/output";

interface AdoptFlags extends DeploymentFlags {
  json?: true;
}

const HELP = {
  examples: [
    "amplitude-kinesis adopt --role-arn arn:aws:iam::111122223333:role/amplitude \\\n      --region eu-central-1 --stream-name amplitude-events",
  ],
  notes: [
    "Run the printed commands in a checkout, after `pulumi stack init`. With --json, `inputs` are the component's inputs for a program.",
    "Nothing is written to AWS. To print the permissions that it needs, run amplitude-kinesis operator-policy --for adopt",
    "Exit status: 0, or 2 for wrong usage, settings or credentials, or a resource that can't be adopted.",
    AWS_SETTINGS,
  ],
};

export function adoptCommand(): Command {
  const command = withDeploymentOptions(new Command("adopt"), "read the stream and the role")
    .description("print the settings with which a stack takes over a stream and a role without changing them")
    .option("--json", "print one JSON document")
    .action(async (flags: AdoptFlags) => {
      // The command's folder loads the AWS SDK, which would slow down every other command's start.
      const { describeAdoption }: typeof import("../../adopt") = require("../../adopt");
      const { adoptionText }: typeof import("../../adopt") = require("../../adopt");
      const { outputs, aws } = await deploymentOf(flags);
      const adoption = await describeAdoption({ outputs, ...aws });
      print(flags.json ? jsonText(adoption) : adoptionText(adoption));
    });
  return withHelpText(command, HELP);
}
