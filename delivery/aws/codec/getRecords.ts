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
 * @param body The records' data overwrites parts of it, and lives in it.
 * @returns undefined for a response that is left to the SDK: with other members or types, with child shards, with spaces
 * between its tokens.
 */
export function readGetRecords(body: Buffer): GetRecordsOutput | undefined {
  const spans = dataSpans(body);
  const output: GetRecordsOutput = JSON.parse(withoutData(body, spans));
  const records = isObject(output) && isPlainOutput(output) ? output.Records : undefined;
  if (!Array.isArray(records) || records.length !== spans.length || !records.every(isPlainRecord))
    return undefined;
  for (const [index, record] of records.entries()) {
    record.Data = decodeInPlace(body, spans[index] as Span);
    if (record.Data === undefined) return undefined;
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
const [QUOTE, EQUALS] = [0x22, 0x3d];

/** Position of a record's base64 in the body. */
interface Span {
  begin: number;
  end: number;
}

/**
 * In JSON, only the ends of a string are unescaped quotes. So these bytes are a member, unless a name ends in a quote and
 * `Data`, and no member of a record does.
 */
function dataSpans(body: Buffer): Span[] {
  const spans: Span[] = [];
  let member = body.indexOf(BEFORE_DATA);
  while (member !== -1) {
    const begin = member + BEFORE_DATA.length;
    const end = body.indexOf(QUOTE, begin);
    if (end === -1) break;
    spans.push({ begin, end });
    member = body.indexOf(BEFORE_DATA, end);
  }
  return spans;
}

function withoutData(body: Buffer, spans: Span[]): string {
  const taken = spans.reduce((sum, { begin, end }) => sum + end - begin - TAKEN.length, 0);
  const rest = Buffer.allocUnsafe(body.length - taken);
  let [from, at] = [0, 0];
  for (const { begin, end } of spans) {
    at += body.copy(rest, at, from, begin);
    at += rest.write(TAKEN, at, "latin1");
    from = end;
  }
  body.copy(rest, at, from);
  return rest.toString("utf8");
}

/** Returns undefined if the span is not base64. The decoded bytes are shorter than their base64 and start where it starts. */
function decodeInPlace(body: Buffer, { begin, end }: Span): Buffer | undefined {
  const length = decodedLength(body, { begin, end });
  const text = body.toString("latin1", begin, end);
  // Node also decodes the alphabet for URLs, and skips characters of neither.
  const isBase64 = !text.includes("-") && !text.includes("_") && body.write(text, begin, "base64") === length;
  return isBase64 ? body.subarray(begin, begin + length) : undefined;
}

/** Returns the decoded length. An incomplete group of four characters is not base64 and yields a fraction. */
function decodedLength(body: Buffer, { begin, end }: Span): number {
  const padding = body[end - 1] !== EQUALS ? 0 : body[end - 2] !== EQUALS ? 1 : 2;
  return ((end - begin) / 4) * 3 - padding;
}

function timeOf(seconds: number): Date {
  return new Date(Math.round(seconds * 1000));
}
