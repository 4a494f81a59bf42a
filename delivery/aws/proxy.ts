import type { Agent } from "node:http";
import type { AgentOptions, Agent as HttpsAgent } from "node:https";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import type { HttpRequest } from "@smithy/types";
import { messageOf, SettingsError } from "../common/errors";
import { registerSecrets } from "../common/redactSecrets";

/** Variables that name a proxy, by the protocol of the request. As in curl and the AWS CLI, lower case comes first. */
const VARIABLES: Record<string, readonly string[]> = {
  "https:": ["https_proxy", "HTTPS_PROXY"],
  "http:": ["http_proxy", "HTTP_PROXY"],
};

/** The proxy that requests of one protocol go through. */
export interface ProxyServer {
  /** URL of the proxy, with its user and password. */
  url: URL;
  /** URL of the proxy, without them. */
  origin: string;
  /** Name of the environment variable. */
  variable: string;
}

/**
 * Returns the proxy for a request, or undefined if it goes directly. A host in NO_PROXY includes its subdomains.
 *
 * @throws SettingsError if the proxy's URL is invalid.
 */
export async function proxyFor(
  request: Pick<HttpRequest, "protocol" | "hostname" | "port">,
): Promise<ProxyServer | undefined> {
  const { protocol, hostname, port } = request;
  const variable = VARIABLES[protocol]?.find(isSet);
  if (variable === undefined) return undefined;
  const { getProxyForUrl } = await import("proxy-from-env");
  const isListed = withParents(hostname).some(
    (host) => getProxyForUrl(`${protocol}//${host}${port === undefined ? "" : `:${port}`}`) === "",
  );
  return isListed ? undefined : proxyOf(variable);
}

function isSet(variable: string): boolean {
  return (process.env[variable] ?? "") !== "";
}

/** Returns a host name and the domains that contain it; only itself if it is an address. */
function withParents(host: string): string[] {
  const labels = host.split(".");
  return /[\d\]]$/.test(host) ? [host] : labels.map((_, index) => labels.slice(index).join("."));
}

function proxyOf(variable: string): ProxyServer {
  const value = process.env[variable] ?? "";
  const text = value.includes("://") ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new SettingsError(
      `The proxy in ${variable} is invalid. Set an http: or https: URL, such as http://proxy.example.com:3128`,
    );
  }
  const password = decodeURIComponent(url.password);
  registerSecrets([password, btoa(`${decodeURIComponent(url.username)}:${password}`)], MIN_PASSWORD_LENGTH);
  return { url, origin: `${url.protocol}//${url.host}`, variable };
}

const MIN_PASSWORD_LENGTH = 8;

/** A failure of the proxy, or of the connection through it. */
export class ProxyError extends Error {
  override readonly name: string;
  /** The system's error code, or `ERR_PROXY_REFUSED` if the proxy didn't connect: the request was then not sent. */
  readonly code: string | undefined;
  /** Tells the SDK to try again. */
  readonly $retryable: object | undefined;

  constructor(
    message: string,
    readonly remedy: string,
    {
      name = "ProxyError",
      code,
      isRetryable = false,
      cause,
    }: { name?: string; code?: string | undefined; isRetryable?: boolean; cause?: unknown },
  ) {
    super(message, { cause });
    this.name = name;
    this.code = code;
    this.$retryable = isRetryable ? {} : undefined;
  }
}

/** Adds the proxy to the error of a request that went through it. The SDK knows retryable errors by name and code. */
export function throughProxy(error: unknown, { origin, variable }: ProxyServer, host: string): unknown {
  if (!(error instanceof Error) || error instanceof ProxyError || error.name === "AbortError") return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return new ProxyError(
    `no connection to ${host} through the proxy ${origin} (${variable}): ${messageOf(error) || code}`,
    `Check that the proxy of ${variable} is right and runs, or list ${host} in NO_PROXY if it can be reached directly`,
    { name: error.name, code, cause: error },
  );
}

/** Describes the response by which a proxy refused a request. */
export function proxyRefusal(
  response: { statusCode: number; reason?: string | undefined },
  proxy: ProxyServer,
  host: string,
): ProxyError {
  const { statusCode, reason = "" } = response;
  const { origin, variable } = proxy;
  const message = `the proxy ${origin} (${variable}) refused the connection to ${host}: ${`${statusCode} ${reason}`.trim()}`;
  const remedy =
    statusCode === 407
      ? `Put the proxy's user and password, percent-encoded, into ${variable} (http://USER:PASSWORD@${proxy.url.host})`
      : `Ask the proxy's operator to allow ${host}, correct ${variable}, or list the host in NO_PROXY if it can be reached directly`;
  return new ProxyError(message, remedy, { code: "ERR_PROXY_REFUSED", isRetryable: statusCode >= 500 });
}

/** Returns agents that connect through the proxy. They are loaded at their first use, because most networks have none. */
export async function proxyAgents(
  proxy: ProxyServer,
  options: AgentOptions,
): Promise<{ httpAgent: Agent; httpsAgent: HttpsAgent }> {
  const [{ HttpProxyAgent }, { HttpsProxyAgent }] = await Promise.all([
    import("http-proxy-agent"),
    import("https-proxy-agent"),
  ]);
  /** Reports a refusal as an error, and verifies the endpoint's certificate by the same authorities and by its address. */
  class Tunnel extends HttpsProxyAgent<string> {
    override connect(...[request, endpoint]: Parameters<InstanceType<typeof HttpsProxyAgent>["connect"]>) {
      request.once("proxyConnect", ({ statusCode, statusText }) => {
        const host = `${endpoint.host}:${endpoint.port}`;
        if (statusCode !== 200)
          request.destroy(proxyRefusal({ statusCode, reason: statusText }, proxy, host));
      });
      if (options.ca !== undefined) Object.assign(endpoint, { ca: options.ca });
      const { host = "" } = endpoint;
      // The agent would compare the certificate with `localhost`.
      const checkAddress = (_name: string, certificate: PeerCertificate) =>
        checkServerIdentity(host, certificate);
      if (isIP(host) !== 0) Object.assign(endpoint, { checkServerIdentity: checkAddress });
      return super.connect(request, endpoint);
    }

    /**
     * Without this, the agent detects TLS from the call stack, which fails for a free socket, so connections are never
     * reused.
     */
    override isSecureEndpoint(): boolean {
      return true;
    }
  }
  return { httpAgent: new HttpProxyAgent(proxy.url, options), httpsAgent: new Tunnel(proxy.url, options) };
}
