import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import {
  type AwsAccess,
  CustomerAccount,
  type DestinationForm,
  type PermissionCheck,
} from "./customerAccount";
import { type DeliveryHabits, DOCUMENTED_HABITS, KinesisDestination, type Random } from "./destination";
import { DOCUMENTED_EXPORT, ExportApi, type ExportHabits } from "./exportApi";
import { DOCUMENTED_METRICS, MetricsApi, type MetricsHabits } from "./metricsApi";
import { Project, type Reception } from "./project";
import {
  type ApiResponse,
  type IngestionResponse,
  ingested,
  jsonResponse,
  refused,
  serverFailure,
  tooManyRequests,
} from "./responses";
import { BATCH_RATES, HTTP_V2_RATES, Throttle, type ThrottleLimits } from "./throttle";
import {
  BATCH_LIMITS,
  HTTP_V2_LIMITS,
  type IngestedEvent,
  readUpload,
  type Upload,
  type UploadLimits,
} from "./upload";

export interface LocalAmplitudeOptions {
  aws: AwsAccess;
  /** Default: 32 random hexadecimal digits, as Amplitude's keys are. */
  apiKey?: string;
  /** Default: 32 random hexadecimal digits. */
  secretKey?: string;
  /** Default: `DOCUMENTED_HABITS`. */
  habits?: Partial<DeliveryHabits>;
  /** Default: `DOCUMENTED_EXPORT`. */
  exportHabits?: Partial<ExportHabits>;
  /** Default: `DOCUMENTED_METRICS`. */
  metricsHabits?: Partial<MetricsHabits>;
  /** Status for wrong keys of the APIs that read. Undocumented. Default: 401. */
  unauthorizedStatus?: 401 | 403;
  /** Limits of both APIs. Default: the documented ones. */
  rates?: ThrottleLimits;
  /** Draws delays, duplicates and reordering. */
  random?: Random;
  /** Milliseconds since 1970-01-01 UTC. */
  now?: () => number;
}

const APP = 100_011_471;
/** A sync id has this form in the example of the Event Streaming Metrics Summary API. */
const FIRST_SYNC_ID = 30_001_625;
/** Above the batch API's limit, so that a body that is too large gets a response. */
const MAX_BODY_BYTES = 2 * BATCH_LIMITS.bytes;

interface Endpoint {
  limits: UploadLimits;
  throttle: Throttle;
}

export async function startAmplitude(options: LocalAmplitudeOptions): Promise<LocalAmplitude> {
  const amplitude = new LocalAmplitude(options);
  await amplitude.listen();
  return amplitude;
}

/** A stand-in for Amplitude on this machine, with the behavior that Amplitude documents. It contains nothing of Amplitude. */
export class LocalAmplitude {
  /** API key of the only project. */
  readonly apiKey: string;
  /** Secret key of the only project. The Export API and the delivery metrics API require it. */
  readonly secretKey: string;
  /** Id of the only project, which every row carries. */
  readonly app = APP;
  /** The rows that the Export API returns, and its faults. */
  readonly exports: ExportApi;
  readonly #now: () => number;
  readonly #project = new Project({ app: APP, newUuid: randomUUID });
  readonly #destinations: KinesisDestination[] = [];
  readonly #endpoints: Record<string, Endpoint>;
  /** APIs that read, by path. Source: Export API, and Event Streaming Metrics Summary API. */
  readonly #readers: Record<string, { respond(query: URLSearchParams): ApiResponse | Promise<ApiResponse> }>;
  readonly #server: Server;
  #failures = { requests: 0, status: 500 };

  constructor(private readonly options: LocalAmplitudeOptions) {
    const { now = Date.now, rates } = options;
    this.apiKey = options.apiKey ?? randomBytes(16).toString("hex");
    this.secretKey = options.secretKey ?? randomBytes(16).toString("hex");
    this.#now = now;
    this.exports = new ExportApi({
      app: APP,
      habits: { ...DOCUMENTED_EXPORT, ...options.exportHabits },
      now,
    });
    const metricsHabits = { ...DOCUMENTED_METRICS, ...options.metricsHabits };
    const metrics = new MetricsApi(this.#destinations, metricsHabits, now);
    this.#readers = {
      "/api/2/export": this.exports,
      "/api/2/event-streaming/delivery-metrics-summary": metrics,
    };
    this.#endpoints = {
      "/2/httpapi": { limits: HTTP_V2_LIMITS, throttle: new Throttle(rates ?? HTTP_V2_RATES) },
      "/batch": { limits: BATCH_LIMITS, throttle: new Throttle(rates ?? BATCH_RATES) },
    };
    this.#server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
  }

  /** URL of the HTTP V2 API, `http://127.0.0.1:PORT/2/httpapi`. The batch API is at `/batch`. */
  get url(): string {
    return `${this.origin}/2/httpapi`;
  }

  /** `http://127.0.0.1:PORT`, with the Export API at `/api/2/export`, and the delivery metrics API. */
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Number of events omitted as duplicates. */
  get eventsDeduplicated(): number {
    return this.#project.eventsDeduplicated;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Creates and enables a Kinesis destination, and checks its role's permissions. */
  async connect(form: DestinationForm): Promise<{ destination: KinesisDestination; check: PermissionCheck }> {
    const { aws, habits, random = Math.random } = this.options;
    const account = new CustomerAccount(form, aws);
    const check = await account.checkPermissions();
    const destination = new KinesisDestination({
      syncId: String(FIRST_SYNC_ID + this.#destinations.length),
      account,
      habits: { ...DOCUMENTED_HABITS, ...habits },
      random,
      now: this.#now,
    });
    this.#destinations.push(destination);
    return { destination, check };
  }

  /** Fails the next requests with this status, 500 to 599, before accepting any event. */
  failNext(requests: number, status: number): void {
    this.#failures = { requests, status };
  }

  async stop(): Promise<void> {
    for (const destination of this.#destinations) destination.stop();
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    try {
      const { status, headers, body, endsAt } = await this.#respond(incoming);
      outgoing.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
      if (endsAt === undefined) outgoing.end(body);
      else outgoing.write(body.slice(0, endsAt), () => outgoing.destroy());
    } catch {
      outgoing.destroy();
    }
  }

  async #respond(incoming: IncomingMessage): Promise<ApiResponse> {
    const { pathname: path, searchParams } = new URL(incoming.url ?? "/", "http://127.0.0.1");
    const body = await bodyOf(incoming);
    const reader = this.#readers[path];
    if (reader === undefined) {
      const response = this.#accept(incoming, path, body);
      return jsonResponse(response, response.code);
    }
    if (incoming.method !== "GET") return refused(405, "Method not allowed");
    const isAuthorized = incoming.headers.authorization === basic(this.apiKey, this.secretKey);
    return isAuthorized
      ? reader.respond(searchParams)
      : refused(this.options.unauthorizedStatus ?? 401, "Invalid API key or secret key");
  }

  #accept({ method }: IncomingMessage, path: string, body: Buffer): IngestionResponse {
    const endpoint = this.#endpoints[path];
    if (endpoint === undefined) return { code: 404, error: "Not found" };
    if (method !== "POST") return { code: 405, error: "Method not allowed" };
    if (this.#failures.requests > 0) {
      this.#failures.requests -= 1;
      return serverFailure(this.#failures.status);
    }
    return this.#ingest(endpoint, path, body);
  }

  #ingest({ limits, throttle }: Endpoint, path: string, body: Buffer): IngestionResponse {
    const read = readUpload(body, this.apiKey, limits);
    if ("refusal" in read) return read.refusal;
    const receivedAt = this.#now();
    const throttled = throttle.take(read.upload.events, receivedAt);
    if (throttled !== undefined) return tooManyRequests(throttled);
    this.#take(read.upload, { path, receivedAt });
    return ingested(read.upload.events.length, body.length, receivedAt);
  }

  /** Receives an event as if at an earlier time, and forwards it at once. */
  receivePast(event: IngestedEvent, receivedAt: number): void {
    const atOnce = { ...DOCUMENTED_HABITS, p95Ms: 0, duplicateRate: 0, reorderRate: 0 };
    this.#take({ events: [event], clientUploadTime: undefined }, { path: "/2/httpapi", receivedAt }, atOnce);
  }

  #take(upload: Upload, reception: Reception, habits?: DeliveryHabits): void {
    const rows = this.#project.take(upload, reception);
    for (const row of rows) this.exports.add(JSON.stringify(row), reception.receivedAt);
    for (const destination of this.#destinations) destination.take(rows, habits);
  }
}

function basic(apiKey: string, secretKey: string): string {
  return `Basic ${Buffer.from(`${apiKey}:${secretKey}`).toString("base64")}`;
}

/** Reads to the end even if the body is too large, because a client that is still sending would miss the response. */
async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  return incoming.headers["content-encoding"] === "gzip" ? gunzip(body) : body;
}

/** Returns a body that isn't gzip unchanged; parsing then rejects it. */
function gunzip(body: Buffer): Buffer {
  try {
    return gunzipSync(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch {
    return body;
  }
}
