import { readFile } from "node:fs/promises";
import { Agent as HttpAgent, IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { pipeline, type Readable, Transform } from "node:stream";
import { loadConfig } from "@smithy/core/config";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { messageOf, SettingsError } from "../common/errors";
import { ForeignResponseError } from "./errors";
import { type AwsOptions, filesOf } from "./profile";
import { type ProxyServer, proxyAgents, proxyFor, proxyRefusal, throughProxy } from "./proxy";

export interface HandlerOptions {
  /** Longest wait for a response to begin, or for more of it, in ms. Default: 30,000. */
  maxSilenceMs?: number;
  /**
   * Longest time a response may take from its first byte to its last, in ms. Default: 120,000, which a GetRecords response of
   * 14 MB takes at 1 Mbit/s.
   */
  maxResponseMs?: number;
  /**
   * Longest body of a response. Default: 32 MiB. A GetRecords response takes 14 MB for 10 MiB of data in base64, and at most
   * 17 MB for the keys of 10,000 records and the rest.
   */
  maxResponseBytes?: number;
  /** Returns the certificates of the trusted authorities as PEM. Default: Node's. */
  authorities?: () => Promise<string | undefined>;
}

/**
 * Returns an HTTP/1.1 handler that keeps connections open. The Kinesis client's default is HTTP/2 with a session per request:
 * it is slower, and no plain-HTTP endpoint supports it. Requests go through the proxies of HTTPS_PROXY and HTTP_PROXY, unless
 * NO_PROXY lists the host.
 *
 * A request fails with a TimeoutError after `maxSilenceMs` without a response, or without more of it, and `maxResponseMs` after
 * the response began: the SDK's request timeout ends with the first byte. It fails with a ForeignResponseError for a redirect,
 * and for a body of more than `maxResponseBytes`.
 */
export function keepAliveHandler(options: HandlerOptions = {}): NodeHttpHandler {
  return new KeepAliveHandler({
    maxSilenceMs: 30_000,
    maxResponseMs: 120_000,
    maxResponseBytes: 32 * 1024 * 1024,
    ...options,
  });
}

type Limits = HandlerOptions & Required<Omit<HandlerOptions, "authorities">>;
type Handle = NodeHttpHandler["handle"];
type Request = Parameters<Handle>[0];
type Response = Awaited<ReturnType<Handle>>["response"];

const AGENT_OPTIONS = { keepAlive: true, maxSockets: 64 };

class KeepAliveHandler extends NodeHttpHandler {
  /** Handlers for requests through a proxy, or with authorities that Node doesn't trust by itself. */
  readonly #others = new Map<string, Promise<NodeHttpHandler>>();
  #authorities: Promise<string | undefined> | undefined;
  #isDestroyed = false;

  constructor(private readonly limits: Limits) {
    super({
      httpAgent: new HttpAgent(AGENT_OPTIONS),
      httpsAgent: new HttpsAgent(AGENT_OPTIONS),
      ...timeouts(limits.maxSilenceMs),
    });
  }

  override async handle(...[request, options]: Parameters<Handle>): ReturnType<Handle> {
    // The SDK would repeat a request that the end of the run has canceled.
    if (this.#isDestroyed) throw Object.assign(new Error("the run has ended"), { name: "AbortError" });
    const proxy = await proxyFor(request);
    const isTls = request.protocol === "https:";
    if (isTls) this.#authorities ??= this.limits.authorities?.();
    const ca = isTls ? await this.#authorities : undefined;
    const handled =
      proxy === undefined && ca === undefined
        ? await super.handle(request, options)
        : await this.#handleOtherwise({ proxy, ca }, request, options);
    const { response } = handled;
    const foreign = foreignResponse(request, response);
    if (foreign !== undefined) {
      response.body?.destroy();
      throw foreign;
    }
    if (response.body instanceof IncomingMessage) response.body = this.#limited(response.body);
    return handled;
  }

  /** Ends a body that takes too long. A body of unknown length also ends after `maxResponseBytes`. */
  #limited(body: IncomingMessage): Readable {
    const { maxResponseMs, maxResponseBytes } = this.limits;
    const timer = setTimeout(() => body.destroy(responseTimeout(maxResponseMs)), maxResponseMs);
    body.once("close", () => clearTimeout(timer));
    const length = body.headers["content-length"];
    if (length === undefined) return withMaxBytes(body, maxResponseBytes);
    if (Number(length) > maxResponseBytes) body.destroy(tooLong(maxResponseBytes));
    return body;
  }

  override destroy(): void {
    this.#isDestroyed = true;
    super.destroy();
    for (const other of this.#others.values())
      other.then(
        (handler) => handler.destroy(),
        () => {},
      );
  }

  async #handleOtherwise(
    { proxy, ca }: Route,
    ...[request, options]: Parameters<Handle>
  ): ReturnType<Handle> {
    const key = proxy?.url.href ?? "direct";
    const other = this.#others.get(key) ?? handlerFor({ proxy, ca }, this.limits.maxSilenceMs);
    this.#others.set(key, other);
    const handler = await other;
    if (proxy === undefined) return handler.handle(request, options);
    const host = `${request.hostname}:${request.port ?? (request.protocol === "https:" ? 443 : 80)}`;
    const handled = await handler.handle(request, options).catch((error: unknown) => {
      throw throughProxy(error, proxy, host);
    });
    const refusal = refusalOf(handled.response, proxy, host);
    if (refusal === undefined) return handled;
    handled.response.body?.destroy();
    throw refusal;
  }
}

/** Returns the error if the proxy responded itself. Only a proxy responds 407 (source: RFC 9110, 15.5.8), and AWS sends no HTML. */
function refusalOf(response: Response, proxy: ProxyServer, host: string): unknown {
  const { statusCode, reason = "" } = response;
  if (statusCode === 407) return proxyRefusal(response, proxy, host);
  const isPage = statusCode >= 400 && isWebPage(response);
  return isPage ? throughProxy(new Error(`${statusCode} ${reason}`.trim()), proxy, host) : undefined;
}

/**
 * Returns the error for a response that neither AWS nor Amplitude gives. Only requests to AWS are signed. An error's page is
 * left to the SDK, because the status says what it means.
 */
function foreignResponse({ headers }: Request, response: Response): ForeignResponseError | undefined {
  const { statusCode, headers: given } = response;
  if (statusCode >= 300 && statusCode < 400) {
    const { location = "" } = given;
    const target = URL.canParse(location) ? `to ${new URL(location).origin}` : "elsewhere";
    return new ForeignResponseError(`HTTP ${statusCode} redirects ${target}`);
  }
  const isPage = statusCode < 300 && "authorization" in headers && isWebPage(response);
  return isPage ? new ForeignResponseError() : undefined;
}

function withMaxBytes(body: Readable, maxBytes: number): Readable {
  let bytes = 0;
  const limited = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > maxBytes ? tooLong(maxBytes) : null, chunk);
    },
  });
  pipeline(body, limited, () => {});
  return limited;
}

function tooLong(maxBytes: number): ForeignResponseError {
  return new ForeignResponseError(`the response is longer than ${maxBytes / 1024 / 1024} MiB`);
}

function isWebPage({ headers }: Response): boolean {
  return /^text\/html/i.test(headers["content-type"] ?? "");
}

interface Route {
  proxy: ProxyServer | undefined;
  ca: string | undefined;
}

async function handlerFor({ proxy, ca }: Route, maxSilenceMs: number): Promise<NodeHttpHandler> {
  const options = ca === undefined ? AGENT_OPTIONS : { ...AGENT_OPTIONS, ca };
  const agents =
    proxy === undefined ? { httpsAgent: new HttpsAgent(options) } : await proxyAgents(proxy, options);
  return new NodeHttpHandler({ ...agents, ...timeouts(maxSilenceMs) });
}

function timeouts(maxSilenceMs: number) {
  return {
    connectionTimeout: 5_000,
    requestTimeout: maxSilenceMs,
    socketTimeout: maxSilenceMs,
    throwOnRequestTimeout: true,
  };
}

function responseTimeout(ms: number): Error {
  const message = `the response did not end within ${ms / 1000} s`;
  return Object.assign(new Error(message), { name: "TimeoutError" });
}

/**
 * Reads the authorities that connections to AWS trust in place of Node's: the file of AWS_CA_BUNDLE, or `ca_bundle` of the
 * profile. The AWS CLI has the same settings, and the SDK doesn't know them.
 *
 * @throws SettingsError if the file can't be read, or has no certificate.
 */
export async function awsAuthorities(options: AwsOptions): Promise<string | undefined> {
  const file = await loadConfig<string>(
    {
      environmentVariableSelector: ({ AWS_CA_BUNDLE }) => AWS_CA_BUNDLE || undefined,
      configFileSelector: ({ ca_bundle }) => ca_bundle,
      default: "",
    },
    { ...filesOf(options), ...(options.profile !== undefined && { profile: options.profile }) },
  )();
  if (file === "") return undefined;
  try {
    const pem = await readFile(file, "utf8");
    if (pem.includes("-----BEGIN CERTIFICATE-----")) return pem;
    throw new Error("it contains no certificate in PEM format");
  } catch (cause) {
    const message = `The CA bundle ${file} can't be used: ${messageOf(cause)}. Correct AWS_CA_BUNDLE, or ca_bundle of the AWS profile`;
    throw new SettingsError(message, { cause });
  }
}
