import { isUtf8 } from "node:buffer";
import type { Line } from "./lines";

/**
 * The most bytes of a line that is looked at: the largest record that a Kinesis stream can be set to take.
 * Source: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html (10 MiB).
 */
export const LONGEST_LINE = 10 * 1024 * 1024;

/** `blank`, an event's bytes, or why it is neither, in words that quote no value. */
type EventLine =
  | { readonly kind: "blank" }
  | { readonly kind: "event"; readonly bytes: Buffer }
  | { readonly kind: "broken"; readonly reason: string };

/** Judges one line of an export: an event is valid UTF-8 and one JSON object. */
export function eventLine(line: Line): EventLine {
  const { bytes } = line;
  if (bytes === undefined) {
    return broken(
      `is ${line.length} bytes long, more than the largest Kinesis record takes (${LONGEST_LINE} bytes)`,
    );
  }
  if (!isUtf8(bytes)) return broken("isn't valid UTF-8");
  const text = bytes.toString("utf8");
  if (text.trim() === "") return { kind: "blank" };
  return jsonLine(bytes, text);
}

/** `JSON.parse` quotes the text in its message, which may be a customer's personal data: the message is dropped. */
function jsonLine(bytes: Buffer, text: string): EventLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return broken(`isn't valid JSON (${bytes.length} bytes)`);
  }
  if (Array.isArray(value)) return broken("is a JSON array, not an object");
  if (value === null) return broken("is JSON null, not an object");
  if (typeof value !== "object") return broken(`is a JSON ${typeof value}, not an object`);
  return { kind: "event", bytes };
}

function broken(reason: string): EventLine {
  return { kind: "broken", reason };
}
