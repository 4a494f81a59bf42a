import { authorize } from "../enforcement";
import type { Grants, Principal } from "../principals";
import type { Answer } from "../protocol";
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
import { checkRegion, targetOf } from "./target";

type Json = Record<string, unknown>;

export interface KinesisCall {
  principal: Principal;
  grants: Grants;
  region: string;
  now: Date;
  /** The `x-amz-target` header. */
  target: string;
  body: Buffer;
}

interface Understood extends KinesisCall {
  operation: string;
  request: Json;
  streamArn: string;
}

/** No consumers and no resource policies: what the gateway does not enforce it does not offer. */
const OPERATIONS = new Set([
  "AddTagsToStream",
  "CreateStream",
  "DecreaseStreamRetentionPeriod",
  "DeleteStream",
  "DescribeLimits",
  "DescribeStream",
  "DescribeStreamSummary",
  "DisableEnhancedMonitoring",
  "EnableEnhancedMonitoring",
  "GetRecords",
  "GetShardIterator",
  "IncreaseStreamRetentionPeriod",
  "ListShards",
  "ListStreams",
  "ListTagsForResource",
  "ListTagsForStream",
  "MergeShards",
  "PutRecord",
  "PutRecords",
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

  constructor(private readonly enginePort: number) {}

  async answer(call: KinesisCall): Promise<Answer> {
    const understood = this.#understand(call);
    const { operation, request, streamArn, region } = understood;
    await authorize({ ...call, action: `kinesis:${operation}`, resource: streamArn });
    checkRegion(streamArn, region);
    if (WRITES.has(operation)) await this.#checkWrite(understood);
    if (TRIABLE.has(operation) && request.DryRun === true) return this.#refuseDryRun(understood);
    const answer = await this.#forward(understood, operation, call.body);
    this.#rememberTokens(operation, streamArn, answer);
    return answer;
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
    const { StreamDescriptionSummary: summary } = parse(answer.body) as {
      StreamDescriptionSummary?: { MaxRecordSizeInKiB?: number };
    };
    return (summary?.MaxRecordSizeInKiB ?? 1024) * 1024;
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

  #forward({ region, principal }: Understood, operation: string, body: Buffer | string): Promise<Answer> {
    return forward(this.enginePort, { operation, region, accountId: principal.accountId, body });
  }

  #rememberTokens(operation: string, streamArn: string, answer: Answer): void {
    if (answer.status !== 200) return;
    if (operation === "ListShards") this.#tokens.remember(parse(answer.body).NextToken, streamArn);
    if (operation === "GetShardIterator") this.#tokens.remember(parse(answer.body).ShardIterator, streamArn);
    if (operation === "GetRecords") this.#tokens.remember(parse(answer.body).NextShardIterator, streamArn);
  }
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
