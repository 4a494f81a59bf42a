import { isUtf8 } from "node:buffer";
import { hash } from "node:crypto";
import type { BinaryReader } from "@bufbuild/protobuf/wire";
import { isObject } from "../common/values";
import type { Properties } from "./event";

/**
 * Arrangement of objects in a record. Amplitude doesn't document it. One object per record is expected; a list of objects
 * and one object per line are also accepted.
 */
export type Framing = "object" | "list" | "lines";

/** Why a record has no readable objects. */
export type Unreadable = "gzip" | "aggregated" | "too-large" | "not-utf8" | "not-json" | "not-objects";

export type RecordContent = { framing: Framing; objects: Properties[] } | { unreadable: Unreadable };

/** Parses the JSON objects of a record. */
export function parseRecord(data: Uint8Array): RecordContent {
  if (startsWith(data, GZIP)) return { unreadable: "gzip" };
  if (startsWith(data, AGGREGATED)) return { unreadable: "aggregated" };
  if (hasTooManyValues(data)) return { unreadable: "too-large" };
  if (!isUtf8(data)) return { unreadable: "not-utf8" };
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
  const value = parseJson(text);
  if (value === undefined) return parseLines(text);
  if (isObject(value)) return { framing: "object", objects: [value] };
  if (Array.isArray(value) && value.length > 0 && value.every(isObject)) {
    return { framing: "list", objects: value };
  }
  return { unreadable: "not-objects" };
}

/** Lists, dictionaries and names beyond which JSON isn't parsed: parsing more of them takes up to several seconds. */
export const MAX_VALUES = 250_000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The signs that begin a list or a dictionary, and the sign after a name. */
const COUNTED_SIGNS = [0x5b, 0x7b, 0x3a];

/** Whether JSON would hold up timers and signals while it is parsed, which depends on its structure more than on its length. */
export function hasTooManyValues(json: Uint8Array): boolean {
  if (json.length < 2 * MAX_VALUES) return false;
  let values = 0;
  let isInString = false;
  for (let at = 0; at < json.length && values <= MAX_VALUES; at += 1) {
    const byte = json[at] as number;
    if (byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) isInString = !isInString;
    else if (!isInString && COUNTED_SIGNS.includes(byte)) values += 1;
  }
  return values > MAX_VALUES;
}

/** RFC 1952, section 2.3.1. */
const GZIP = [0x1f, 0x8b];
/** Other producers on the stream may aggregate. */
const AGGREGATED = [0xf3, 0x89, 0x9a, 0xc2];

function startsWith(data: Uint8Array, bytes: number[]): boolean {
  return bytes.every((byte, index) => data[index] === byte);
}

/** Ends at the first line that isn't an object, because a record can have a million lines. */
function parseLines(text: string): RecordContent {
  const objects: Properties[] = [];
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf("\n", start);
    const end = found === -1 ? text.length : found;
    const line = text.slice(start, end);
    start = end + 1;
    if (line.trim() === "") continue;
    const value = parseJson(line);
    if (!isObject(value)) return { unreadable: "not-json" };
    objects.push(value);
  }
  return objects.length > 1 ? { framing: "lines", objects } : { unreadable: "not-json" };
}

/** Returns undefined if the text isn't JSON. Drops the message of `JSON.parse`, which quotes the text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the objects of a record, also of an aggregated one, or undefined if it has none that can be read. */
export function rowsIn(data: Uint8Array): Properties[] | undefined {
  const parts: Iterable<{ data: Uint8Array }> = deaggregate(data) ?? [{ data }];
  const contents = Array.from(parts, (part) => parseRecord(part.data));
  const readable = contents.filter((content) => "objects" in content);
  return readable.length === 0 ? undefined : readable.flatMap(({ objects }) => objects);
}

/** A record that a producer aggregated with others into one record of the stream. */
export interface UserRecord {
  partitionKey: string;
  /** Shares the aggregated record's memory. */
  data: Uint8Array;
}

/** Loads the library with its first use, because most streams hold no aggregated record. */
const wire = (): typeof import("@bufbuild/protobuf/wire") => require("@bufbuild/protobuf/wire");

const DIGEST_BYTES = 16;
/** Numbers of the fields of AggregatedRecord and its Record. */
const PARTITION_KEY_TABLE = 1;
const RECORDS = 3;
const PARTITION_KEY_INDEX = 1;
const DATA = 3;

/**
 * Returns the records that the Kinesis Producer Library aggregated into `data`, one at a time, or undefined for any other
 * data. As consumers do, it takes data with a wrong checksum for an ordinary record.
 *
 * Source: "KPL Aggregated Record Format", awslabs/amazon-kinesis-producer.
 */
export function deaggregate(data: Uint8Array): Iterable<UserRecord> | undefined {
  if (data.length < AGGREGATED.length + DIGEST_BYTES || !startsWith(data, AGGREGATED)) return undefined;
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const message = bytes.subarray(AGGREGATED.length, -DIGEST_BYTES);
  try {
    if (!hash("md5", message, "buffer").equals(bytes.subarray(-DIGEST_BYTES))) return undefined;
    const keys: string[] = [];
    for (const [field, reader] of fieldsOf(message))
      if (field === PARTITION_KEY_TABLE) keys.push(reader.string());
    // A damaged record has to be found before its first user record is counted.
    for (const _ of userRecords(message, keys));
    return userRecords(message, keys);
  } catch {
    return undefined;
  }
}

function* userRecords(message: Uint8Array, keys: string[]): Generator<UserRecord> {
  for (const [field, reader] of fieldsOf(message))
    if (field === RECORDS) yield userRecord(reader.bytes(), keys);
}

function userRecord(message: Uint8Array, keys: string[]): UserRecord {
  let partitionKey: string | undefined;
  let data: Uint8Array | undefined;
  for (const [field, reader] of fieldsOf(message)) {
    if (field === PARTITION_KEY_INDEX) partitionKey = keys[Number(reader.uint64())];
    else if (field === DATA) data = reader.bytes();
  }
  if (partitionKey === undefined || data === undefined)
    throw new Error("A user record has no key or no data.");
  return { partitionKey, data };
}

/** Yields each field's number with the reader at its value, and skips a value that the loop didn't read. */
function* fieldsOf(message: Uint8Array): Generator<[field: number, reader: BinaryReader]> {
  const reader = new (wire().BinaryReader)(message);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const start = reader.pos;
    yield [field, reader];
    if (reader.pos === start) reader.skip(type, field);
  }
}
