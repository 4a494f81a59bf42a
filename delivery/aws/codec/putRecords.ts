import type { PutRecordsInput, PutRecordsOutput, PutRecordsResultEntry } from "@aws-sdk/client-kinesis";
import { isObject } from "../../common/values";

/*
 * The bodies of PutRecords in AWS JSON 1.1, which cost the SDK most of a batch's CPU.
 *
 * Source: Kinesis API Reference, PutRecords; Smithy, "AWS JSON 1.1 protocol".
 */

/** An input of PutRecords whose body is already encoded. Only clients with `KinesisProtocol` send it. */
export class EncodedPutRecords implements PutRecordsInput {
  readonly Records = undefined;

  constructor(
    readonly StreamName: string,
    readonly body: Buffer,
  ) {}
}

/** A record as it goes into a body. */
export interface RecordContent {
  readonly partitionKey: string;
  /** Decimal integer. */
  readonly explicitHashKey?: string;
  readonly bytes: Buffer;
}

/**
 * Encodes a request directly as bytes, which costs a fraction of building a string first.
 *
 * @param memory Memory of an earlier body, overwritten if it is large enough.
 * @returns The body. Its underlying memory starts at the body's first byte.
 */
export function encodePutRecords(
  streamName: string,
  records: readonly RecordContent[],
  memory: Buffer = Buffer.alloc(0),
): Buffer {
  const begin = `{"StreamName":${JSON.stringify(streamName)},"Records":[`;
  const size = begin.length * MAX_BYTES_PER_UNIT + entriesBound(records) + END.length;
  const body = memory.length >= size ? memory : Buffer.allocUnsafeSlow(Math.ceil(size * HEADROOM));
  let end = body.write(begin, "utf8");
  for (let index = 0; index < records.length; index += 1) {
    if (index > 0) body[end++] = COMMA;
    end = writeEntry(body, end, records[index] as RecordContent);
  }
  return body.subarray(0, writeAscii(body, end, END));
}

/** Lets memory hold the next body even if its records are somewhat larger. */
const HEADROOM = 1.1;
const BEFORE_DATA = '{"Data":"';
const BEFORE_KEY = '","PartitionKey":';
const BEFORE_HASH_KEY = ',"ExplicitHashKey":';
const END = "]}";
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7d;
/** A UTF-16 code unit takes at most three bytes in UTF-8, and six if JSON escapes it. */
const MAX_BYTES_PER_UNIT = 6;

function entriesBound(records: readonly RecordContent[]): number {
  let bytes = 0;
  for (const { bytes: data, partitionKey, explicitHashKey } of records) {
    bytes += base64Length(data.length) + partitionKey.length * MAX_BYTES_PER_UNIT;
    if (explicitHashKey !== undefined)
      bytes += BEFORE_HASH_KEY.length + 2 + explicitHashKey.length * MAX_BYTES_PER_UNIT;
  }
  return bytes + records.length * (BEFORE_DATA.length + BEFORE_KEY.length + 4);
}

function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

function writeEntry(
  body: Buffer,
  at: number,
  { bytes, partitionKey, explicitHashKey }: RecordContent,
): number {
  let end = writeAscii(body, at, BEFORE_DATA);
  end += body.write(bytes.toString("base64"), end, "latin1");
  end = writeQuoted(body, writeAscii(body, end, BEFORE_KEY), partitionKey);
  if (explicitHashKey !== undefined)
    end = writeQuoted(body, writeAscii(body, end, BEFORE_HASH_KEY), explicitHashKey);
  body[end] = BRACE;
  return end + 1;
}

/** For short text, a loop is faster than a call into Node. */
function writeAscii(body: Buffer, at: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) body[at + index] = text.charCodeAt(index);
  return at + text.length;
}

/** Writes what `JSON.stringify` returns. Most keys need no escaping. */
function writeQuoted(body: Buffer, at: number, text: string): number {
  let end = at;
  body[end++] = QUOTE;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) {
      return at + body.write(JSON.stringify(text), at, "utf8");
    }
    body[end++] = unit;
  }
  body[end] = QUOTE;
  return end + 1;
}

/** Returns undefined for a response with other members or types, which is left to the SDK. */
export function readPutRecords(body: Buffer): PutRecordsOutput | undefined {
  const output: PutRecordsOutput = JSON.parse(body.toString("utf8"));
  const records = isObject(output) && isPlainOutput(output) ? output.Records : undefined;
  return Array.isArray(records) && records.every(isPlainEntry) ? output : undefined;
}

function isPlainOutput(output: PutRecordsOutput): boolean {
  const { FailedRecordCount, EncryptionType, Records } = output;
  const known = one(isNumber(FailedRecordCount)) + one(isText(EncryptionType));
  return memberCount(output) === known + one(Array.isArray(Records));
}

function isPlainEntry(entry: PutRecordsResultEntry): boolean {
  if (!isObject(entry)) return false;
  const { SequenceNumber, ShardId, ErrorCode, ErrorMessage } = entry;
  const known = one(isText(SequenceNumber)) + one(isText(ShardId));
  return memberCount(entry) === known + one(isText(ErrorCode)) + one(isText(ErrorMessage));
}

/*
 * A response is plain if it has no members but the known ones, each of its type: no nulls and no unknown members, which the
 * SDK drops. Comparing two counts costs a tenth of looking up each name.
 */

export function isText(value: unknown): boolean {
  return typeof value === "string";
}

export function isNumber(value: unknown): boolean {
  return Number.isFinite(value);
}

export function one(isKnown: boolean): number {
  return isKnown ? 1 : 0;
}

export function memberCount(object: object): number {
  let count = 0;
  for (const _ in object) count += 1;
  return count;
}
