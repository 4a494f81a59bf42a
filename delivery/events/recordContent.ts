import { isUtf8 } from "node:buffer";
import { isObject } from "../common/values";
import type { Properties } from "./event";

/**
 * How the objects lie in a record. One object a record is what is expected; Amplitude's page does not say, so a list of
 * them and one a line are understood too.
 */
export type Framing = "object" | "list" | "lines";

/** Why nothing of a record was understood. */
export type Unreadable = "gzip" | "aggregated" | "not-utf8" | "not-json" | "not-objects";

export type RecordContent = { framing: Framing; objects: Properties[] } | { unreadable: Unreadable };

/** The JSON objects of a record. */
export function recordContent(data: Uint8Array): RecordContent {
  if (startsWith(data, GZIP)) return { unreadable: "gzip" };
  if (startsWith(data, AGGREGATED)) return { unreadable: "aggregated" };
  if (!isUtf8(data)) return { unreadable: "not-utf8" };
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
  const value = parsed(text);
  if (value === undefined) return lines(text);
  if (isObject(value)) return { framing: "object", objects: [value] };
  if (Array.isArray(value) && value.length > 0 && value.every(isObject)) {
    return { framing: "list", objects: value };
  }
  return { unreadable: "not-objects" };
}

/** RFC 1952, section 2.3.1. */
const GZIP = [0x1f, 0x8b];
/** Source: "KPL Aggregated Record Format", awslabs/amazon-kinesis-producer: other producers on the stream may use it. */
const AGGREGATED = [0xf3, 0x89, 0x9a, 0xc2];

function startsWith(data: Uint8Array, bytes: number[]): boolean {
  return bytes.every((byte, index) => data[index] === byte);
}

function lines(text: string): RecordContent {
  const values = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(parsed);
  const objects = values.filter(isObject);
  const areLines = values.length > 1 && objects.length === values.length;
  return areLines ? { framing: "lines", objects } : { unreadable: "not-json" };
}

/** Undefined for what is no JSON. `JSON.parse` quotes the text in its message: that is dropped. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
