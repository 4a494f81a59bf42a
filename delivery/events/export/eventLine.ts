import { isUtf8 } from "node:buffer";
import type { Line } from "../../common/lines";

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

/** Judges one line of an export; a byte order mark before the first one is passed over. An event is valid UTF-8 and one JSON object. */
export function eventLine(line: Line): EventLine {
  const { bytes } = line;
  if (bytes === undefined) {
    return broken(
      `is ${line.length} bytes long, more than the largest Kinesis record takes (${LONGEST_LINE} bytes)`,
    );
  }
  if (!isUtf8(bytes)) return broken("isn't valid UTF-8");
  const event = line.number === 1 ? withoutMark(bytes) : bytes;
  const text = event.toString("utf8");
  if (text.trim() === "") return { kind: "blank" };
  return jsonLine(event, text);
}

/** U+FEFF in UTF-8, which editors put at the start of a file: no part of the event. */
const BYTE_ORDER_MARK = Buffer.from("\ufeff", "utf8");

export function withoutMark(bytes: Buffer): Buffer {
  const { length } = BYTE_ORDER_MARK;
  return bytes.subarray(0, length).equals(BYTE_ORDER_MARK) ? bytes.subarray(length) : bytes;
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
