import { AwsError } from "../protocol";

type Json = Record<string, unknown>;

/** Limits of one write. Source: "Quotas and limits" of the Kinesis Data Streams Developer Guide, PutRecords in its API reference. */
const MAX_RECORDS = 500;
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
const MAX_PARTITION_KEY_CHARACTERS = 256;
export const DEFAULT_MAX_RECORD_BYTES = 1024 * 1024;

/** Returns the records of PutRecord or PutRecords. */
export function recordsOf(operation: string, request: Json): Json[] {
  if (operation === "PutRecord") return [request];
  const { Records: records } = request;
  return Array.isArray(records)
    ? records.filter((record) => typeof record === "object" && record !== null)
    : [];
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
