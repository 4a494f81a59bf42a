import { Command, InvalidArgumentError, Option } from "commander";
import type { AmplitudeZone } from "../../common/amplitudeApi";
import { SettingsError } from "../../common/errors";
import type { Part } from "../../common/part";
import { counted } from "../../common/text";
import { parseHour, type ReconcileOptions } from "../../reconcile/options";
import {
  AWS_SETTINGS,
  collected,
  withHelpText,
  withPartOption,
  withReportOptions,
} from "../options/arguments";
import { type DeploymentFlags, deploymentOf, withDeploymentOptions } from "../options/deployment";
import { partOptions, runOption } from "../options/sender";
import { publishReport, type ReportFlags } from "../terminal/output";
import { withProgress } from "../terminal/progressDisplay";
import { askConsent, resolveSecret } from "../terminal/prompts";

interface ReconcileFlags extends DeploymentFlags, ReportFlags {
  from: string;
  to: string;
  export?: string[];
  amplitudeZone?: AmplitudeZone;
  amplitudeUrl?: string;
  keepExport?: string;
  eventType?: string[];
  allTypes?: true;
  missing?: string;
  backfill?: true;
  yes?: true;
  syncId?: string;
  part?: Part;
  run?: string;
  partFile?: string;
}

const HELP = {
  examples: [
    "amplitude-kinesis reconcile --stack acme --from 2026-11-27T10 --to 2026-11-27T12",
    "amplitude-kinesis reconcile --stack acme --from 2026-11-27T00 --to 2026-11-27T23 \\\n      --keep-export exports --missing missing.jsonl",
    "amplitude-kinesis reconcile --stack acme --from 2026-11-27T10 --to 2026-11-27T10 \\\n      --export export.zip --backfill",
    "amplitude-kinesis reconcile --stack acme --from 2026-11-27T10 --to 2026-11-27T12 --export export.zip \\\n      --run night-7 --part 1/4 --part-file part-1.gz",
  ],
  notes: [
    "Without --export, the hours are fetched from Amplitude's Export API with the project's keys in AMPLITUDE_API_KEY and AMPLITUDE_SECRET_KEY. On a terminal, missing keys are asked for.",
    "Exit status: 0 complete, 1 incomplete, 2 wrong usage, settings or credentials, or an hour that can't be fetched, 3 undecided, 4 complete but the files of --report could not be written, 130 ended by a second Ctrl-C.",
    "A part is always undecided, with exit status 3: `report merge` makes one report of the files of all parts.",
    AWS_SETTINGS,
  ],
};

export function reconcileCommand(): Command {
  const command = withPartOption(
    withDeploymentOptions(new Command("reconcile"), "read the stream"),
    "the stream's shards",
  )
    .addOption(runOption())
    .option("--part-file <file>", "with --part: write what `report merge` needs of the part to this file")
    .description("compare the events that Amplitude received with those in the stream")
    .addOption(hourOption("--from <hour>", "first hour, UTC, such as 2026-11-27T10"))
    .addOption(hourOption("--to <hour>", "last hour, inclusive"))
    .addOption(
      new Option(
        "--export <file>",
        "archive as downloaded from Amplitude (.zip, .json.gz or .json), in place of the Export API; repeatable",
      ).argParser(collected),
    )
    .addOption(
      new Option("--amplitude-zone <zone>", "data residency of the project (default: US)").choices([
        "US",
        "EU",
      ]),
    )
    .option("--amplitude-url <url>", "another server with Amplitude's APIs, without a path")
    .addOption(
      new Option(
        "--keep-export <folder>",
        "keep fetched hours in this folder, and take them from there next time",
      ).conflicts("export"),
    )
    .addOption(
      new Option(
        "--event-type <name>",
        "event type that the destination forwards, so that missing events always count; repeatable",
      ).argParser(collected),
    )
    .option("--all-types", "the destination forwards every event type")
    .option("--missing <file>", "write one JSON line per missing event to this file")
    .option("--backfill", "write the missing events into the stream, after asking")
    .option("--yes", "with --backfill: write them without asking")
    .option("--sync-id <id>", "also compare Amplitude's delivery metrics of this destination");
  withReportOptions(command).action(async (flags: ReconcileFlags) => {
    process.exitCode = await runReconcile(flags);
  });
  return withHelpText(command, HELP);
}

function hourOption(flags: string, description: string): Option {
  return new Option(flags, description).makeOptionMandatory().argParser((text) => {
    if (parseHour(text) !== undefined) return text;
    throw new InvalidArgumentError("It must be an hour such as 2026-11-27T10, UTC.");
  });
}

/** The command's folders load the AWS SDK, which would slow down every other command's start. */
const domain = {
  reconcile: (): typeof import("../../reconcile") => require("../../reconcile"),
  reportFolder: (): typeof import("../../report/renderReport") => require("../../report/renderReport"),
  text: (): typeof import("../../report/reconciliation") => require("../../report/reconciliation"),
};

async function runReconcile(flags: ReconcileFlags): Promise<number> {
  checkConsent(flags);
  const part = partOptions(flags);
  const { outputs, aws } = await deploymentOf(flags);
  const keys = await resolveKeys(flags);
  // Fails before anything is read if the folder isn't writable.
  if (flags.report !== undefined) await domain.reportFolder().prepareReportFolder(flags.report);
  const asRun = { done: "found", sent: "exported", remaining: "reporting what was compared so far" } as const;
  return withProgress(asRun, async ({ signal, mfaCode, show, stop }) => {
    const report = await domain.reconcile().reconcileDelivery({
      outputs,
      from: flags.from,
      to: flags.to,
      exports: flags.export,
      ...keys,
      zone: flags.amplitudeZone,
      url: flags.amplitudeUrl,
      keepExport: flags.keepExport,
      eventTypes: flags.eventType,
      allTypes: flags.allTypes,
      missing: flags.missing,
      backfill: flags.backfill,
      confirmBackfill: async (events) => {
        stop();
        return flags.yes === true || askConsent(backfillQuestion(events), signal);
      },
      syncId: flags.syncId,
      ...part,
      partFile: flags.partFile,
      ...aws,
      signal,
      mfaCode,
      onProgress: ({ step, eventsExported, eventsDelivered }) =>
        show({ step, eventsSent: eventsExported, eventsDone: eventsDelivered }),
    });
    stop();
    return publishReport(report, flags, domain.text().reconciliationText);
  });
}

function checkConsent({ backfill, yes }: ReconcileFlags): void {
  if (yes === true && backfill === undefined)
    throw new SettingsError("--yes consents to --backfill. Give both, or leave it out");
  if (backfill === true && yes === undefined && !(process.stdin.isTTY && process.stderr.isTTY))
    throw new SettingsError(
      "--backfill writes to the stream and asks before. Run it on a terminal, or consent with --yes",
    );
}

function backfillQuestion(events: number): string {
  return `${counted(events, "missing event")} will be written into the stream. Its consumers receive ${events === 1 ? "it" : "them"} now. Write ${events === 1 ? "it" : "them"}?`;
}

/** Asks for missing keys first, so that no question interrupts the run. They are no options, which other users could see. */
async function resolveKeys(flags: ReconcileFlags): Promise<Pick<ReconcileOptions, "apiKey" | "secretKey">> {
  if (flags.export !== undefined && flags.syncId === undefined) return {};
  return {
    apiKey: await resolveSecret("AMPLITUDE_API_KEY", "Amplitude API key (hidden): "),
    secretKey: await resolveSecret("AMPLITUDE_SECRET_KEY", "Amplitude secret key (hidden): "),
  };
}
