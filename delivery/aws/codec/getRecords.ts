import { randomBytes } from "node:crypto";
import type { GetRecordsOutput, _Record as KinesisRecord } from "@aws-sdk/client-kinesis";
import { isObject } from "../../common/values";
import { isNumber, isText, memberCount, one } from "./putRecords";

/**
 * The answer of GetRecords in AWS JSON 1.1: binary data in base64, times in seconds since 1970. Data is nearly all of it,
 * so each record's is decoded where it lies, and only the rest is parsed as JSON.
 *
 * Source: Kinesis API Reference, GetRecords; Smithy, "AWS JSON 1.1 protocol".
 *
 * @returns undefined for an answer of another form, which is left to the SDK: without whole records, with a resharding,
 * with spaces between its tokens.
 */
export function readGetRecords(body: Buffer): GetRecordsOutput | undefined {
  const spans = dataSpans(body);
  const answer: GetRecordsOutput = JSON.parse(withoutData(body, spans));
  const records = isObject(answer) && isPlainAnswer(answer) ? answer.Records : undefined;
  if (!Array.isArray(records) || records.length !== spans.length) return undefined;
  const data = records.every(isWhole) ? decoded(body, spans) : undefined;
  if (data === undefined) return undefined;
  for (const [index, record] of records.entries()) {
    record.Data = data[index];
    const { ApproximateArrivalTimestamp: arrival } = record;
    if (arrival !== undefined) record.ApproximateArrivalTimestamp = timeOf(Number(arrival));
  }
  return answer;
}

function isPlainAnswer(answer: GetRecordsOutput): boolean {
  const { MillisBehindLatest, NextShardIterator, Records } = answer;
  const known = one(isNumber(MillisBehindLatest)) + one(isText(NextShardIterator));
  return memberCount(answer) === known + one(Array.isArray(Records));
}

/** A record with data, and with nothing that is unknown. */
function isWhole(record: KinesisRecord): boolean {
  if (!isObject(record)) return false;
  const { Data: data, PartitionKey, SequenceNumber, ApproximateArrivalTimestamp, EncryptionType } = record;
  const known = one(isText(PartitionKey)) + one(isText(SequenceNumber)) + one(isText(EncryptionType));
  const isTaken = (data as unknown) === TAKEN;
  return isTaken && memberCount(record) === 1 + known + one(isNumber(ApproximateArrivalTimestamp));
}

/** Stands for data that was taken out: no base64, and nothing that an answer can hold but by knowing it. */
const TAKEN = `#${randomBytes(9).toString("base64url")}`;
const BEFORE_DATA = Buffer.from('"Data":"');
const [QUOTE, EQUALS] = [0x22, 0x3d];

/** Where the base64 of a record lies in the body. */
interface Span {
  begin: number;
  end: number;
}

/**
 * JSON has an unescaped quote at the ends of a string alone. So these bytes are a member, but for a name that ends in a
 * quote and `Data`; and that is not a member of a record.
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

/** All in one piece of memory. @returns undefined where one is no base64. */
function decoded(body: Buffer, spans: Span[]): Buffer[] | undefined {
  if (spans.length === 0) return [];
  const memory = Buffer.allocUnsafeSlow(spans.reduce((sum, span) => sum + decodedLength(body, span), 0));
  let at = 0;
  const data: Buffer[] = [];
  for (const span of spans) {
    const length = decodedLength(body, span);
    const text = body.toString("latin1", span.begin, span.end);
    // Node takes the alphabet for URLs too, and passes over what is in neither.
    if (text.includes("-") || text.includes("_") || memory.write(text, at, "base64") !== length)
      return undefined;
    data.push(memory.subarray(at, at + length));
    at += length;
  }
  return data;
}

/** Returns the decoded length. An incomplete group of four characters is not base64 and yields a fraction. */
function decodedLength(body: Buffer, { begin, end }: Span): number {
  const padding = body[end - 1] !== EQUALS ? 0 : body[end - 2] !== EQUALS ? 1 : 2;
  return ((end - begin) / 4) * 3 - padding;
}

function timeOf(seconds: number): Date {
  return new Date(Math.round(seconds * 1000));
}
