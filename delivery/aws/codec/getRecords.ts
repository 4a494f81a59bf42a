import { randomBytes } from "node:crypto";
import type { GetRecordsOutput, _Record as KinesisRecord } from "@aws-sdk/client-kinesis";
import { isObject } from "../../common/values";
import { isNumber, isText, memberCount, one } from "./putRecords";

/**
 * Decodes a response of GetRecords in AWS JSON 1.1: binary data in base64, times in seconds since 1970. Nearly all of it is
 * data, so each record's data is decoded in place, and only the rest is parsed as JSON.
 *
 * Source: Kinesis API Reference, GetRecords; Smithy, "AWS JSON 1.1 protocol".
 *
 * @param chunks Parts of the body. If all of it can be read, the records' data overwrites parts of them, and lives in them:
 * joining them would cost a tenth of reading.
 * @returns undefined for a response that is left to the SDK: with other members or types, with child shards, with spaces
 * between its tokens.
 * @throws TypeError like the SDK, for data that is not base64.
 */
export function readGetRecords(chunks: readonly Buffer[]): GetRecordsOutput | undefined {
  const { data, rest } = separateData(chunks);
  const output: GetRecordsOutput = JSON.parse(rest);
  const records = isObject(output) && isPlainOutput(output) ? output.Records : undefined;
  if (!Array.isArray(records) || records.length !== data.length || !records.every(isPlainRecord))
    return undefined;
  for (const [index, record] of records.entries()) {
    record.Data = decodeInPlace(data[index] as Span);
    const { ApproximateArrivalTimestamp: arrival } = record;
    if (arrival !== undefined) record.ApproximateArrivalTimestamp = timeOf(Number(arrival));
  }
  return output;
}

function isPlainOutput(output: GetRecordsOutput): boolean {
  const { MillisBehindLatest, NextShardIterator, Records } = output;
  const known = one(isNumber(MillisBehindLatest)) + one(isText(NextShardIterator));
  return memberCount(output) === known + one(Array.isArray(Records));
}

/** Whether a record has data and no unknown members. */
function isPlainRecord(record: KinesisRecord): boolean {
  if (!isObject(record)) return false;
  const { Data: data, PartitionKey, SequenceNumber, ApproximateArrivalTimestamp, EncryptionType } = record;
  const known = one(isText(PartitionKey)) + one(isText(SequenceNumber)) + one(isText(EncryptionType));
  const isTaken = (data as unknown) === TAKEN;
  return isTaken && memberCount(record) === 1 + known + one(isNumber(ApproximateArrivalTimestamp));
}

/** A placeholder for data that was taken out. It is not base64, and no response can contain it except by knowing it. */
const TAKEN = `#${randomBytes(9).toString("base64url")}`;
const BEFORE_DATA = Buffer.from('"Data":"');
const QUOTE = 0x22;
const EQUALS = 0x3d;
const NO_BYTES = Buffer.alloc(0);

/** Position of a record's base64. */
interface Span {
  bytes: Buffer;
  begin: number;
  end: number;
}

/**
 * Separates the records' data from the rest of a body. In JSON, only the ends of a string are unescaped quotes. So
 * `BEFORE_DATA` begins a member, unless a name ends in a quote and `Data`, and no member of a record does.
 */
function separateData(chunks: readonly Buffer[]): { data: Span[]; rest: string } {
  const data: Span[] = [];
  let rest = "";
  let isInData = false;
  /** Data that began in earlier chunks. */
  let begun: Buffer[] = [];
  /** End of the last chunk, in which a member may begin. */
  let tail: Buffer = NO_BYTES;
  for (const chunk of chunks) {
    const bytes = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
    let at = 0;
    for (;;) {
      const found = bytes.indexOf(isInData ? QUOTE : BEFORE_DATA, at);
      if (found === -1) break;
      if (isInData) {
        data.push(
          begun.length === 0 ? { bytes, begin: at, end: found } : joined(begun, bytes.subarray(at, found)),
        );
        begun = [];
      } else rest += bytes.toString("latin1", at, found + BEFORE_DATA.length) + TAKEN;
      at = isInData ? found : found + BEFORE_DATA.length;
      isInData = !isInData;
    }
    const kept = isInData ? bytes.length : Math.max(at, bytes.length - BEFORE_DATA.length + 1);
    if (isInData) begun.push(bytes.subarray(at));
    else rest += bytes.toString("latin1", at, kept);
    tail = bytes.subarray(kept);
  }
  return { data, rest: Buffer.from(rest + tail.toString("latin1"), "latin1").toString("utf8") };
}

function joined(begun: readonly Buffer[], last: Buffer): Span {
  const bytes = Buffer.concat([...begun, last]);
  return { bytes, begin: 0, end: bytes.length };
}

/** The decoded bytes are shorter than their base64 and start where it starts. */
function decodeInPlace(span: Span): Buffer {
  const { bytes, begin, end } = span;
  const length = decodedLength(span);
  const text = bytes.toString("latin1", begin, end);
  // Node also decodes the alphabet for URLs, and skips characters of neither.
  const isBase64 =
    !text.includes("-") && !text.includes("_") && bytes.write(text, begin, "base64") === length;
  if (!isBase64) throw new TypeError("GetRecords returned data that is not base64");
  return bytes.subarray(begin, begin + length);
}

/** Returns the decoded length. An incomplete group of four characters is not base64 and yields a fraction. */
function decodedLength({ bytes, begin, end }: Span): number {
  const padding = bytes[end - 1] !== EQUALS ? 0 : bytes[end - 2] !== EQUALS ? 1 : 2;
  return ((end - begin) / 4) * 3 - padding;
}

function timeOf(seconds: number): Date {
  return new Date(Math.round(seconds * 1000));
}
