import { isObject } from "../common/values";
import type { Properties } from "./event";

/**
 * The rows in a record's data. Amplitude documents what a row is and not how a record holds it: one row, several on
 * lines of their own, or a list of them.
 *
 * @returns undefined where the data is none of these.
 */
export function rowsIn(data: Uint8Array): Properties[] | undefined {
  const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString("utf8");
  const whole = parsed(text);
  if (whole !== undefined) return rowsOf(whole);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const rows = lines.map((line) => rowsOf(parsed(line)));
  return lines.length > 0 && rows.every((row) => row !== undefined) ? rows.flat() : undefined;
}

function rowsOf(value: unknown): Properties[] | undefined {
  const values = Array.isArray(value) ? value : [value];
  return values.every(isObject) ? values : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
