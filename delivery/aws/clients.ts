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

/** Keys, or what the AWS SDK takes as a provider of them. */
export type Credentials = AwsCredentialIdentity | AwsCredentialIdentityProvider;

export interface ClientOptions {
  region: string;
  /** Default: the SDK's chain (environment, profile, SSO, instance …). */
  credentials?: Credentials | undefined;
  /** A profile of the shared AWS files, where no credentials are given. */
  profile?: string | undefined;
  /** URL of the one endpoint for all services. Default: the SDK's (AWS_ENDPOINT_URL, the shared files, AWS). */
  endpoint?: string | undefined;
  /** Shared by the clients of a run, whose end destroys it. Default: one of the client's own. */
  requestHandler?: NodeHttpHandler | undefined;
}

/** No request waits longer for an answer, nor for more of one. */
const LONGEST_SILENCE_MS = 30_000;
/** In that time an answer that has begun brings at least this much more, or its end: 4.4 kbit/s. */
const LEAST_PROGRESS_BYTES = 16 * 1024;

/**
 * HTTP/1.1 with connections kept open. The Kinesis client's own default is HTTP/2 with a session a request: slower,
 * and no plain-HTTP endpoint answers it.
 *
 * @param longestSilenceMs an error after so long without an answer, or without more of one that has begun: the SDK's
 * time-out of a request ends with the answer's first byte. So does an answer that brings less than 16 KiB in that time, for
 * one that drips is never silent.
 */
export function keptOpen(longestSilenceMs = LONGEST_SILENCE_MS): NodeHttpHandler {
  const agentOptions = { keepAlive: true, maxSockets: 64 };
  const options = {
    httpAgent: new HttpAgent(agentOptions),
    httpsAgent: new HttpsAgent(agentOptions),
    connectionTimeout: 5_000,
    requestTimeout: longestSilenceMs,
    socketTimeout: longestSilenceMs,
    throwOnRequestTimeout: true,
  };
  return new ProgressHttpHandler(options, longestSilenceMs);
}

class ProgressHttpHandler extends NodeHttpHandler {
  constructor(
    options: NodeHttpHandlerOptions,
    private readonly everyMs: number,
  ) {
    super(options);
  }

  override async handle(
    ...request: Parameters<NodeHttpHandler["handle"]>
  ): ReturnType<NodeHttpHandler["handle"]> {
    const answered = await super.handle(...request);
    const body: unknown = answered.response.body;
    if (body instanceof IncomingMessage) endWhereItDrips(body, this.everyMs);
    return answered;
  }
}

function endWhereItDrips(answer: IncomingMessage, everyMs: number): void {
  // One answer is under way on a connection at a time.
  let before = answer.socket.bytesRead;
  const timer = setInterval(() => {
    const progress = answer.socket.bytesRead - before;
    before += progress;
    if (progress < LEAST_PROGRESS_BYTES) answer.destroy(tooSlow(progress, everyMs));
  }, everyMs);
  answer.once("close", () => clearInterval(timer));
}

function tooSlow(bytes: number, ms: number): Error {
  const message = `the answer brought ${bytes} bytes in ${ms / 1000} s, and had not ended`;
  return Object.assign(new Error(message), { name: "TimeoutError" });
}

export function kinesisClient(options: ClientOptions): KinesisClient {
  return new KinesisClient({ ...base(options), protocol: KinesisProtocol });
}

/** The producer counts and classifies every attempt itself, so the SDK makes one alone. */
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

/** Undefined for the SDK's own chain. A profile that is named wins over keys in the environment, as on AWS's command line. */
export function credentialsOf({ credentials, profile }: ClientOptions): Credentials | undefined {
  return credentials ?? (profile === undefined ? undefined : fromNodeProviderChain({ profile }));
}

function base(options: ClientOptions) {
  const { region, endpoint } = options;
  const credentials = credentialsOf(options);
  return {
    region,
    requestHandler: options.requestHandler ?? keptOpen(),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}
