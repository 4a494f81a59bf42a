import type { Types } from "@amplitude/analytics-node";
import type { Clock } from "../../common/clock";
import { SettingsError } from "../../common/errors";
import type { Timeline } from "../../common/timeline";
import {
  type IngestEvent,
  type IngestEventOptions,
  identityOf,
  ingestEvent,
  userPropertiesOf,
  usersOf,
} from "./ingestEvent";
import type { AmplitudeLedger, Answer } from "./ledger";
import { type AmplitudeZone, withoutKey } from "./options";

export interface SenderOptions {
  apiKey: string;
  zone: AmplitudeZone;
  /** In place of the zone's. */
  url?: string | undefined;
  clock: Clock;
  /** Told of each request before it is made, with the insert ids of its events. */
  onRequest: (insertIds: string[], at: number) => void;
}

/** Events gather this long before they are sent, in ms. */
const FLUSH_INTERVAL_MS = 20;
/** Of one request, in ms. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Source: @amplitude/analytics-node, `INVALID_API_KEY`: by this the SDK knows Amplitude's answer. */
const INVALID_API_KEY = "Invalid API key";

/** The SDK has no words for it, and does not try again. */
const NO_ANSWER = "no answer: is the address right, and is a firewall, a proxy or TLS in the way?";

/** The SDK writes to the console, and its debug log has the key in it. */
const SILENT: Types.ILogger = {
  disable: () => undefined,
  enable: () => undefined,
  log: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};

/** Amplitude's own SDK, with its own transport and retries; it is only watched. */
export class AmplitudeSender {
  readonly #client = officialSdk().createInstance();
  #destination: unknown;
  #config: Types.IConfig | undefined;
  #isKeyRefused = false;

  private constructor(private readonly options: SenderOptions) {}

  static async start(options: SenderOptions): Promise<AmplitudeSender> {
    const sender = new AmplitudeSender(options);
    const { apiKey, zone, url } = options;
    const settings: Types.NodeOptions = {
      flushIntervalMillis: FLUSH_INTERVAL_MS,
      requestTimeoutMillis: REQUEST_TIMEOUT_MS,
      // LogLevel.None, which is a type alone in what the SDK exports.
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

  /** Amplitude does not know the key, in this zone. */
  get isKeyRefused(): boolean {
    return this.#isKeyRefused;
  }

  /** Resolves once the SDK is done with the event, its retries included; never where it is ended before. */
  async send(event: IngestEvent): Promise<Answer> {
    return this.#answerOf(await this.#client.track({ ...event }).promise);
  }

  /** An `$identify` call for a user: the operations of the SDK's `Identify`. */
  async identify(identify: Types.IIdentify, options: Types.EventOptions): Promise<Answer> {
    return this.#answerOf(await this.#client.identify(identify, options).promise);
  }

  /** Nothing is sent any more, and nothing of the SDK keeps the process alive: it has no call for that itself. */
  end(): void {
    if (this.#config !== undefined) this.#config.offline = true;
    const timer = propertyOf(this.#destination, "scheduleId");
    if (timer instanceof Object) clearTimeout(timer as NodeJS.Timeout);
  }

  #observe(config: Types.IConfig, client: object): void {
    this.#config = config;
    const find = propertyOf(client, "plugin");
    if (typeof find === "function") this.#destination = find.call(client, "amplitude");
    const transport = config.transportProvider;
    config.transportProvider = {
      send: (url, payload, compresses) => {
        const insertIds = payload.events.flatMap(({ insert_id }) => insert_id ?? []);
        this.options.onRequest(insertIds, this.options.clock.now());
        return transport.send(url, payload, compresses);
      },
    };
  }

  #answerOf({ code, message }: Types.Result): Answer {
    if (code >= 200 && code < 300) return { kind: "accepted" };
    if (code === 400 && message.startsWith(INVALID_API_KEY)) this.#isKeyRefused = true;
    const reason = code === 0 ? `${NO_ANSWER} (${message})` : `HTTP ${code}: ${message}`;
    const isRefusal = code >= 400 && code < 500;
    return { kind: isRefusal ? "refused" : "unanswered", reason: withoutKey(reason, this.options.apiKey) };
  }
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

export interface DispatchOptions {
  apiKey: string;
  zone: AmplitudeZone;
  /** In place of the zone's. */
  url: string | undefined;
  /** What is sent. */
  made: IngestEventOptions;
  /** Whether identify calls are sent too. */
  identify: boolean;
  ledger: AmplitudeLedger;
  timeline: Timeline;
  clock: Clock;
  signal: AbortSignal;
  /** Called with every answer to an event. */
  onAnswer: () => void;
}

/** How long Amplitude's SDK may take with all events, its retries included. */
const SEND_WITHIN_MS = 120_000;

/**
 * Sends a run's events, and enters in the ledger what Amplitude says of each. It ends with the last answer, the signal
 * or the time.
 *
 * @throws SettingsError where Amplitude does not know the key.
 */
export async function sendToAmplitude(options: DispatchOptions): Promise<{ identifiesSent: number }> {
  const { ledger, clock, apiKey, zone, url } = options;
  const sender = await AmplitudeSender.start({
    apiKey,
    zone,
    url,
    clock,
    onRequest: (insertIds, at) => enterRequest(options, insertIds, at),
  });
  const sent = { identifies: 0 };
  try {
    await untilTimeIsUp(sendAll(sender, options, sent), options);
  } finally {
    sender.end();
    ledger.onEnd("Amplitude's SDK was still trying when it was ended");
  }
  if (sender.isKeyRefused && ledger.accepted === 0) throw keyRefused(options);
  return { identifiesSent: sent.identifies };
}

function enterRequest({ ledger, timeline, made }: DispatchOptions, insertIds: string[], at: number): void {
  const indexes = insertIds.flatMap((insertId) => made.key.indexOf(insertId) ?? []);
  for (let count = ledger.onRequest(indexes, at); count > 0; count--) timeline.count("sent", at);
}

async function sendAll(
  sender: AmplitudeSender,
  { made, identify, ledger, timeline, clock, signal, onAnswer }: DispatchOptions,
  sent: { identifies: number },
): Promise<void> {
  const answers = Array.from({ length: made.events }, async (_, number) => {
    const event = ingestEvent(made, number, clock.now());
    const index = ledger.add(event);
    const answer = await sender.send(event);
    ledger.onAnswer(index, answer);
    if (answer.kind === "accepted") timeline.count("acknowledged", clock.now());
    onAnswer();
  });
  await Promise.all(answers);
  // Where nothing was accepted these would not be either.
  if (!identify || ledger.accepted === 0 || signal.aborted) return;
  sent.identifies = usersOf(made.events);
  await sendIdentifyCalls(sender, sent.identifies, made.key.runId);
}

/** The SDK can't be called off: what it is still at then is left to itself. */
async function untilTimeIsUp(sending: Promise<void>, { clock, signal }: DispatchOptions): Promise<void> {
  const done = new AbortController();
  const timeUp = clock.sleep(SEND_WITHIN_MS, AbortSignal.any([signal, done.signal]));
  await Promise.race([sending, timeUp]);
  done.abort();
}

function keyRefused({ zone, url }: DispatchOptions): SettingsError {
  const other = zone === "US" ? "EU" : "US";
  const where =
    url === undefined
      ? `in zone ${zone}: is the project in the other one (--amplitude-zone ${other})?`
      : `at ${url}.`;
  return new SettingsError(
    `Amplitude doesn't know the API key ${where} Compare it with the project's in Amplitude (Settings > Projects > the project > General): it is the API key, not the secret key. None of the events was taken`,
  );
}

/** By this an identify call's row is known again, where it keeps its insert id: its shape in a stream is undocumented. */
export function identifyId(runId: string, user: number | ""): string {
  return `amplitude-kinesis.${runId}.identify-${user}`;
}

/** One call a user, with the properties that the user's events have too. */
async function sendIdentifyCalls(sender: AmplitudeSender, users: number, runId: string): Promise<void> {
  const calls = Array.from({ length: users }, (_, user) => {
    const identify = new (officialSdk().Identify)();
    for (const [name, value] of Object.entries(userPropertiesOf(user))) identify.set(name, value as string);
    return sender.identify(identify, { ...identityOf(user), insert_id: identifyId(runId, user) });
  });
  await Promise.all(calls);
}

/** Amplitude's own SDK, loaded with its first use: no other route needs it. */
const officialSdk = (): typeof import("@amplitude/analytics-node") => require("@amplitude/analytics-node");
