import type { Credentials } from "../../aws/clients";
import type { Clock } from "../../common/clock";
import { SettingsError } from "../../common/errors";
import type { StackOutputs } from "../../common/outputs";
import type { Progress } from "../options";
import { checkApiKey } from "./apiKey";
import type { AmplitudeZone } from "./zone";

/** What `verifyThroughAmplitude` is to do: only `outputs` and `apiKey` are needed. */
export interface AmplitudeRouteOptions {
  /** The stack's three outputs. */
  outputs: StackOutputs;
  /** Of the Amplitude project that has this stream for a destination. It is part of no message, report or error. */
  apiKey: string;
  /** Where the project is. Default `US`. */
  zone?: AmplitudeZone | undefined;
  /** Of the HTTP V2 API, in place of the zone's: `https:`, or `http:` on this machine. Without a path, `/2/httpapi`. */
  url?: string | undefined;
  /** How many events to send, 1–10,000. Default 20: the project is charged for them. */
  events?: number | undefined;
  /** The event types to send, taken in turn: such as the destination's filter lets through. Default: one of the test's own. */
  eventTypes?: string[] | undefined;
  /** The project's id: rows of this run with another `app` are an error, others' rows with another one a warning. */
  expectApp?: number | undefined;
  /** Sends an `$identify` call for each of the test's users too; that it is forwarded is not demanded. Default false. */
  identify?: boolean | undefined;
  /** Reads the stream and the role. Default: the SDK's chain. */
  credentials?: Credentials | undefined;
  /** A profile of the shared AWS files, in place of `credentials`. */
  profile?: string | undefined;
  /** URL of the one endpoint for all AWS services. Default: the SDK's settings (`AWS_ENDPOINT_URL`, …), else AWS. */
  endpoint?: string | undefined;
  /** The external id that Amplitude has agreed to give. Default: none, as documented. */
  amplitudeExternalId?: string | undefined;
  /** The account that the trust policy has to name. Default: 358203115967; that of the EU's zone is undocumented. */
  amplitudeAccountId?: string | undefined;
  /** The principals that Amplitude is known to use, where the trust policy names no whole account. */
  amplitudePrincipalArns?: string[] | undefined;
  /** How long to wait for events after Amplitude took the last one, in seconds, from 1. Default 300: five times the documented p95. */
  timeoutSeconds?: number | undefined;
  /** How long a new role or policy may take to be known everywhere, in seconds, from 0. Default 90. */
  propagationSeconds?: number | undefined;
  /** Between two readings of a shard, in ms, from 0. Default 500. */
  pollMs?: number | undefined;
  /** How long duplicates are looked out for once every event is there, in ms, from 0. Default 5,000. */
  lingerMs?: number | undefined;
  /** Ends the run early; the report is then `undecided`, unless something has failed for certain. */
  signal?: AbortSignal | undefined;
  /** Called at every step, and while events are waited for. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Default: this machine's. */
  clock?: Clock | undefined;
  /** In [0, 1): draws the delays of the reader's retries. Default: `Math.random`. */
  random?: (() => number) | undefined;
}

export const DEFAULT_EVENTS = 20;
export const DEFAULT_AMPLITUDE_TIMEOUT_SECONDS = 300;
export const MAX_AMPLITUDE_EVENTS = 10_000;

/**
 * The options that nothing else judges.
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
      `The number of events to send to Amplitude is ${events}: give a whole number from 1 to ${MAX_AMPLITUDE_EVENTS}. The project is charged for each`,
    );
  }
  const wrongType = eventTypes?.find((type) => type.trim() === "" || type.startsWith("$"));
  if (wrongType !== undefined || eventTypes?.length === 0) {
    throw new SettingsError(
      `"${wrongType ?? ""}" is no event type to send: give the name of an event that the destination's filter lets through`,
    );
  }
  endpointUrl(url);
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * The URL that events are sent to; undefined for the zone's own.
 *
 * @throws SettingsError where it can't be, or would carry the key in the clear.
 */
export function endpointUrl(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new SettingsError(
      "The Amplitude URL is not one: give such as https://api2.amplitude.com/2/httpapi",
    );
  }
  if (parsed.username !== "" || parsed.password !== "" || parsed.search !== "") {
    throw new SettingsError("The Amplitude URL has a user, a password or a query in it: the API takes none");
  }
  if (parsed.protocol === "http:" && !LOOPBACK.test(parsed.hostname)) {
    throw new SettingsError(
      `The Amplitude URL would send the API key to ${parsed.hostname} unencrypted: give an https: address`,
    );
  }
  if (parsed.pathname === "/") parsed.pathname = "/2/httpapi";
  return parsed.href;
}
