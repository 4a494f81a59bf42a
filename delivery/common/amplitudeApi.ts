import { SettingsError } from "./errors";

/** Region of Amplitude that has the project's data. Keys of one zone are unknown in the other. */
export type AmplitudeZone = "US" | "EU";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Returns the URL that requests are sent to, or undefined for the zone's URL.
 *
 * @param example Valid URL, whose path is the default.
 * @throws SettingsError if the URL is invalid, or would send the key unencrypted.
 */
export function endpointUrl(url: string | undefined, example: string): string | undefined {
  if (url === undefined) return undefined;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new SettingsError(`The Amplitude URL is invalid. Set one such as ${example}`);
  }
  if (parsed.username !== "" || parsed.password !== "" || parsed.search !== "") {
    throw new SettingsError(
      "The Amplitude URL contains a user, a password or a query, which the API doesn't accept. Remove it",
    );
  }
  if (parsed.protocol === "http:" && !LOOPBACK.test(parsed.hostname)) {
    throw new SettingsError(
      `The Amplitude URL would send the API key to ${parsed.hostname} unencrypted. Set an https: URL`,
    );
  }
  if (parsed.pathname === "/") parsed.pathname = new URL(example).pathname;
  return parsed.href;
}

/** Shortest key that is accepted, and redacted. */
export const MIN_KEY_LENGTH = 8;

/**
 * Validates the form of a key. Amplitude's keys are 32 hexadecimal digits today, which is undocumented. A key that could not
 * be in a line of JSON or of a shell is a typing error.
 *
 * @param name `API key` or `secret key`.
 * @throws SettingsError if it can't be a key; the message does not contain it.
 */
export function checkKey(name: string, key: string): void {
  if (/^[\x21-\x7e]{8,200}$/.test(key)) return;
  throw new SettingsError(
    `The Amplitude ${name} is invalid. It has ${MIN_KEY_LENGTH} to 200 characters without spaces. Copy it from the project's settings in Amplitude (Settings > Projects > the project > General)`,
  );
}
