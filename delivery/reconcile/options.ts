import type { EpochMs } from "../common/clock";
import { SettingsError } from "../common/errors";
import type { Part } from "../common/part";
import type { ConnectionOptions } from "../sending/deployment";

/** Progress of a reconciliation, for a display. */
export interface ReconcileProgress {
  /** Description of the current step. */
  step: string;
  /** Exported events that were read so far. */
  eventsExported: number;
  /** Exported events that were found in the stream so far. */
  eventsDelivered: number;
}

/**
 * Options of `reconcileDelivery`. `outputs`, `from` and `to` are required, and either `exports` or both keys. No message,
 * report, error or file contains a key.
 */
export interface ReconcileOptions extends ConnectionOptions {
  /** First hour, by `server_upload_time`, UTC: `2026-11-27T10`. */
  from: string;
  /** Last hour, inclusive. At most 365 days from the first. */
  to: string;
  /** Archives as downloaded from Amplitude (.zip, .json.gz or .json). Default: the hours are fetched from the Export API. */
  exports?: readonly string[] | undefined;
  /** API key of the Amplitude project. Required to fetch hours, and with `syncId`. */
  apiKey?: string | undefined;
  /** Secret key of the Amplitude project. Required to fetch hours, and with `syncId`. */
  secretKey?: string | undefined;
  /** Zone of the project. Default: `US`. */
  zone?: "US" | "EU" | undefined;
  /** URL in place of Amplitude's, without a path: `https:`, or `http:` on this machine. */
  url?: string | undefined;
  /** Folder that keeps the fetched hours. An hour that is in it isn't fetched again. Default: fetched hours are not kept. */
  keepExport?: string | undefined;
  /** Event types that the destination's filter lets through. Missing events of these types always count as missing. */
  eventTypes?: readonly string[] | undefined;
  /** Whether the destination has no filter, so that missing events of every type count as missing. Default: false. */
  allTypes?: boolean | undefined;
  /** File for the missing events, one JSON line per event, without their content. Default: none is written. */
  missing?: string | undefined;
  /** Writes the missing events into the stream, reads them back, and reconciles again. Default: false. */
  backfill?: boolean | undefined;
  /** Called with the number of missing events before they are written. Default: they are written. */
  confirmBackfill?: ((events: number) => boolean | Promise<boolean>) | undefined;
  /** Id of the streaming destination in Amplitude, whose delivery metrics are compared. Default: none are requested. */
  syncId?: string | undefined;
  /**
   * One of several parts, which reads the whole export and an equal share of the shards. Only `mergeReconciliations` can tell
   * which events are missing, so the part's report is `undecided`. Requires `runId` and `partFile`; excludes `missing` and
   * `backfill`. Default: all shards.
   */
  part?: Part | undefined;
  /** Id of the run, the same for all its parts. */
  runId?: string | undefined;
  /** File for what `mergeReconciliations` needs of the part. */
  partFile?: string | undefined;
  /** Interval between two reads of a shard, in ms, from 0. Default: 500. */
  pollMs?: number | undefined;
  /** 1 reads the shards as fast as they allow. Default: 0.5, which leaves the rest to other readers. */
  capacityShare?: number | undefined;
  /** Called at every step, and while rows are read. */
  onProgress?: ((progress: ReconcileProgress) => void) | undefined;
}

export const HOUR_MS = 3_600_000;
/** Longest range of one request. Source: Amplitude, "Export API". */
const MAX_HOURS = 365 * 24;

/** Parses an hour of the Export API, such as `2026-11-27T10`. Returns undefined if there is no such hour. */
export function parseHour(text: string): EpochMs | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d$/.test(text)) return undefined;
  const time = Date.parse(`${text}:00:00Z`);
  return Number.isNaN(time) || formatHour(time) !== text ? undefined : time;
}

/** Formats the hour of an instant: `2026-11-27T10`. */
export function formatHour(time: EpochMs): string {
  return new Date(time).toISOString().slice(0, 13);
}

/** Hours to reconcile, as instants. */
export interface HourRange {
  /** Start of the first hour. */
  from: EpochMs;
  /** End of the last hour, exclusive. */
  end: EpochMs;
}

/**
 * Validates the options that nothing else validates.
 *
 * @throws SettingsError about the first invalid option.
 */
export function validateReconcileOptions(options: ReconcileOptions, now: EpochMs): HourRange {
  const from = hourOf("from", options.from);
  const last = hourOf("to", options.to);
  if (last < from)
    throw new SettingsError(`--to ${options.to} is before --from ${options.from}. Exchange them`);
  if (from > now)
    throw new SettingsError(`--from ${options.from} is in the future. Hours are UTC; give a past hour`);
  const hours = (last - from) / HOUR_MS + 1;
  if (hours > MAX_HOURS)
    throw new SettingsError(`--from and --to span ${hours} hours. Give a range of at most ${MAX_HOURS}`);
  checkPart(options);
  if (options.exports?.length === 0)
    throw new SettingsError("exports is empty. Name an archive, or leave it out to fetch the hours");
  return { from, end: last + HOUR_MS };
}

function checkPart({ part, runId, partFile, missing, backfill }: ReconcileOptions): void {
  if ((part === undefined) !== (partFile === undefined) || (part !== undefined && runId === undefined))
    throw new SettingsError(
      "--part requires --run ID and --part-file FILE, and they require --part. Give all three, or none of them",
    );
  if (part !== undefined && (missing !== undefined || backfill === true))
    throw new SettingsError(
      `${missing === undefined ? "--backfill" : "--missing"} can't be used with --part, because a part can't tell which events are missing. Merge the parts with \`report merge\`, and run \`reconcile\` without --part for the hours with missing events`,
    );
}

function hourOf(name: "from" | "to", text: string): EpochMs {
  const hour = parseHour(text);
  if (hour !== undefined) return hour;
  throw new SettingsError(
    `--${name} is ${JSON.stringify(text)}, which isn't an hour. Give one such as 2026-11-27T10, UTC`,
  );
}
