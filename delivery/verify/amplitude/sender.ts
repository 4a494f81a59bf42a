import type { Types } from "@amplitude/analytics-node";
import type { Clock } from "../../common/clock";
import type { IngestEvent } from "./ingestEvent";
import type { Answer } from "./ledger";
import { officialSdk } from "./officialSdk";
import type { AmplitudeZone } from "./options";
import { withoutKey } from "./options";

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
