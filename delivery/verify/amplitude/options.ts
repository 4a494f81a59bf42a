import { type AmplitudeZone, checkKey, endpointUrl } from "../../common/amplitudeApi";
import { SettingsError } from "../../common/errors";
import type { ConnectionOptions, Progress, TrustOptions } from "../../sending/deployment";

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
/** Event type that a run sends by default. */
const DEFAULT_EVENT_TYPE = "amplitude-kinesis delivery test";

/** Options of a run, with their defaults. */
export type AmplitudeSettings = ReturnType<typeof settingsFrom>;

/**
 * Validates the options that nothing else validates, and adds their defaults.
 *
 * @throws SettingsError
 */
export function settingsFrom({
  apiKey,
  zone = "US",
  url,
  events = DEFAULT_EVENTS,
  eventTypes = [DEFAULT_EVENT_TYPE],
  expectApp,
  identify = false,
  timeoutSeconds = DEFAULT_AMPLITUDE_TIMEOUT_SECONDS,
  lingerMs = 5_000,
}: AmplitudeRouteOptions) {
  checkKey("API key", apiKey);
  if (!Number.isInteger(events) || events < 1 || events > MAX_AMPLITUDE_EVENTS) {
    throw new SettingsError(
      `Can't send ${events} events to Amplitude. Set an integer from 1 to ${MAX_AMPLITUDE_EVENTS}; the project is charged for each event`,
    );
  }
  const wrongType = eventTypes.find((type) => type.trim() === "" || type.startsWith("$"));
  if (wrongType !== undefined || eventTypes.length === 0) {
    throw new SettingsError(
      `"${wrongType ?? ""}" isn't an event type to send. Name an event that the destination's filter lets through`,
    );
  }
  const timeoutMs = timeoutSeconds * 1000;
  const ownUrl = endpointUrl(url, ZONE_URLS.US);
  return { apiKey, zone, url: ownUrl, events, eventTypes, expectApp, identify, timeoutMs, lingerMs };
}

/** Redacts the key, which Amplitude's responses contain. */
export function withoutKey(text: string, apiKey: string): string {
  return text.replaceAll(apiKey, "[API key]");
}
