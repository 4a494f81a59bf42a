import { AwsError } from "../../../sandbox/aws/protocol";
import type { MemoryShard } from "./memoryStream";

/** Content of a shard iterator. */
export interface IteratorState {
  streamName: string;
  shardId: string;
  /** Position of the shard's next record to read, from 0. */
  next: number;
  /** Epoch time in ms. */
  issuedAt: number;
}

/** Source: Kinesis API Reference, GetShardIterator. */
const LIFETIME_MS = 5 * 60 * 1000;

export function encodeIterator(state: IteratorState): string {
  return Buffer.from(JSON.stringify(state)).toString("base64");
}

/** @throws AwsError `InvalidArgumentException` for other text, or `ExpiredIteratorException`. */
export function decodeIterator(iterator: unknown, now: number): IteratorState {
  const state = parsed(iterator);
  if (now - state.issuedAt > LIFETIME_MS) {
    throw new AwsError(
      "ExpiredIteratorException",
      "Iterator expired: it was issued more than 5 minutes ago.",
    );
  }
  return state;
}

function parsed(iterator: unknown): IteratorState {
  try {
    const state: IteratorState = JSON.parse(Buffer.from(String(iterator), "base64").toString());
    if (typeof state.shardId === "string" && typeof state.next === "number") return state;
  } catch {
    // Falls through to the error below.
  }
  throw new AwsError("InvalidArgumentException", "Invalid ShardIterator.");
}

export interface IteratorRequest {
  ShardIteratorType?: string;
  StartingSequenceNumber?: string;
  /** Epoch time in seconds. */
  Timestamp?: number;
}

/**
 * Returns the position, from 0, at which reading a shard starts.
 *
 * @throws AwsError `InvalidArgumentException`
 */
export function positionIn({ records }: MemoryShard, request: IteratorRequest, now: number): number {
  const { ShardIteratorType: type, StartingSequenceNumber: sequenceNumber, Timestamp: seconds } = request;
  switch (type) {
    case "TRIM_HORIZON":
      return 0;
    case "LATEST":
      return records.length;
    case "AT_TIMESTAMP":
      return positionAt(records, (seconds ?? Number.NaN) * 1000, now);
    case "AT_SEQUENCE_NUMBER":
      return positionOf(records, sequenceNumber);
    case "AFTER_SEQUENCE_NUMBER":
      return positionOf(records, sequenceNumber) + 1;
    default:
      throw new AwsError("InvalidArgumentException", `Invalid ShardIteratorType ${type}.`);
  }
}

function positionAt(records: MemoryShard["records"], time: number, now: number): number {
  if (Number.isNaN(time) || time > now) {
    throw new AwsError("InvalidArgumentException", "Timestamp cannot be in the future.");
  }
  const position = records.findIndex(({ arrivedAt }) => arrivedAt >= time);
  return position < 0 ? records.length : position;
}

function positionOf(records: MemoryShard["records"], sequenceNumber = ""): number {
  const position = records.findIndex((record) => String(record.sequenceNumber) === sequenceNumber);
  if (position >= 0) return position;
  throw new AwsError(
    "InvalidArgumentException",
    `There is no record with the sequence number ${sequenceNumber}.`,
  );
}
