import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { IAMClient } from "@aws-sdk/client-iam";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { KMSClient } from "@aws-sdk/client-kms";
import type { PipesClient } from "@aws-sdk/client-pipes";
import { STSClient } from "@aws-sdk/client-sts";
import { AwsJson1_1Protocol } from "@aws-sdk/core/protocols";
import type { NodeHttpHandler } from "@smithy/node-http-handler";
import type { MetadataBearer, OperationSchema } from "@smithy/types";
import { withoutUndefined } from "../common/values";
import { readGetRecords } from "./codec/getRecords";
import { EncodedPutRecords, readPutRecords } from "./codec/putRecords";
import { awsAuthorities, keepAliveHandler } from "./connections";
import { type AwsOptions, type AwsService, endpointOf, resolveCredentials } from "./profile";

export interface ClientOptions extends AwsOptions {
  region: string;
  /** Shared by the clients of a run, which destroys it at its end. Default: a new one per client. */
  requestHandler?: NodeHttpHandler | undefined;
}

/** The connections and the credentials that the clients of a run share. */
export interface Connection extends ClientOptions {
  /** Destroyed at the end of the run. */
  requestHandler: NodeHttpHandler;
}

/** Opens the connections of a run. Credentials are resolved once, so that an MFA code is asked for once. */
export function connect(options: ClientOptions): Connection {
  const requestHandler = keepAliveHandler({ authorities: () => awsAuthorities(options) });
  const credentials = resolveCredentials({ ...options, requestHandler });
  // The credentials are those of the last role already.
  const { assumeRoles, sharedFiles, ...rest } = options;
  return { ...rest, requestHandler, credentials };
}

export function kinesisClient(options: ClientOptions): KinesisClient {
  return new KinesisClient({ ...base(options, "kinesis"), protocol: KinesisProtocol });
}

/** Returns a client that makes one attempt per request: the producer counts and classifies every attempt itself. */
export function kinesisWriteClient(options: ClientOptions): KinesisClient {
  return new KinesisClient({ ...base(options, "kinesis"), protocol: KinesisProtocol, maxAttempts: 1 });
}

export function iamClient(options: ClientOptions): IAMClient {
  return new IAMClient(base(options, "iam"));
}

export function stsClient(options: ClientOptions): STSClient {
  return new STSClient(base(options, "sts"));
}

export function kmsClient(options: ClientOptions): KMSClient {
  return new KMSClient(base(options, "kms"));
}

export function cloudWatchClient(options: ClientOptions): CloudWatchClient {
  return new CloudWatchClient(base(options, "cloudwatch"));
}

/** Loads its module only for a stack with a guard, like `pipesClient`. */
export function logsClient(options: ClientOptions): CloudWatchLogsClient {
  const sdk: typeof import("@aws-sdk/client-cloudwatch-logs") = require("@aws-sdk/client-cloudwatch-logs");
  return new sdk.CloudWatchLogsClient(base(options, "logs"));
}

export function pipesClient(options: ClientOptions): PipesClient {
  const sdk: typeof import("@aws-sdk/client-pipes") = require("@aws-sdk/client-pipes");
  return new sdk.PipesClient(base(options, "pipes"));
}

function base(options: ClientOptions, service: AwsService) {
  const { region, requestHandler = keepAliveHandler() } = options;
  return {
    region,
    requestHandler,
    credentials: resolveCredentials({ ...options, requestHandler }),
    ...withoutUndefined({ endpoint: endpointOf(options, service) }),
  };
}

type Serialize = AwsJson1_1Protocol["serializeRequest"];
type Deserialize = AwsJson1_1Protocol["deserializeResponse"];

type Read = (chunks: readonly Buffer[]) => object | undefined;

const READERS: Record<string, Read | undefined> = {
  PutRecords: (chunks) => readPutRecords(Buffer.concat(chunks)),
  GetRecords: readGetRecords,
};

/**
 * The SDK's protocol for Kinesis with its own encoding of the two large bodies. The SDK walks over them member by member by
 * its schema, which costs more than all the rest of a batch. Endpoints, headers, signatures, retries and errors stay the
 * SDK's, and so do all other inputs and outputs.
 */
export class KinesisProtocol extends AwsJson1_1Protocol {
  override async serializeRequest(...[schema, input, context]: Parameters<Serialize>): ReturnType<Serialize> {
    if (!(input instanceof EncodedPutRecords)) return super.serializeRequest(schema, input, context);
    const request = await super.serializeRequest(schema, {}, context);
    request.body = input.body;
    return request;
  }

  override async deserializeResponse<Output extends MetadataBearer>(
    ...[schema, context, response]: Parameters<Deserialize>
  ): Promise<Output> {
    const read = own(READERS, schema);
    if (read === undefined || response.statusCode >= 300) {
      return super.deserializeResponse(schema, context, response);
    }
    const chunks: Buffer[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    const output = parsed(read, chunks);
    const undecoded = output === undefined ? Buffer.concat(chunks) : new Uint8Array();
    const remaining = Object.assign(Object.create(Object.getPrototypeOf(response)), response, {
      body: undecoded,
    });
    const decoded = await super.deserializeResponse<Output>(schema, context, remaining);
    return Object.assign(decoded, output);
  }
}

function own<T>(table: Record<string, T>, { name }: OperationSchema): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Returns undefined to leave the response to the SDK, which also reports invalid JSON. */
function parsed(read: Read, chunks: readonly Buffer[]): object | undefined {
  try {
    return read(chunks);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
