import { Agent as HttpAgent, IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { IAMClient } from "@aws-sdk/client-iam";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { KMSClient } from "@aws-sdk/client-kms";
import { STSClient } from "@aws-sdk/client-sts";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type {
  AwsCredentialIdentity,
  AwsCredentialIdentityProvider,
  NodeHttpHandlerOptions,
} from "@smithy/types";
import { KinesisProtocol } from "./codec/kinesisProtocol";

/** Access keys, or a credentials provider of the AWS SDK. */
export type Credentials = AwsCredentialIdentity | AwsCredentialIdentityProvider;

export interface ClientOptions {
  region: string;
  /** Default: the SDK's provider chain (environment, profile, SSO, instance …). */
  credentials?: Credentials | undefined;
  /** A profile of the shared AWS files, used if `credentials` is absent. */
  profile?: string | undefined;
  /** URL of one endpoint for all services. Default: the SDK's (AWS_ENDPOINT_URL, the shared files, AWS). */
  endpoint?: string | undefined;
  /** Shared by the clients of a run, which destroys it at its end. Default: a new one per client. */
  requestHandler?: NodeHttpHandler | undefined;
}

/** Longest wait for a response to begin, or for more of it. */
const MAX_SILENCE_MS = 30_000;
/** Longest time a response may take from its first byte to its last. A GetRecords response of 14 MB takes it at 1 Mbit/s. */
const MAX_RESPONSE_MS = 120_000;

/**
 * Returns an HTTP/1.1 handler that keeps connections open. The Kinesis client's default is HTTP/2 with a session per request:
 * it is slower, and no plain-HTTP endpoint supports it.
 *
 * A request fails with a TimeoutError after `maxSilenceMs` without a response, or without more of it, and `maxResponseMs` after
 * the response began: the SDK's request timeout ends with the first byte.
 */
export function keepAliveHandler(
  maxSilenceMs = MAX_SILENCE_MS,
  maxResponseMs = MAX_RESPONSE_MS,
): NodeHttpHandler {
  const agentOptions = { keepAlive: true, maxSockets: 64 };
  const options = {
    httpAgent: new HttpAgent(agentOptions),
    httpsAgent: new HttpsAgent(agentOptions),
    connectionTimeout: 5_000,
    requestTimeout: maxSilenceMs,
    socketTimeout: maxSilenceMs,
    throwOnRequestTimeout: true,
  };
  return new ResponseTimeoutHandler(options, maxResponseMs);
}

class ResponseTimeoutHandler extends NodeHttpHandler {
  constructor(
    options: NodeHttpHandlerOptions,
    private readonly maxResponseMs: number,
  ) {
    super(options);
  }

  override async handle(
    ...request: Parameters<NodeHttpHandler["handle"]>
  ): ReturnType<NodeHttpHandler["handle"]> {
    const handled = await super.handle(...request);
    const body: unknown = handled.response.body;
    if (body instanceof IncomingMessage) {
      const timer = setTimeout(() => body.destroy(responseTimeout(this.maxResponseMs)), this.maxResponseMs);
      body.once("close", () => clearTimeout(timer));
    }
    return handled;
  }
}

function responseTimeout(ms: number): Error {
  const message = `the response did not end within ${ms / 1000} s`;
  return Object.assign(new Error(message), { name: "TimeoutError" });
}

export function kinesisClient(options: ClientOptions): KinesisClient {
  return new KinesisClient({ ...base(options), protocol: KinesisProtocol });
}

/** Returns a client that makes one attempt per request: the producer counts and classifies every attempt itself. */
export function kinesisWriteClient(options: ClientOptions): KinesisClient {
  return new KinesisClient({ ...base(options), protocol: KinesisProtocol, maxAttempts: 1 });
}

export function iamClient(options: ClientOptions): IAMClient {
  return new IAMClient(base(options));
}

export function stsClient(options: ClientOptions): STSClient {
  return new STSClient(base(options));
}

export function kmsClient(options: ClientOptions): KMSClient {
  return new KMSClient(base(options));
}

export function cloudWatchClient(options: ClientOptions): CloudWatchClient {
  return new CloudWatchClient(base(options));
}

/**
 * Returns undefined for the SDK's provider chain. A named profile takes precedence over keys in the environment, as in the
 * AWS CLI.
 */
export function resolveCredentials({ credentials, profile }: ClientOptions): Credentials | undefined {
  return credentials ?? (profile === undefined ? undefined : fromNodeProviderChain({ profile }));
}

function base(options: ClientOptions) {
  const { region, endpoint } = options;
  const credentials = resolveCredentials(options);
  return {
    region,
    requestHandler: options.requestHandler ?? keepAliveHandler(),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}
