import { request } from "node:http";
import { accountOf, authorize } from "../enforcement";
import type { HttpResponse, JsonCall } from "../protocol";
import { AwsError, isObject, type Json, parseBody, Refusal } from "../protocol";
import {
  checkRecordSizes,
  checkRegion,
  checkRequestLimits,
  DEFAULT_MAX_RECORD_BYTES,
  IssuedTokens,
  largestOf,
  recordsOf,
  targetOf,
} from "./request";
import { isPolicyOperation, StreamPolicies } from "./streamPolicies";

export interface KinesisCall extends JsonCall {
  /** Condition keys of the request's transport. */
  context: Record<string, string>;
}

interface Understood extends KinesisCall {
  operation: string;
  request: Json;
  streamArn: string;
}

/** Supported operations. The gateway doesn't enforce consumers, so it omits them. */
const OPERATIONS = new Set([
  "AddTagsToStream",
  "CreateStream",
  "DecreaseStreamRetentionPeriod",
  "DeleteResourcePolicy",
  "DeleteStream",
  "DescribeLimits",
  "DescribeStream",
  "DescribeStreamSummary",
  "DisableEnhancedMonitoring",
  "EnableEnhancedMonitoring",
  "GetRecords",
  "GetResourcePolicy",
  "GetShardIterator",
  "IncreaseStreamRetentionPeriod",
  "ListShards",
  "ListStreams",
  "ListTagsForResource",
  "ListTagsForStream",
  "MergeShards",
  "PutRecord",
  "PutRecords",
  "PutResourcePolicy",
  "RemoveTagsFromStream",
  "SplitShard",
  "StartStreamEncryption",
  "StopStreamEncryption",
  "TagResource",
  "UntagResource",
  "UpdateMaxRecordSize",
  "UpdateShardCount",
  "UpdateStreamMode",
]);

const WRITES = new Set(["PutRecord", "PutRecords"]);
const DRY_RUNNABLE = new Set(["PutRecord", "PutRecords", "GetRecords", "GetShardIterator"]);

/** Members of responses that stand for a stream in a later request. */
const TOKENS: Record<string, string> = {
  ListShards: "NextToken",
  GetShardIterator: "ShardIterator",
  GetRecords: "NextShardIterator",
};

/** Authorizes requests to the engine, and enforces limits that the engine lacks. */
export class KinesisGateway {
  readonly #tokens = new IssuedTokens();
  readonly #policies = new StreamPolicies();

  constructor(private readonly enginePort: number) {}

  async handle(call: KinesisCall): Promise<HttpResponse> {
    const understood = this.#understand(call);
    const { operation, request, streamArn, region } = understood;
    await this.#authorize(understood);
    checkRegion(streamArn, region);
    if (isPolicyOperation(operation)) return this.#runPolicyOperation(understood);
    if (WRITES.has(operation)) await this.#checkWrite(understood);
    if (DRY_RUNNABLE.has(operation) && request.DryRun === true) return this.#refuseDryRun(understood);
    const response = await this.#carryOut(understood);
    if (response.status === 200) {
      const token = TOKENS[operation];
      if (token !== undefined) this.#tokens.remember(parseBody(response)[token], streamArn);
      if (operation === "DeleteStream") this.#policies.forget(streamArn);
    }
    return response;
  }

  async #carryOut(call: Understood): Promise<HttpResponse> {
    const [first, ...others] = portionsOf(call.operation, call.request);
    if (first === undefined || others.length === 0) return this.#forward(call, call.operation, call.body);
    let response = await this.#forward(call, first.operation, JSON.stringify(first.request));
    for (const { operation, request } of others) {
      if (response.status !== 200) break;
      response = await this.#forward(call, operation, JSON.stringify(request));
    }
    return response;
  }

  /** Only the stream's account may access the stream's policy. Source: Kinesis API reference, PutResourcePolicy. */
  #authorize(call: Understood): Promise<void> {
    const { operation, streamArn, principal } = call;
    const isOwner = accountOf(streamArn) === principal.accountId;
    const hasSay = isOwner || !isPolicyOperation(operation);
    return authorize({
      ...call,
      action: `kinesis:${operation}`,
      resource: streamArn,
      resourcePolicy: hasSay ? this.#policies.documentOf(streamArn) : undefined,
    });
  }

  async #runPolicyOperation(call: Understood): Promise<HttpResponse> {
    const stream = await this.#describe(call);
    if (stream.status !== 200) return stream;
    const body = this.#policies.run(
      call.operation,
      call.streamArn,
      summaryOf(stream).StreamStatus,
      call.request,
    );
    return { status: 200, headers: stream.headers, body };
  }

  #understand(call: KinesisCall): Understood {
    const [, operation = ""] = /^Kinesis_20131202\.(\w+)$/.exec(call.target) ?? [];
    if (!OPERATIONS.has(operation)) {
      throw new Refusal(
        "UnknownOperation",
        `The sandbox's Kinesis does not have the operation ${call.target}.`,
      );
    }
    const request = parseBody(call);
    const place = { region: call.region, accountId: call.principal.accountId };
    return { ...call, operation, request, streamArn: targetOf(operation, request, place, this.#tokens) };
  }

  async #checkWrite(call: Understood): Promise<void> {
    const records = recordsOf(call.operation, call.request);
    checkRequestLimits(records);
    if (largestOf(records) <= DEFAULT_MAX_RECORD_BYTES) return;
    checkRecordSizes(records, await this.#maxRecordBytes(call));
  }

  async #maxRecordBytes(call: Understood): Promise<number> {
    const response = await this.#describe(call);
    if (response.status !== 200) return DEFAULT_MAX_RECORD_BYTES;
    return (summaryOf(response).MaxRecordSizeInKiB ?? 1024) * 1024;
  }

  /** Rejects a dry run that would succeed with AWS's dedicated error. */
  async #refuseDryRun(call: Understood): Promise<HttpResponse> {
    const response = await this.#describe(call);
    if (response.status !== 200) return response;
    throw new AwsError("DryRunOperationException", "Request would have succeeded, but DryRun flag is set.");
  }

  #describe(call: Understood): Promise<HttpResponse> {
    return this.#forward(call, "DescribeStreamSummary", JSON.stringify({ StreamARN: call.streamArn }));
  }

  #forward(call: Understood, operation: string, body: Buffer | string): Promise<HttpResponse> {
    const accountId = accountOf(call.streamArn) ?? call.principal.accountId;
    return forward(this.enginePort, { operation, region: call.region, accountId, body });
  }
}

function summaryOf(response: HttpResponse): { StreamStatus: string; MaxRecordSizeInKiB?: number } {
  const { StreamDescriptionSummary } = parseBody(response);
  return StreamDescriptionSummary as { StreamStatus: string; MaxRecordSizeInKiB?: number };
}

/** A request to the engine that replaces part of a larger one. */
interface Portion {
  operation: string;
  request: Json;
}

/** Maximum number of tags that the engine accepts per request. Kinesis itself accepts 50. Source: Kinesis API Reference, CreateStream, AddTagsToStream. */
const TAGS_A_REQUEST = 10;

/** Splits a request with more tags than the engine accepts at once. */
function portionsOf(operation: string, request: Json): Portion[] {
  const { Tags, TagKeys, ...rest } = request;
  if (isObject(Tags)) {
    const [first = {}, ...others] = chunks(Object.entries(Tags)).map((tags) => Object.fromEntries(tags));
    const after = operation === "CreateStream" ? "AddTagsToStream" : operation;
    const target = operation === "CreateStream" ? { StreamName: request.StreamName } : rest;
    return [
      { operation, request: { ...rest, Tags: first } },
      ...others.map((tags) => ({ operation: after, request: { ...target, Tags: tags } })),
    ];
  }
  if (Array.isArray(TagKeys) && TagKeys.length > 0) {
    return chunks(TagKeys).map((keys) => ({ operation, request: { ...rest, TagKeys: keys } }));
  }
  return [{ operation, request }];
}

function chunks<T>(items: T[]): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < items.length; at += TAGS_A_REQUEST) parts.push(items.slice(at, at + TAGS_A_REQUEST));
  return parts;
}

interface Forwarded {
  operation: string;
  region: string;
  accountId: string;
  body: Buffer | string;
}

/** Forwards a request. The engine checks no signature: it reads the account and region, and stores streams per pair. */
function forward(port: number, { operation, region, accountId, body }: Forwarded): Promise<HttpResponse> {
  const headers = {
    authorization: `AWS4-HMAC-SHA256 Credential=${accountId}/20000101/${region}/kinesis/aws4_request, SignedHeaders=host, Signature=0`,
    "content-type": "application/x-amz-json-1.1",
    "content-length": Buffer.byteLength(body),
    "x-amz-date": "20000101T000000Z",
    "x-amz-target": `Kinesis_20131202.${operation}`,
  };
  return new Promise((resolve, reject) => {
    // Each request gets a separate connection. The engine may close a reused one just as the next request begins, and it
    // would then be unknown whether a write succeeded.
    const outgoing = request({ host: "127.0.0.1", port, method: "POST", path: "/", headers, agent: false });
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", reject);
      incoming.once("end", () => {
        const contentType = incoming.headers["content-type"] ?? "application/x-amz-json-1.1";
        resolve({
          status: incoming.statusCode ?? 500,
          headers: { "content-type": contentType },
          body: Buffer.concat(chunks),
        });
      });
    });
    outgoing.end(body);
  });
}
