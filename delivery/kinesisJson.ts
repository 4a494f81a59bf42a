import type {
  GetRecordsOutput,
  PutRecordsInput,
  PutRecordsOutput,
  PutRecordsRequestEntry,
} from "@aws-sdk/client-kinesis";

/**
 * AWS JSON 1.1 of PutRecords and GetRecords: binary data in base64, times in seconds since 1970. A null is as good as
 * nothing, as it is to the SDK.
 *
 * Source: Kinesis API Reference, PutRecords and GetRecords; Smithy, "AWS JSON 1.1 protocol".
 */

/**
 * The body of a PutRecords request, written straight into its bytes: pieced together as a string first, it costs seven
 * times as much.
 */
export function writePutRecords({ Records = [], ...target }: Partial<PutRecordsInput>): Uint8Array {
  const head = JSON.stringify(target).slice(0, -1);
  const begin = `${head}${head === "{" ? "" : ","}"Records":[`;
  const ends = Records.map(afterData);
  const body = Buffer.allocUnsafeSlow(Buffer.byteLength(begin) + entriesSize(Records, ends) + END.length);
  let end = body.write(begin, "utf8");
  for (let index = 0; index < Records.length; index += 1) {
    end += body.write(index === 0 ? BEFORE_DATA : `,${BEFORE_DATA}`, end, "latin1");
    end += body.write(bufferOf(Records[index]?.Data).toString("base64"), end, "latin1");
    end += body.write(ends[index] ?? "", end, "utf8");
  }
  body.write(END, end, "latin1");
  return body;
}

const BEFORE_DATA = '{"Data":"';
const END = "]}";

function afterData({ PartitionKey = "", ExplicitHashKey }: PutRecordsRequestEntry): string {
  const key = `","PartitionKey":${quoted(PartitionKey)}`;
  return ExplicitHashKey === undefined ? `${key}}` : `${key},"ExplicitHashKey":${quoted(ExplicitHashKey)}}`;
}

/** `JSON.stringify` for the many that need nothing escaped. */
function quoted(text: string): string {
  return /^[\w .:/-]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}

function entriesSize(records: PutRecordsRequestEntry[], ends: string[]): number {
  let size = Math.max(0, records.length - 1);
  for (const { Data } of records) size += BEFORE_DATA.length + base64Length(Data?.byteLength ?? 0);
  for (const end of ends) size += Buffer.byteLength(end);
  return size;
}

function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

function bufferOf(data: Uint8Array | undefined): Buffer {
  if (data === undefined) return EMPTY;
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

const EMPTY = Buffer.alloc(0);

type Json = Record<string, unknown>;

/** @throws Error for what is no PutRecords answer in form. */
export function readPutRecords(text: string): Partial<PutRecordsOutput> {
  const answer = objectIn(JSON.parse(text));
  listIn(answer.Records).forEach(objectIn);
  return answer;
}

/** @throws Error for what is no GetRecords answer in form. */
export function readGetRecords(text: string): Partial<GetRecordsOutput> {
  const answer = objectIn(JSON.parse(text));
  for (const record of listIn(answer.Records).map(objectIn)) {
    if (record.Data !== undefined) record.Data = bytesIn(record.Data);
    const arrival = record.ApproximateArrivalTimestamp;
    if (arrival !== undefined) record.ApproximateArrivalTimestamp = timeIn(arrival);
  }
  for (const child of listIn(answer.ChildShards).map(objectIn)) {
    listIn(child.ParentShards);
    if (child.HashKeyRange !== undefined) objectIn(child.HashKeyRange);
  }
  return answer;
}

/** The object itself, its nulls taken away. */
function objectIn(value: unknown): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("no object");
  const object = value as Json;
  for (const key in object) if (object[key] === null) delete object[key];
  return object;
}

function listIn(value: unknown): unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new TypeError("no list");
  return value;
}

function bytesIn(value: unknown): Buffer {
  if (typeof value !== "string") throw new TypeError("no base64");
  const bytes = Buffer.from(value, "base64");
  // Node passes over what isn't base64: so much of it, and the record would be another one.
  if (bytes.length !== decodedLength(value)) throw new TypeError("no base64");
  return bytes;
}

function decodedLength(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}

function timeIn(seconds: unknown): Date {
  if (typeof seconds !== "number") throw new TypeError("no time");
  return new Date(Math.round(seconds * 1000));
}
