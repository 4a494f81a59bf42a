import { AwsError, isObject, type Json } from "../protocol";

/** Actions without a stream. Policies can grant them only on `*`. */
const ACCOUNT_OPERATIONS = new Set(["ListStreams", "DescribeLimits"]);

const STREAM_ARN = /^arn:aws:kinesis:([a-z0-9-]+):(\d{12}):stream\/[A-Za-z0-9_.-]{1,128}$/;
const STREAM_NAME = /^[A-Za-z0-9_.-]{1,128}$/;

interface Place {
  region: string;
  accountId: string;
}

/** Returns the ARN that a policy must allow for this request: the stream's, or `*`. */
export function targetOf(operation: string, request: Json, place: Place, tokens: IssuedTokens): string {
  if (ACCOUNT_OPERATIONS.has(operation)) return "*";
  const named = [arnIn(request), nameIn(request, place), tokenIn(operation, request, tokens)];
  const [target, ...others] = named.filter((arn) => arn !== undefined);
  if (target === undefined) {
    throw invalidMember("streamName", "Member must not be null: give StreamARN or StreamName");
  }
  if (others.some((other) => other !== target)) {
    throw new AwsError("InvalidArgumentException", "The request names more than one stream.");
  }
  return target;
}

/** Rejects a stream of another region, which this region's endpoint does not serve. */
export function checkRegion(target: string, region: string): void {
  const [, streamRegion] = STREAM_ARN.exec(target) ?? [];
  if (streamRegion === undefined || streamRegion === region) return;
  throw new AwsError("ResourceNotFoundException", `Stream ${target} not found in region ${region}.`);
}

function arnIn({ StreamARN: streamArn, ResourceARN: resourceArn }: Json): string | undefined {
  const arn = streamArn ?? resourceArn;
  if (arn === undefined) return undefined;
  if (typeof arn === "string" && STREAM_ARN.test(arn)) return arn;
  throw invalidMember("streamARN", "Member must be the ARN of a stream");
}

function nameIn({ StreamName: name }: Json, { region, accountId }: Place): string | undefined {
  if (name === undefined) return undefined;
  if (typeof name === "string" && STREAM_NAME.test(name)) {
    return `arn:aws:kinesis:${region}:${accountId}:stream/${name}`;
  }
  throw invalidMember("streamName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
}

function tokenIn(operation: string, request: Json, tokens: IssuedTokens): string | undefined {
  const token = operation === "GetRecords" ? (request.ShardIterator ?? "") : request.NextToken;
  if (token === undefined) return undefined;
  const stream = tokens.streamOf(token);
  if (stream !== undefined) return stream;
  const kind = operation === "GetRecords" ? "ShardIterator" : "NextToken";
  throw new AwsError("InvalidArgumentException", `Invalid ${kind}.`);
}

/**
 * Maps shard iterators and ListShards page tokens to their streams, because AWS authorizes by stream and the tokens are
 * opaque. It drops the oldest first; AWS expires an iterator after five minutes anyway.
 */
export class IssuedTokens {
  readonly #streams = new Map<string, string>();

  constructor(private readonly capacity = 50_000) {}

  remember(token: unknown, streamArn: string): void {
    if (typeof token !== "string") return;
    this.#streams.set(token, streamArn);
    if (this.#streams.size <= this.capacity) return;
    const [oldest] = this.#streams.keys();
    if (oldest !== undefined) this.#streams.delete(oldest);
  }

  streamOf(token: unknown): string | undefined {
    return typeof token === "string" ? this.#streams.get(token) : undefined;
  }
}

/** Limits of one write. Source: "Quotas and limits" of the Kinesis Data Streams Developer Guide, PutRecords in its API reference. */
const MAX_RECORDS = 500;
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
const MAX_PARTITION_KEY_CHARACTERS = 256;
export const DEFAULT_MAX_RECORD_BYTES = 1024 * 1024;

/** Returns the records of PutRecord or PutRecords. */
export function recordsOf(operation: string, request: Json): Json[] {
  if (operation === "PutRecord") return [request];
  const { Records: records } = request;
  return Array.isArray(records) ? records.filter(isObject) : [];
}

/** @throws AwsError naming the limit. Sizes are bytes of data before base64 plus bytes of the partition key. */
export function checkRequestLimits(records: Json[]): void {
  if (records.length < 1 || records.length > MAX_RECORDS) {
    const bound = records.length < 1 ? "greater than or equal to 1" : `less than or equal to ${MAX_RECORDS}`;
    throw invalidMember("records", `Member must have length ${bound}`);
  }
  for (const [index, record] of records.entries()) checkPartitionKey(record, index);
  const total = records.reduce((sum, record) => sum + sizeOf(record), 0);
  if (total > MAX_REQUEST_BYTES) {
    throw new AwsError("InvalidArgumentException", "Records size exceeds 10 MB limit");
  }
}

export function checkRecordSizes(records: Json[], maxRecordBytes: number): void {
  const tooLarge = records.findIndex((record) => sizeOf(record) > maxRecordBytes);
  if (tooLarge < 0) return;
  throw new AwsError(
    "InvalidArgumentException",
    `Record ${tooLarge + 1} exceeds the stream's maximum record size of ${maxRecordBytes} bytes, partition key included.`,
  );
}

export function largestOf(records: Json[]): number {
  return records.reduce((largest, record) => Math.max(largest, sizeOf(record)), 0);
}

function checkPartitionKey({ PartitionKey: key }: Json, index: number): void {
  const characters = typeof key === "string" ? [...key].length : 0;
  if (characters >= 1 && characters <= MAX_PARTITION_KEY_CHARACTERS) return;
  throw invalidMember(
    `records.${index + 1}.member.partitionKey`,
    `Member must have length between 1 and ${MAX_PARTITION_KEY_CHARACTERS}, inclusive`,
  );
}

function sizeOf({ Data: data, PartitionKey: key }: Json): number {
  const dataBytes = typeof data === "string" ? Buffer.byteLength(data, "base64") : 0;
  return dataBytes + (typeof key === "string" ? Buffer.byteLength(key, "utf8") : 0);
}

export function invalidMember(member: string, constraint: string): AwsError {
  return new AwsError(
    "ValidationException",
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}
