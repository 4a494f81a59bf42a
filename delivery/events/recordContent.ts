import { isUtf8 } from "node:buffer";
import { isObject } from "../common/values";
import { deaggregate } from "./aggregatedRecord";
import type { Properties } from "./event";

/**
 * Arrangement of objects in a record. Amplitude doesn't document it. One object per record is expected; a list of objects
 * and one object per line are also accepted.
 */
export type Framing = "object" | "list" | "lines";

/** Why a record has no readable objects. */
export type Unreadable = "gzip" | "aggregated" | "not-utf8" | "not-json" | "not-objects";

export type RecordContent = { framing: Framing; objects: Properties[] } | { unreadable: Unreadable };

/** Parses the JSON objects of a record. */
export function parseRecord(data: Uint8Array): RecordContent {
  if (startsWith(data, GZIP)) return { unreadable: "gzip" };
  if (startsWith(data, AGGREGATED)) return { unreadable: "aggregated" };
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

/** RFC 1952, section 2.3.1. */
const GZIP = [0x1f, 0x8b];
/** Other producers on the stream may aggregate. Source: "KPL Aggregated Record Format", awslabs/amazon-kinesis-producer. */
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
