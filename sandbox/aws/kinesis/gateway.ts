import { accountOf, authorize } from "../enforcement";
import type { Answer, JsonCall } from "../protocol";
import { AwsError, Refusal } from "../protocol";
import { forward } from "./forwarding";
import { IssuedTokens } from "./issuedTokens";
import {
  checkRecordSizes,
  checkRequestLimits,
  DEFAULT_MAX_RECORD_BYTES,
  largestOf,
  recordsOf,
} from "./limits";
import { portionsOf } from "./portions";
import { isPolicyOperation, StreamPolicies } from "./streamPolicies";
import { checkRegion, targetOf } from "./target";

type Json = Record<string, unknown>;

export interface KinesisCall extends JsonCall {
  /** Condition keys that the request's own way here decides. */
  context: Record<string, string>;
}

interface Understood extends KinesisCall {
  operation: string;
  request: Json;
  streamArn: string;
}

/** No consumers: what the gateway does not enforce it does not offer. */
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
const TRIABLE = new Set(["PutRecord", "PutRecords", "GetRecords", "GetShardIterator"]);

/** Stands in front of the engine: decides who may do what, and enforces the limits that the engine does not. */
export class KinesisGateway {
  readonly #tokens = new IssuedTokens();
  readonly #policies = new StreamPolicies();

  constructor(private readonly enginePort: number) {}

  async answer(call: KinesisCall): Promise<Answer> {
    const understood = this.#understand(call);
    const { operation, request, streamArn, region } = understood;
    await this.#authorize(understood);
    checkRegion(streamArn, region);
    if (isPolicyOperation(operation)) return this.#answerPolicy(understood);
    if (WRITES.has(operation)) await this.#checkWrite(understood);
    if (TRIABLE.has(operation) && request.DryRun === true) return this.#refuseDryRun(understood);
    const answer = await this.#carryOut(understood);
    this.#rememberTokens(operation, streamArn, answer);
    if (operation === "DeleteStream" && answer.status === 200) this.#policies.forget(streamArn);
    return answer;
  }

  async #carryOut(call: Understood): Promise<Answer> {
    const [first, ...others] = portionsOf(call.operation, call.request);
    if (first === undefined || others.length === 0) return this.#forward(call, call.operation, call.body);
    let answer = await this.#forward(call, first.operation, JSON.stringify(first.request));
    for (const { operation, request } of others) {
      if (answer.status !== 200) break;
      answer = await this.#forward(call, operation, JSON.stringify(request));
    }
    return answer;
  }

  /** Who asks for a stream's policy has to be of the stream's account. Source: Kinesis API reference, PutResourcePolicy. */
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

  async #answerPolicy(call: Understood): Promise<Answer> {
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
    const request = parse(call.body);
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
    const answer = await this.#describe(call);
    if (answer.status !== 200) return DEFAULT_MAX_RECORD_BYTES;
    return (summaryOf(answer).MaxRecordSizeInKiB ?? 1024) * 1024;
  }

  /** A dry run that would have succeeded is answered with an error of its own, and does nothing. */
  async #refuseDryRun(call: Understood): Promise<Answer> {
    const answer = await this.#describe(call);
    if (answer.status !== 200) return answer;
    throw new AwsError("DryRunOperationException", "Request would have succeeded, but DryRun flag is set.");
  }

  #describe(call: Understood): Promise<Answer> {
    return this.#forward(call, "DescribeStreamSummary", JSON.stringify({ StreamARN: call.streamArn }));
  }

  #forward(call: Understood, operation: string, body: Buffer | string): Promise<Answer> {
    const accountId = accountOf(call.streamArn) ?? call.principal.accountId;
    return forward(this.enginePort, { operation, region: call.region, accountId, body });
  }

  #rememberTokens(operation: string, streamArn: string, answer: Answer): void {
    if (answer.status !== 200) return;
    if (operation === "ListShards") this.#tokens.remember(parse(answer.body).NextToken, streamArn);
    if (operation === "GetShardIterator") this.#tokens.remember(parse(answer.body).ShardIterator, streamArn);
    if (operation === "GetRecords") this.#tokens.remember(parse(answer.body).NextShardIterator, streamArn);
  }
}

function summaryOf(answer: Answer): { StreamStatus: string; MaxRecordSizeInKiB?: number } {
  const { StreamDescriptionSummary } = parse(answer.body);
  return StreamDescriptionSummary as { StreamStatus: string; MaxRecordSizeInKiB?: number };
}

function parse(body: Buffer | string): Json {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    if (typeof parsed === "object" && parsed !== null) return parsed as Json;
  } catch {
    // Falls through to the one error that says it.
  }
  throw new AwsError("SerializationException", "The body must be a JSON object (AWS JSON 1.1).");
}
