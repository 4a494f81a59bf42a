import { Command, Option } from "commander";
import type { Route } from "../../deployment/route";
import { type DeploymentFlags, withDeploymentOptions } from "../options/deployment";
import { AWS_SETTINGS, withHelpText } from "../options/helpText";
import { type SenderFlags, withSenderOptions } from "../options/sender";
import { type SourceFlags, withSourceOptions } from "../options/source";

/** What `send` is given. */
export interface SendFlags extends DeploymentFlags, SenderFlags, SourceFlags {
  route?: Route;
  json?: true;
}

const HELP = {
  examples: [
    "amplitude-kinesis send --stack acme --events 100000",
    "amplitude-kinesis send --stack acme --rate 50 --duration 10m",
    "amplitude-kinesis send --stack acme --export export.zip --json",
  ],
  notes: [
    "Nothing is read back: verify does that. Ctrl-C waits for the requests under way; a second one ends it at once.",
    "Exit status: 0 every event was acknowledged, 1 some were refused, or the deployment takes none, 2 wrong usage, settings or credentials, 3 undecided: some got no clear answer, or were not sent, 130 ended by a second Ctrl-C.",
    AWS_SETTINGS,
  ],
};

export function sendCommand(): Command {
  const command = withSenderOptions(withDeploymentOptions(new Command("send")).addOption(routeOption()));
  withSourceOptions(command)
    .description("send events to a customer's stream, without reading them back")
    .option("--json", "print the report as one JSON document on standard output")
    .action(async (flags: SendFlags) => {
      // Loaded when it runs, as the other commands are.
      const { runSend }: typeof import("./runSend") = require("./runSend");
      process.exitCode = await runSend(flags);
    });
  return withHelpText(command, HELP);
}

function routeOption(): Option {
  return new Option(
    "--route <route>",
    "role: assume the customer's role, as Amplitude does; operator: write with your own credentials (default: role where you can assume it, else operator)",
  ).choices(["role", "operator"]);
}
