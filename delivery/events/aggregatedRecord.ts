import { hash } from "node:crypto";
import type { BinaryReader } from "@bufbuild/protobuf/wire";

/** A record that a producer aggregated with others into one record of the stream. */
export interface UserRecord {
  partitionKey: string;
  /** Shares the aggregated record's memory. */
  data: Uint8Array;
}

/** Loads the library with its first use, because most streams hold no aggregated record. */
const wire = (): typeof import("@bufbuild/protobuf/wire") => require("@bufbuild/protobuf/wire");

const MAGIC = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);
const DIGEST_BYTES = 16;
/** Numbers of the fields of AggregatedRecord and its Record. */
const [PARTITION_KEY_TABLE, RECORDS] = [1, 3];
const [PARTITION_KEY_INDEX, DATA] = [1, 3];

/**
 * Returns the records that the Kinesis Producer Library aggregated into `data`, one at a time, or undefined for any other
 * data. As consumers do, it takes data with a wrong checksum for an ordinary record.
 *
 * Source: "KPL Aggregated Record Format", awslabs/amazon-kinesis-producer.
 */
export function deaggregate(data: Uint8Array): Iterable<UserRecord> | undefined {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length < MAGIC.length + DIGEST_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    return undefined;
  const message = bytes.subarray(MAGIC.length, -DIGEST_BYTES);
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
