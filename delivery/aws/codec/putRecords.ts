import type {
  PutRecordsInput,
  PutRecordsOutput,
  PutRecordsRequestEntry,
  PutRecordsResultEntry,
} from "@aws-sdk/client-kinesis";
import { isObject } from "../../common/values";

/**
 * The bodies of PutRecords in AWS JSON 1.1, for what is sent and answered every day. Whatever else an input or an answer
 * may hold is left to the SDK: each function says so by giving nothing.
 *
 * Source: Kinesis API Reference, PutRecords; Smithy, "AWS JSON 1.1 protocol".
 */

/**
 * The body of a PutRecords request, written straight into its bytes: pieced together as strings first, it costs several
 * times as much.
 *
 * @returns undefined for an input of another form than names and whole records.
 */
export function writePutRecords(input: PutRecordsInput): Uint8Array | undefined {
  const { Records, ...target } = input;
  if (!Array.isArray(Records) || !isTarget(target) || !Records.every(isWhole)) return undefined;
  const head = JSON.stringify(target).slice(0, -1);
  const begin = `${head}${head === "{" ? "" : ","}"Records":[`;
  const body = Buffer.allocUnsafeSlow(begin.length * MAX_BYTES_PER_UNIT + entriesBound(Records) + END.length);
  let end = body.write(begin, "utf8");
  for (let index = 0; index < Records.length; index += 1) {
    if (index > 0) body[end++] = COMMA;
    end = writeEntry(body, end, Records[index] as PutRecordsRequestEntry);
  }
  return body.subarray(0, writeAscii(body, end, END));
}

const BEFORE_DATA = '{"Data":"';
const BEFORE_KEY = '","PartitionKey":';
const BEFORE_HASH_KEY = ',"ExplicitHashKey":';
const END = "]}";
const [COMMA, QUOTE, BACKSLASH, BRACE] = [0x2c, 0x22, 0x5c, 0x7d];
/** A UTF-16 code unit takes three bytes in UTF-8, and six where JSON escapes it. */
const MAX_BYTES_PER_UNIT = 6;

/** The names of a stream, of which an input has one or more, and nothing else. */
function isTarget(target: object): boolean {
  return Object.entries(target).every(
    ([name, value]) => (name === "StreamName" || name === "StreamARN") && typeof value === "string",
  );
}

function isWhole(record: PutRecordsRequestEntry | null): boolean {
  return (
    record?.Data instanceof Uint8Array &&
    typeof record.PartitionKey === "string" &&
    (record.ExplicitHashKey === undefined || typeof record.ExplicitHashKey === "string")
  );
}

function entriesBound(records: PutRecordsRequestEntry[]): number {
  let bytes = 0;
  for (const { Data, PartitionKey = "", ExplicitHashKey = "" } of records) {
    bytes +=
      base64Length(Data?.length ?? 0) + (PartitionKey.length + ExplicitHashKey.length) * MAX_BYTES_PER_UNIT;
  }
  return bytes + records.length * (BEFORE_DATA.length + BEFORE_KEY.length + BEFORE_HASH_KEY.length + 6);
}

function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

function writeEntry(body: Buffer, at: number, record: PutRecordsRequestEntry): number {
  const { Data, PartitionKey, ExplicitHashKey } = record;
  let end = writeAscii(body, at, BEFORE_DATA);
  end += body.write(bufferOf(Data as Uint8Array).toString("base64"), end, "latin1");
  end = writeQuoted(body, writeAscii(body, end, BEFORE_KEY), PartitionKey as string);
  if (ExplicitHashKey !== undefined) {
    end = writeQuoted(body, writeAscii(body, end, BEFORE_HASH_KEY), ExplicitHashKey);
  }
  body[end] = BRACE;
  return end + 1;
}

function bufferOf(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** For short text a loop beats the call into Node. */
function writeAscii(body: Buffer, at: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) body[at + index] = text.charCodeAt(index);
  return at + text.length;
}

/** As `JSON.stringify` has it; most keys need nothing escaped. */
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

/** @returns undefined for an answer of another form. */
export function readPutRecords(body: Buffer): PutRecordsOutput | undefined {
  const answer: PutRecordsOutput = JSON.parse(body.toString("utf8"));
  const records = isObject(answer) && isPlainAnswer(answer) ? answer.Records : undefined;
  return Array.isArray(records) && records.every(isPlainEntry) ? answer : undefined;
}

function isPlainAnswer(answer: PutRecordsOutput): boolean {
  const { FailedRecordCount, EncryptionType, Records } = answer;
  const known = one(isNumber(FailedRecordCount)) + one(isText(EncryptionType));
  return memberCount(answer) === known + one(Array.isArray(Records));
}

function isPlainEntry(entry: PutRecordsResultEntry): boolean {
  if (!isObject(entry)) return false;
  const { SequenceNumber, ShardId, ErrorCode, ErrorMessage } = entry;
  const known = one(isText(SequenceNumber)) + one(isText(ShardId));
  return memberCount(entry) === known + one(isText(ErrorCode)) + one(isText(ErrorMessage));
}

/*
 * The answers that are read here have members that are known, each of its type: as many as they have at all. Neither nulls
 * nor others, which the SDK leaves out. So counted, it costs a tenth of looking each name up.
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
