import { Command, InvalidArgumentError } from "commander";
import { MAX_EVENTS } from "../../common/limits";
import type { Part } from "../../common/part";
import type { StartingPoint } from "../../watch";
import type { WatchUntil } from "../../watch/findings";
import { AWS_SETTINGS, duration, integer, withHelpText, withPartOption } from "../options/arguments";
import { type DeploymentFlags, deploymentOf, withDeploymentOptions } from "../options/deployment";
import { interruption } from "../terminal/interruption";
import { EXIT_CODES } from "../terminal/output";
import { mfaPrompt } from "../terminal/prompts";

interface WatchFlags extends DeploymentFlags {
  until?: WatchUntil;
  from: StartingPoint;
  expectApp?: string[];
  includeTests?: true;
  part?: Part;
  json?: true;
}

const HELP = {
  examples: [
    "amplitude-kinesis watch --stack acme",
    "amplitude-kinesis watch --stack acme --expect-app 100011471 --until 100 --until 10m",
    "amplitude-kinesis watch --stack acme --from trim-horizon --until 1m --json | tail -1",
  ],
  notes: [
    "Ctrl-C ends the watch with a report of what has arrived so far. A second Ctrl-C quits immediately.",
    "Exit status: 0 events arrived and nothing is wrong, 1 events of another project arrived, or no event arrived before the end of --until, 2 wrong usage, settings or credentials, 3 undecided, 130 ended by a second Ctrl-C.",
    AWS_SETTINGS,
  ],
};

export function watchCommand(): Command {
  const command = withPartOption(
    withDeploymentOptions(new Command("watch"), "read the stream"),
    "the stream's shards",
  )
    .description("follow a customer's stream and show what arrives from Amplitude")
    .option(
      "--until <events or duration>",
      "end with a verdict after this many events (100) or this long (90s, 10m, 2h); give both to end at whichever comes first",
      parseUntil,
    )
    .option(
      "--expect-app <id>",
      "id of an Amplitude project that may write here; an event of any other project ends the watch as failed; repeatable",
      parseProjectId,
    )
    .option(
      "--from <point>",
      "latest, trim-horizon (the oldest record) or a time (UTC if it has no zone)",
      parseStartingPoint,
      "latest",
    )
    .option("--include-tests", "count events that verify and send wrote as if Amplitude had written them")
    .option("--json", "print a snapshot per second, one JSON document per line; the last one has the verdict")
    .action(async (flags: WatchFlags) => {
      process.exitCode = await runWatch(flags);
    });
  return withHelpText(command, HELP);
}

/** Parses `--until`, which may be repeated: a number of events, or a duration with a unit. */
export function parseUntil(text: string, before: WatchUntil = {}): WatchUntil {
  if (/^\d+$/.test(text)) return { ...before, events: integer(1, MAX_EVENTS)(text) };
  if (/^[\d.]+[a-z]+$/.test(text)) return { ...before, seconds: duration(text) / 1000 };
  throw new InvalidArgumentError("It must be a number of events, or a duration such as 90s, 10m or 2h.");
}

const TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/** Parses `--from`. A time without a zone is UTC, like Amplitude's times. */
export function parseStartingPoint(text: string): StartingPoint {
  if (text === "latest" || text === "trim-horizon") return text;
  const [, date, time = "00:00", zone = "Z"] = TIME.exec(text) ?? [];
  const parsed = new Date(`${date}T${time}${zone}`);
  if (!Number.isNaN(parsed.getTime())) return parsed;
  throw new InvalidArgumentError(
    "It must be latest, trim-horizon, or a time such as 2026-01-05T09:30:00Z (UTC if it has no zone).",
  );
}

/** Parses `--expect-app`, which may be repeated. */
export function parseProjectId(text: string, before: string[] = []): string[] {
  if (/^\d{1,20}$/.test(text)) return [...before, text];
  throw new InvalidArgumentError("It must be the id of an Amplitude project, a number such as 100011471.");
}

async function runWatch(flags: WatchFlags): Promise<number> {
  // The command's folder loads the AWS SDK, which would slow down every other command's start.
  const { watchStream }: typeof import("../../watch") = require("../../watch");
  const { watchDisplay }: typeof import("../terminal/watchDisplay") = require("../terminal/watchDisplay");
  const { outputs, aws } = await deploymentOf(flags);
  const display = watchDisplay(process.stdout, { json: flags.json === true });
  const interrupt = interruption(() => display.close(), "summing up what has arrived");
  // The watch ends when its reader closes the pipe.
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
      part: flags.part,
      ...aws,
      mfaCode: mfaPrompt(() => {}),
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
