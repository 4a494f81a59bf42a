import { SettingsError } from "../common/errors";
import type { WatchOptions } from "./options";

/**
 * @param now in ms since 1970.
 * @throws SettingsError naming the first option that can't be right.
 */
export function checkWatchOptions({ from, until, expectApps, intervalMs }: WatchOptions, now: number): void {
  if (until?.events !== undefined && !(Number.isInteger(until.events) && until.events >= 1)) {
    throw new SettingsError(`until.events is ${until.events}: give a whole number from 1`);
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
  if (from instanceof Date && Number.isNaN(from.getTime())) throw new SettingsError("from is no valid time");
  if (from instanceof Date && from.getTime() > now) {
    throw new SettingsError(
      `from is ${from.toISOString()}, which is still to come: a time without a zone is UTC`,
    );
  }
}

const PROJECT_ID =
  "an Amplitude project's id is a number; it is in the project's settings, and the field `app` of its events";
