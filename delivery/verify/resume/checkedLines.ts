import { crc32 } from "node:zlib";

/** A line of a run file: the CRC-32 of what follows in eight hexadecimal digits, a space, and JSON. */
export function checkedLine(value: unknown): string {
  const json = JSON.stringify(value);
  return `${checksum(json)} ${json}\n`;
}

/** @returns undefined for a line that is torn or changed. */
export function readCheckedLine(line: string): unknown {
  const json = line.slice(9);
  if (line[8] !== " " || line.slice(0, 8) !== checksum(json)) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
