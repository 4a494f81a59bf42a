import type { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { HttpRequest } from "@smithy/core/protocols";
import type { NodeHttpHandler } from "@smithy/node-http-handler";
import { keepAliveHandler } from "../aws/connections";
import { describeError } from "../aws/errors";
import { ProxyError } from "../aws/proxy";
import { type AmplitudeZone, checkKey, endpointUrl, MIN_KEY_LENGTH } from "../common/amplitudeApi";
import type { EpochMs } from "../common/clock";
import { DeliveryError, SettingsError, SourceError } from "../common/errors";
import { registerSecrets } from "../common/redactSecrets";
import { isObject } from "../common/values";
import type { OpenDeployment } from "../sending/deployment";
import { formatHour, type HourRange, type ReconcileOptions } from "./options";
import type { AmplitudeMetrics } from "./report";

/** Sources: Amplitude, "Export API" and "Event Streaming Metrics Summary API". */
const ORIGINS: Record<AmplitudeZone, string> = {
  US: "https://amplitude.com",
  EU: "https://analytics.eu.amplitude.com",
};
const EXPORT_PATH = "/api/2/export";
const METRICS_PATH = "/api/2/event-streaming/delivery-metrics-summary";

/** Longest wait for a response to begin, or for more of it. Amplitude's own timeout is undocumented. */
const MAX_SILENCE_MS = 300_000;
/** Longest download, which 4 GB take at 10 Mbit/s. */
const MAX_DOWNLOAD_MS = 3_600_000;
/** Largest response: an export has up to 4 GB. */
const MAX_RESPONSE_BYTES = 5 * 2 ** 30;
/** Attempts of one request. */
const MAX_ATTEMPTS = 4;
/** Attempts of a throttled request: at least a minute of backoff, because limits of requests are per minute. */
const MAX_THROTTLED_ATTEMPTS = 8;
const BASE_DELAY_MS = 2_000;
const MAX_DELAY_MS = 30_000;

export type AmplitudeClientOptions = Pick<ReconcileOptions, "apiKey" | "secretKey" | "zone" | "url"> &
  Pick<OpenDeployment, "clock" | "random" | "signal">;

/** The APIs of an Amplitude project that read. No message contains a key or a response. */
export class AmplitudeClient {
  readonly #connections: NodeHttpHandler;
  readonly #origin: string;
  readonly #authorization: string;

  /** @throws SettingsError if a key is missing or invalid, or the URL is. */
  constructor(private readonly options: AmplitudeClientOptions) {
    const { apiKey, secretKey, zone = "US", url } = options;
    if (apiKey === undefined || secretKey === undefined) {
      throw new SettingsError(
        "Amplitude's APIs require the project's API key and secret key. Set AMPLITUDE_API_KEY and AMPLITUDE_SECRET_KEY, or name downloaded archives with --export",
      );
    }
    checkKey("API key", apiKey);
    checkKey("secret key", secretKey);
    const { origin, pathname } = new URL(endpointUrl(url, ORIGINS.US) ?? ORIGINS[zone]);
    if (pathname !== "/") {
      throw new SettingsError(
        `The Amplitude URL has the path ${pathname}, but each API has its own. Set ${origin}`,
      );
    }
    this.#origin = origin;
    this.#authorization = `Basic ${Buffer.from(`${apiKey}:${secretKey}`).toString("base64")}`;
    registerSecrets([apiKey, secretKey, this.#authorization.slice("Basic ".length)], MIN_KEY_LENGTH);
    this.#connections = keepAliveHandler({
      maxSilenceMs: MAX_SILENCE_MS,
      maxResponseMs: MAX_DOWNLOAD_MS,
      maxResponseBytes: MAX_RESPONSE_BYTES,
    });
  }

  destroy(): void {
    this.#connections.destroy();
  }

  /**
   * Downloads the ZIP of an hour.
   *
   * @param save Receives the response of each attempt. An error of it counts as a damaged download, unless it is a SettingsError.
   * @returns What `save` returns; null if the hour has no events, undefined after the signal.
   * @throws DeliveryError `credentials` if Amplitude rejects the keys, `source` if the hour can't be exported.
   */
  download<Result>(
    hour: EpochMs,
    save: (zip: Readable) => Promise<Result>,
  ): Promise<Result | null | undefined> {
    const name = formatHour(hour);
    const time = name.replaceAll("-", "");
    return this.#request(EXPORT_PATH, { start: time, end: time }, `The export of hour ${name}`, save);
  }

  /** Reads the delivery metrics of a destination for a range of hours. Null if Amplitude knows no such destination. */
  metrics(syncId: string, { from, end }: HourRange): Promise<AmplitudeMetrics | null | undefined> {
    const query = {
      sync_id: syncId,
      time_period: "CUSTOM",
      start: `${formatHour(from)}:00:00+00:00`,
      end: `${formatHour(end)}:00:00+00:00`,
    };
    return this.#request(METRICS_PATH, query, "Amplitude's delivery metrics", async (body) =>
      metricsFrom(await json(body)),
    );
  }

  async #request<Result>(
    path: string,
    query: Record<string, string>,
    what: string,
    read: (body: Readable) => Promise<Result>,
  ): Promise<Result | null | undefined> {
    const { clock, random, signal } = this.options;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      const outcome = await this.#attempt(path, query, read);
      if ("result" in outcome) return outcome.result;
      const { status, problem } = outcome;
      if (signal.aborted) return undefined;
      if (status === 404) return null;
      const maxAttempts = status === 429 ? MAX_THROTTLED_ATTEMPTS : MAX_ATTEMPTS;
      if (!canPass(status) || attempt >= maxAttempts) throw failure(what, status, problem, attempt);
      const delay = Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** (attempt - 1));
      await clock.sleep((delay * (1 + random())) / 2, signal);
    }
    return undefined;
  }

  async #attempt<Result>(
    path: string,
    query: Record<string, string>,
    read: (body: Readable) => Promise<Result>,
  ): Promise<{ result: Result } | Failure> {
    const { protocol, hostname, port, host } = new URL(this.#origin);
    const request = new HttpRequest({
      protocol,
      hostname,
      ...(port === "" ? {} : { port: Number(port) }),
      path,
      query,
      method: "GET",
      headers: { host, authorization: this.#authorization },
    });
    try {
      const { response } = await this.#connections.handle(request, { abortSignal: this.options.signal });
      if (response.statusCode === 200) return { result: await read(response.body) };
      response.body?.destroy();
      return { status: response.statusCode, problem: `HTTP ${response.statusCode}` };
    } catch (error) {
      if (error instanceof SettingsError) throw error;
      if (error instanceof ProxyError)
        throw new SettingsError(`${error.message}. ${error.remedy}`, { cause: error });
      return {
        status: undefined,
        problem: error instanceof SourceError ? error.message : describeError(error),
      };
    }
  }
}

/** An attempt without a usable response. */
interface Failure {
  /** Undefined if the request failed, or its response is damaged. */
  status: number | undefined;
  problem: string;
}

function canPass(status: number | undefined): boolean {
  return status === undefined || status === 429 || status >= 500;
}

const OTHER_WAY =
  "No shorter range exists. Export the hour to Amazon S3 in Amplitude, and name its files with --export";

function failure(what: string, status: number | undefined, problem: string, attempts: number): DeliveryError {
  if (status === 401 || status === 403) {
    return new DeliveryError(
      "credentials",
      `Amplitude rejects the API key or the secret key (HTTP ${status}). Compare both with the project's in Amplitude (Settings > Projects > the project > General), and its zone with --amplitude-zone`,
    );
  }
  const tried = attempts === 1 ? "" : ` ${attempts} attempts failed.`;
  const isExport = what.startsWith("The export");
  const reasons: Record<number, string | false> = {
    400: isExport && `is larger than the 4 GB that Amplitude's Export API returns (HTTP 400). ${OTHER_WAY}`,
    429: `is throttled by Amplitude (HTTP 429).${tried} Run this again in some minutes`,
    504: `takes Amplitude's Export API too long (HTTP 504).${tried} ${OTHER_WAY}`,
  };
  const otherwise = `can't be read from Amplitude: ${problem}.${tried} Check the network and --amplitude-url, and run this again`;
  return new SourceError(`${what} ${reasons[status ?? 0] || otherwise}`);
}

function metricsFrom(response: unknown): AmplitudeMetrics {
  const names = ["eventsDelivered", "eventsNotDelivered", "eventsExpired", "eventsDiscarded"] as const;
  const counts = names.map((name) => [name, isObject(response) ? response[name] : undefined]);
  if (counts.every(([, count]) => typeof count === "number")) return Object.fromEntries(counts);
  throw new SourceError("its response lacks a documented number");
}
