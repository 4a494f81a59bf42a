import type { EpochMs } from "../common/clock";
import { SettingsError } from "../common/errors";
import type { Part } from "../common/part";
import type { ConnectionOptions } from "../sending/deployment";

/** Start of a watch: now, the oldest record in the stream, or a time. */
export type StartingPoint = "latest" | "trim-horizon" | Date;

/** End of a watch: whichever comes first. */
export interface WatchUntil {
  /** Number of rows of expected projects, without duplicates. An integer from 1. */
  events?: number | undefined;
  /** Time after the shards are first read. Above 0. */
  seconds?: number | undefined;
}

/** Options of `watchStream`. Only `outputs` is required. The last snapshot follows when the signal ends the watch. */
export interface WatchOptions extends ConnectionOptions {
  /** Default: `latest`, to about a second. */
  from?: StartingPoint | undefined;
  /** Default: only the signal ends the watch. */
  until?: WatchUntil | undefined;
  /** Ids of the Amplitude projects that may write. A row from another project ends the watch as failed. Default: every project may. */
  expectApps?: readonly string[] | undefined;
  /** Counts the records of `verify` and `send` as Amplitude's, for a rehearsal. Default: false. */
  includeTests?: boolean | undefined;
  /** Time between two snapshots, from 1. Default: 1,000. */
  intervalMs?: number | undefined;
  /** Time between two reads of a shard, from 0. Default: 500, two of the five reads per second that a shard allows all its consumers. */
  pollMs?: number | undefined;
  /** One of several parts, which reads an equal share of the shards and judges only these. Default: all shards. */
  part?: Part | undefined;
  /** Receives each step before the first snapshot, in words. */
  onStep?: ((step: string) => void) | undefined;
}

const PROJECT_ID =
  "give the id of an Amplitude project, a number. It is in the project's settings and in the field `app` of its events";

/** @throws SettingsError about the first invalid option. */
export function validateWatchOptions(
  { from, until, expectApps, intervalMs }: WatchOptions,
  now: EpochMs,
): void {
  if (until?.events !== undefined && !(Number.isInteger(until.events) && until.events >= 1)) {
    throw new SettingsError(`until.events is ${until.events}: give an integer from 1`);
  }
  if (until?.seconds !== undefined && !(until.seconds > 0)) {
    throw new SettingsError(`until.seconds is ${until.seconds}: give a number above 0`);
  }
  if (intervalMs !== undefined && !(intervalMs >= 1)) {
    throw new SettingsError(`intervalMs is ${intervalMs}: give a number from 1`);
  }
  const wrong = expectApps?.find((app) => !/^\d{1,20}$/.test(app));
  if (wrong !== undefined)
    throw new SettingsError(`expectApps holds ${JSON.stringify(wrong)}: ${PROJECT_ID}`);
  if (from instanceof Date && Number.isNaN(from.getTime()))
    throw new SettingsError("from is an invalid date: give a valid one");
  if (from instanceof Date && from.getTime() > now) {
    throw new SettingsError(
      `from is ${from.toISOString()}, which is in the future: give a past time. A time without a zone is UTC`,
    );
  }
}
