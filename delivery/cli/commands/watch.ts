import { Command } from "commander";
import type { StartingPoint, WatchUntil } from "../../watch/options";
import { type DeploymentFlags, withDeploymentOptions } from "../options/deployment";
import { AWS_SETTINGS, withHelpText } from "../options/helpText";
import { projectId, startingPoint, until } from "../options/watch";

/** What `watch` is given. */
export interface WatchFlags extends DeploymentFlags {
  until?: WatchUntil;
  from: StartingPoint;
  expectApp?: string[];
  includeTests?: true;
  profile?: string;
  json?: true;
}

const HELP = {
  examples: [
    "amplitude-kinesis watch --stack acme",
    "amplitude-kinesis watch --stack acme --expect-app 100011471 --until 100 --until 10m",
    "amplitude-kinesis watch --stack acme --from trim-horizon --until 1m --json | tail -1",
  ],
  notes: [
    "Ctrl-C ends it too, with what has arrived so far; a second one ends it at once.",
    "Exit status: 0 events arrived and nothing is wrong, 1 another project's arrived or, by the end of --until, none, 2 wrong usage, settings or credentials, 3 undecided, 130 ended by a second Ctrl-C.",
    AWS_SETTINGS,
  ],
};

export function watchCommand(): Command {
  const command = withDeploymentOptions(new Command("watch"))
    .description("follow a customer's stream, and show what arrives from Amplitude")
    .option(
      "--until <events or duration>",
      "end with a verdict after so many events (100) or so long (90s, 10m, 2h); given twice, whichever comes first",
      until,
    )
    .option(
      "--expect-app <id>",
      "the Amplitude project that may write here; another one's event ends the watch, and fails it; may be repeated",
      projectId,
    )
    .option(
      "--from <point>",
      "latest, trim-horizon (the oldest record) or a time (UTC where it has no zone)",
      startingPoint,
      "latest",
    )
    .option("--include-tests", "count what verify and send have written as if Amplitude had")
    .option("--profile <name>", "AWS profile that reads the stream (default: AWS_PROFILE)")
    .option("--json", "print a snapshot a second, one JSON document a line; the last one has the verdict")
    .action(async (flags: WatchFlags) => {
      // Loaded when it runs, as the other commands are.
      const { runWatch }: typeof import("./runWatch") = require("./runWatch");
      process.exitCode = await runWatch(flags);
    });
  return withHelpText(command, HELP);
}
