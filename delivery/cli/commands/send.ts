import { Command, Option } from "commander";
import type { Route } from "../../deployment/route";
import { AWS_SETTINGS, withHelpText } from "../options/arguments";
import { type DeploymentFlags, deploymentOf, withDeploymentOptions } from "../options/deployment";
import {
  partOptions,
  type SenderFlags,
  senderOptions,
  withPartOptions,
  withSenderOptions,
} from "../options/sender";
import { describeSource, openSource, type SourceFlags, withSourceOptions } from "../options/source";
import { EXIT_CODES, printReport } from "../terminal/output";
import { withProgress } from "../terminal/progressDisplay";

interface SendFlags extends DeploymentFlags, SenderFlags, SourceFlags {
  route?: Route;
  json?: true;
}

const HELP = {
  examples: [
    "amplitude-kinesis send --stack acme --events 100000",
    "amplitude-kinesis send --stack acme --rate 50 --duration 10m",
    "amplitude-kinesis send --stack acme --export export.zip --json",
    "amplitude-kinesis send --stack acme --rate 20000 --duration 10m --run load-7 --part 1/4",
  ],
  notes: [
    "Nothing is read back; use verify for that. Ctrl-C waits for the requests in flight, and a second Ctrl-C quits immediately.",
    "Exit status: 0 every event was acknowledged, 1 some events were rejected or the deployment accepts none, 2 wrong usage, settings or credentials, 3 undecided because some events got no clear response or were not sent, 130 ended by Ctrl-C while credentials were looked up, or by a second Ctrl-C.",
    AWS_SETTINGS,
  ],
};

export function sendCommand(): Command {
  const deployment = withDeploymentOptions(new Command("send"), "inspect the stream and the role");
  const command = withSenderOptions(deployment.addOption(routeOption()));
  withPartOptions(withSourceOptions(command))
    .description("send events to a customer's stream without reading them back")
    .option("--json", "print the report as one JSON document on standard output")
    .action(async (flags: SendFlags) => {
      process.exitCode = await runSend(flags);
    });
  return withHelpText(command, HELP);
}

function routeOption(): Option {
  return new Option(
    "--route <route>",
    "role: assume the customer's role, as Amplitude does; operator: write with your own credentials (default: role if you can assume it, otherwise operator)",
  ).choices(["role", "operator"]);
}

async function runSend(flags: SendFlags): Promise<number> {
  // The command's folder loads the AWS SDK, which would slow down every other command's start.
  const { sendEvents }: typeof import("../../send") = require("../../send");
  const { sendText }: typeof import("../../send/report") = require("../../send/report");
  const part = partOptions(flags);
  const { outputs, aws } = await deploymentOf(flags);
  const description = describeSource(flags, Date.now(), outputs.guardProjectIds?.[0]);
  const source = await openSource(description);
  return withProgress(
    { done: "acknowledged", remaining: "waiting for the requests in flight" },
    async ({ signal, mfaCode, show, stop }) => {
      const report = await sendEvents({
        outputs,
        ...aws,
        source,
        rate: description.rate,
        ...part,
        ...senderOptions(flags, flags.route, signal),
        signal,
        mfaCode,
        onProgress: (progress) => show({ ...progress, eventsDone: progress.eventsAcknowledged }),
      });
      stop();
      printReport(report, flags, sendText);
      return EXIT_CODES[report.outcome];
    },
  );
}
