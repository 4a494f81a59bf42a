import { Command } from "commander";
import type { StartingPoint, WatchUntil } from "../watch/options";
import { watchStream } from "../watch/watchStream";
import { type DeploymentFlags, outputsOf, withDeploymentOptions } from "./deploymentOptions";
import { EXIT_CODES } from "./exitCodes";
import { interruption } from "./interruption";
import { projectId, startingPoint, until } from "./watchArguments";
import { watchDisplay } from "./watchDisplay";

interface WatchFlags extends DeploymentFlags {
  until?: WatchUntil;
  from: StartingPoint;
  expectApp?: string[];
  includeTests?: true;
  profile?: string;
  json?: true;
}

const EXAMPLES = `
Examples:
  $ amplitude-kinesis watch --stack acme
  $ amplitude-kinesis watch --stack acme --expect-app 100011471 --until 100 --until 10m
  $ amplitude-kinesis watch --stack acme --from trim-horizon --until 1m --json | tail -1

Ctrl-C ends it too. Exit status: 0 events arrived and nothing is wrong, 1 another project's or, by the end of --until, none,
2 wrong usage or settings, 3 undecided.
AWS credentials and endpoints come from the AWS SDK's standard settings (AWS_PROFILE, AWS_ENDPOINT_URL, …).`;

export function watchCommand(): Command {
  return withDeploymentOptions(new Command("watch"))
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
    .addHelpText("after", EXAMPLES)
    .action(async (flags: WatchFlags) => {
      process.exitCode = await runWatch(flags);
    });
}

async function runWatch(flags: WatchFlags): Promise<number> {
  const outputs = await outputsOf(flags);
  const display = watchDisplay(process.stdout, { json: flags.json === true });
  const interrupt = interruption(() => display.close(), "what has arrived is summed up");
  // Without a reader there is nobody to watch for.
  const unread = new AbortController();
  process.stdout.once("error", () => unread.abort());
  let status = EXIT_CODES.undecided;
  try {
    const snapshots = watchStream({
      outputs,
      from: flags.from,
      until: flags.until,
      expectApps: flags.expectApp,
      includeTests: flags.includeTests,
      profile: flags.profile,
      signal: AbortSignal.any([interrupt.signal, unread.signal]),
      onStep: (step) => display.step(step),
    });
    for await (const snapshot of snapshots) {
      display.show(snapshot);
      if (snapshot.verdict !== null) status = EXIT_CODES[snapshot.verdict];
    }
    return status;
  } finally {
    display.close();
    interrupt.release();
  }
}
