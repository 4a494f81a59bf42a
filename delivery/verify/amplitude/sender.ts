import { text } from "node:stream/consumers";
import type { Types } from "@amplitude/analytics-node";
import { HttpRequest, type HttpResponse } from "@smithy/core/protocols";
import type { NodeHttpHandler } from "@smithy/node-http-handler";
import { keepAliveHandler } from "../../aws/connections";
import { describeError, ForeignResponseError } from "../../aws/errors";
import { ProxyError } from "../../aws/proxy";
import { MIN_KEY_LENGTH } from "../../common/amplitudeApi";
import type { Clock } from "../../common/clock";
import { SettingsError } from "../../common/errors";
import { registerSecrets } from "../../common/redactSecrets";
import { isObject } from "../../common/values";
import type { OpenDeployment } from "../../sending/deployment";
import {
  type IngestEvent,
  identifyId,
  identityOf,
  ingestEvent,
  userPropertiesOf,
  usersOf,
} from "./ingestEvent";
import type { AmplitudeRun, EventResponse } from "./ledger";
import { type AmplitudeSettings, withoutKey } from "./options";

export interface SenderOptions extends Pick<AmplitudeSettings, "apiKey" | "zone"> {
  /** URL to use instead of the zone's. */
  url?: string | undefined;
  clock: Clock;
  /** Callback before each request, with the insert ids of its events. */
  onRequest: (insertIds: string[], at: number) => void;
}

/** Time for which events gather before they are sent, in ms. */
const FLUSH_INTERVAL_MS = 20;
/** Timeout of one request, in ms. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Text by which the SDK recognizes Amplitude's response. Source: @amplitude/analytics-node, `INVALID_API_KEY`. */
const INVALID_API_KEY = "Invalid API key";

/** Longest response. Amplitude's lists the faulty events of an upload. */
const MAX_RESPONSE_BYTES = 1024 * 1024;

/** Reason for a request without a response. The SDK has no message for this case, and does not retry. */
const NO_RESPONSE = "no response; check the address, and look for a firewall, a proxy or TLS in the way";

/** Logger that discards everything. The SDK writes to the console, and its debug log contains the key. */
const SILENT: Types.ILogger = {
  disable: () => undefined,
  enable: () => undefined,
  log: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};

/**
 * Sends events with Amplitude's own SDK and its own retries. Only its transport is replaced: it knows no proxy, reads a
 * response of any length, and takes every web page for an acceptance.
 */
export class AmplitudeSender {
  readonly #client = officialSdk().createInstance();
  #destination: unknown;
  #config: Types.IConfig | undefined;
  /** Whether Amplitude does not know the key in this zone. */
  isKeyRefused = false;
  #connections: NodeHttpHandler | undefined;
  /** Reason for the last request that got no response of Amplitude. */
  #problem: string | undefined;

  private constructor(private readonly options: SenderOptions) {}

  static async start(options: SenderOptions): Promise<AmplitudeSender> {
    const sender = new AmplitudeSender(options);
    const { apiKey, zone, url } = options;
    registerSecrets([apiKey], MIN_KEY_LENGTH);
    const settings: Types.NodeOptions = {
      flushIntervalMillis: FLUSH_INTERVAL_MS,
      requestTimeoutMillis: REQUEST_TIMEOUT_MS,
      // LogLevel.None, which the SDK exports only as a type.
      logLevel: 0,
      loggerProvider: SILENT,
      serverZone: zone,
      ...(url === undefined ? {} : { serverUrl: url }),
    };
    await sender.#client.init(apiKey, settings).promise;
    await sender.#client.add({
      name: "amplitude-kinesis-observer",
      type: "enrichment",
      setup: async (config, client) => sender.#observe(config, client),
      execute: async (event) => event,
    }).promise;
    return sender;
  }

  /** Resolves once the SDK is done with the event, including retries. Never resolves if the SDK is ended before. */
  async send(event: IngestEvent): Promise<EventResponse> {
    return this.#responseFrom(await this.#client.track({ ...event }).promise);
  }

  /** Sends an `$identify` call for a user, with the operations of the SDK's `Identify`. */
  async identify(identify: Types.IIdentify, options: Types.EventOptions): Promise<EventResponse> {
    return this.#responseFrom(await this.#client.identify(identify, options).promise);
  }

  /** Stops sending, and keeps the SDK from holding the process alive. The SDK itself has no call for that. */
  end(): void {
    if (this.#config !== undefined) this.#config.offline = true;
    const timer = propertyOf(this.#destination, "scheduleId");
    if (timer instanceof Object) clearTimeout(timer as NodeJS.Timeout);
    this.#connections?.destroy();
  }

  #observe(config: Types.IConfig, client: object): void {
    this.#config = config;
    const find = propertyOf(client, "plugin");
    if (typeof find === "function") this.#destination = find.call(client, "amplitude");
    const transport = this.#transport(config.transportProvider);
    config.transportProvider = {
      send: (url, payload) => {
        const insertIds = payload.events.flatMap(({ insert_id }) => insert_id ?? []);
        this.options.onRequest(insertIds, this.options.clock.now());
        return transport(url, payload);
      },
    };
  }

  /** Returns what sends a payload. Null makes the SDK give up, and the codes 0 and 408 make it try again. */
  #transport(original: Transport): Transport["send"] {
    const connections = keepAliveHandler({
      maxSilenceMs: REQUEST_TIMEOUT_MS,
      maxResponseMs: REQUEST_TIMEOUT_MS,
      maxResponseBytes: MAX_RESPONSE_BYTES,
    });
    this.#connections = connections;
    const { buildResponse } = original as unknown as BuildsResponse;
    return async (url, payload) => {
      try {
        const { response } = await connections.handle(requestTo(new URL(url), JSON.stringify(payload)));
        return buildResponse.call(original, await contentOf(response));
      } catch (error) {
        if (error instanceof Error && error.name === "TimeoutError")
          return buildResponse.call(original, { code: 408 });
        const isExplained = error instanceof ProxyError || error instanceof ForeignResponseError;
        const remedy = error instanceof ProxyError ? `. ${error.remedy}` : "";
        const text = describeError(error);
        this.#problem = isExplained ? `${text}${remedy}` : `${NO_RESPONSE} (${text})`;
        return null;
      }
    };
  }

  #responseFrom({ code, message }: Types.Result): EventResponse {
    if (code >= 200 && code < 300) return { kind: "accepted" };
    if (code === 400 && message.startsWith(INVALID_API_KEY)) this.isKeyRefused = true;
    const noResponse = this.#problem ?? `${NO_RESPONSE} (${message})`;
    const reason = code === 0 ? noResponse : `HTTP ${code}: ${message}`;
    const isRefusal = code >= 400 && code < 500;
    return { kind: isRefusal ? "refused" : "unanswered", reason: withoutKey(reason, this.options.apiKey) };
  }
}

/** The SDK's transports have this method. Source: @amplitude/analytics-core, `BaseTransport`. */
interface BuildsResponse {
  buildResponse(response: Record<string, unknown>): Awaited<ReturnType<Transport["send"]>>;
}

type Transport = Types.IConfig["transportProvider"];

function requestTo({ protocol, hostname, port, host, pathname: path }: URL, body: string): HttpRequest {
  return new HttpRequest({
    protocol,
    hostname,
    path,
    method: "POST",
    body,
    ...(port === "" ? {} : { port: Number(port) }),
    headers: {
      host,
      "content-type": "application/json",
      "content-length": `${Buffer.byteLength(body)}`,
    },
  });
}

/**
 * Returns a response's JSON with its status as `code`; code 0 if the response broke off.
 *
 * @throws ForeignResponseError if a status of success comes without Amplitude's acknowledgement.
 * Source: https://amplitude.com/docs/apis/analytics/http-v2 (response).
 */
async function contentOf({ statusCode, body }: HttpResponse): Promise<Record<string, unknown>> {
  let content: unknown;
  try {
    content = JSON.parse(await text(body));
  } catch (error) {
    if (error instanceof ForeignResponseError) throw error;
    if (!(error instanceof SyntaxError)) return { code: 0 };
  }
  if (statusCode >= 300) return { ...(isObject(content) && content), code: statusCode };
  if (isObject(content) && content.code === 200 && Number.isInteger(content.events_ingested)) return content;
  throw new ForeignResponseError(`HTTP ${statusCode} without Amplitude's acknowledgement`);
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** Time that Amplitude's SDK may take for all events, including retries. */
const SEND_WITHIN_MS = 120_000;

/**
 * Sends a run's events, and enters Amplitude's response to each into the ledger. It ends with the last response, the
 * signal or the timeout.
 *
 * @param onResponse Callback for every response to an event.
 * @throws SettingsError if Amplitude does not know the key.
 */
export async function sendToAmplitude(run: AmplitudeRun, onResponse: () => void): Promise<void> {
  const { settings, deployment, key, ledger, timeline } = run;
  const sender = await AmplitudeSender.start({
    ...settings,
    clock: deployment.clock,
    onRequest: (insertIds, at) => {
      const indexes = insertIds.flatMap((insertId) => key.indexOf(insertId) ?? []);
      for (let count = ledger.onRequest(indexes, at); count > 0; count--) timeline.count("sent", at);
    },
  });
  try {
    await untilTimeIsUp(sendAll(sender, run, onResponse), deployment);
  } finally {
    sender.end();
    ledger.onEnd("Amplitude's SDK was still trying when it was ended");
  }
  if (sender.isKeyRefused && ledger.accepted === 0) throw keyRefused(settings);
}

async function sendAll(
  sender: AmplitudeSender,
  { settings, deployment, key, ledger, timeline }: AmplitudeRun,
  onResponse: () => void,
): Promise<void> {
  const { clock, signal, startedAt } = deployment;
  const responses = Array.from({ length: settings.events }, async (_, number) => {
    const event = ingestEvent({ ...settings, key, startedAt }, number, clock.now());
    const index = ledger.add(event);
    const response = await sender.send(event);
    ledger.onResponse(index, response);
    if (response.kind === "accepted") timeline.count("acknowledged", clock.now());
    onResponse();
  });
  await Promise.all(responses);
  // If no event was accepted, Amplitude would not accept identify calls either.
  if (!settings.identify || ledger.accepted === 0 || signal.aborted) return;
  ledger.identifiesSent = usersOf(settings.events);
  await sendIdentifyCalls(sender, ledger.identifiesSent, key.runId);
}

/**
 * Waits until sending ends, times out or is interrupted. The SDK can't be canceled, so its pending work is left to it.
 */
async function untilTimeIsUp(sending: Promise<void>, { clock, signal }: OpenDeployment): Promise<void> {
  const done = new AbortController();
  const timeUp = clock.sleep(SEND_WITHIN_MS, AbortSignal.any([signal, done.signal]));
  await Promise.race([sending, timeUp]);
  done.abort();
}

function keyRefused({ zone, url }: AmplitudeSettings): SettingsError {
  const other = zone === "US" ? "EU" : "US";
  const where =
    url === undefined
      ? `in zone ${zone}. If the project is in the other one, use --amplitude-zone ${other}.`
      : `at ${url}.`;
  return new SettingsError(
    `Amplitude doesn't know the API key ${where} Compare it with the project's in Amplitude (Settings > Projects > the project > General): it is the API key, not the secret key. None of the events was taken`,
  );
}

/** Sends one call per user, with the same properties as the user's events. */
async function sendIdentifyCalls(sender: AmplitudeSender, users: number, runId: string): Promise<void> {
  const calls = Array.from({ length: users }, (_, user) => {
    const identify = new (officialSdk().Identify)();
    for (const [name, value] of Object.entries(userPropertiesOf(user))) identify.set(name, value as string);
    return sender.identify(identify, { ...identityOf(user), insert_id: identifyId(runId, user) });
  });
  await Promise.all(calls);
}

/** Loads Amplitude's own SDK on first use, because no other route needs it. */
const officialSdk = (): typeof import("@amplitude/analytics-node") => require("@amplitude/analytics-node");
