import { SettingsError } from "../../common/errors";
import type { ConnectionOptions, Progress, TrustOptions } from "../../sending/options";

/** Region of Amplitude that has the project's data. Keys of one zone are unknown in the other. */
export type AmplitudeZone = "US" | "EU";

/** Source: https://amplitude.com/docs/apis/analytics/http-v2, "Regions"; the SDK has the same URLs. */
export const ZONE_URLS: Record<AmplitudeZone, string> = {
  US: "https://api2.amplitude.com/2/httpapi",
  EU: "https://api.eu.amplitude.com/2/httpapi",
};

/** Options of `verifyThroughAmplitude`. Only `outputs` and `apiKey` are required. */
export interface AmplitudeRouteOptions extends ConnectionOptions, TrustOptions {
  /** API key of the Amplitude project that has this stream as a destination. No message, report or error contains it. */
  apiKey: string;
  /** Zone of the project. Default: `US`. */
  zone?: AmplitudeZone | undefined;
  /** URL of the HTTP V2 API, in place of the zone's: `https:`, or `http:` on this machine. Default path: `/2/httpapi`. */
  url?: string | undefined;
  /** Number of events to send, 1–10,000. Default: 20, because the project is charged for them. */
  events?: number | undefined;
  /** Event types to send in turn, which the destination's filter lets through. Default: a type for tests. */
  eventTypes?: string[] | undefined;
  /** Id of the project. Rows of this run with another `app` are an error, other rows with another `app` a warning. */
  expectApp?: number | undefined;
  /** Whether to send an `$identify` call per test user too. It need not be forwarded. Default: false. */
  identify?: boolean | undefined;
  /** Time to wait for events after Amplitude accepted the last one, in seconds, from 1. Default: 300, five times the documented p95. */
  timeoutSeconds?: number | undefined;
  /** Interval between two reads of a shard, in ms, from 0. Default: 500. */
  pollMs?: number | undefined;
  /** Time to look for duplicates once every event arrived, in ms, from 0. Default: 5,000. */
  lingerMs?: number | undefined;
  /** Called at every step, and while events are waited for. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

export const DEFAULT_EVENTS = 20;
export const DEFAULT_AMPLITUDE_TIMEOUT_SECONDS = 300;
export const MAX_AMPLITUDE_EVENTS = 10_000;

/**
 * Validates the options that nothing else validates.
 *
 * @throws SettingsError
 */
export function checkOptions({
  apiKey,
  events = DEFAULT_EVENTS,
  eventTypes,
  url,
}: AmplitudeRouteOptions): void {
  checkApiKey(apiKey);
  if (!Number.isInteger(events) || events < 1 || events > MAX_AMPLITUDE_EVENTS) {
    throw new SettingsError(
      `Can't send ${events} events to Amplitude. Set an integer from 1 to ${MAX_AMPLITUDE_EVENTS}; the project is charged for each event`,
    );
  }
  const wrongType = eventTypes?.find((type) => type.trim() === "" || type.startsWith("$"));
  if (wrongType !== undefined || eventTypes?.length === 0) {
    throw new SettingsError(
      `"${wrongType ?? ""}" isn't an event type to send. Name an event that the destination's filter lets through`,
    );
  }
  endpointUrl(url);
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Returns the URL that events are sent to, or undefined for the zone's URL.
 *
 * @throws SettingsError if the URL is invalid, or would send the key unencrypted.
 */
export function endpointUrl(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new SettingsError(
      "The Amplitude URL is invalid. Set one such as https://api2.amplitude.com/2/httpapi",
    );
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
  if (parsed.pathname === "/") parsed.pathname = "/2/httpapi";
  return parsed.href;
}

/**
 * Validates the form of an API key. Amplitude's keys are 32 hexadecimal digits today, which is undocumented. A key that
 * could not be in a line of JSON or of a shell is a typing error.
 *
 * @throws SettingsError if it can't be a key; the message does not contain it.
 */
function checkApiKey(apiKey: string): void {
  if (/^[\x21-\x7e]{8,200}$/.test(apiKey)) return;
  throw new SettingsError(
    "The Amplitude API key is invalid. It has 8 to 200 characters without spaces. Copy it from the project's settings in Amplitude (Settings > Projects > the project > General)",
  );
}

/** Redacts the key, which Amplitude's responses contain. */
export function withoutKey(text: string, apiKey: string): string {
  return text.replaceAll(apiKey, "[API key]");
}
