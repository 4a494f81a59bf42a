import { createReadStream } from "node:fs";
import { truncate } from "node:fs/promises";
import { DeliveryError, messageOf } from "../../common/errors";
import { LineSplitter } from "../../common/lines";
import { readCheckedLine } from "./checkedLines";
import type { RunFileEntry, RunHeader } from "./runFileEntry";

/** Far above any line that is written: 500 events an attempt. */
const LONGEST_LINE = 16 * 1024 * 1024;

/**
 * Reads a run's file. A torn last line, one without its end, as a process leaves it that ends while it writes, is cut off:
 * what it was to say had not been done yet.
 *
 * @param onEntry told of each line after the first, in order.
 * @throws DeliveryError `run-file` where there is no such file, it is another format's, or a whole line is damaged.
 */
export async function readRunFile(path: string, onEntry: (entry: RunFileEntry) => void): Promise<RunHeader> {
  let header: RunHeader | undefined;
  let goodBytes = 0;
  let isTorn = false;
  for await (const { number, text, end, isWhole } of linesOf(path)) {
    isTorn = !isWhole;
    if (isTorn) break;
    const value = text === undefined ? undefined : readCheckedLine(text);
    if (value === undefined) throw damaged(path, number);
    goodBytes = end;
    if (header === undefined) header = headerIn(value, path);
    else onEntry(value as RunFileEntry);
  }
  if (header === undefined) throw unusable(path, "it holds no whole first line, so nothing was sent");
  if (isTorn) await truncate(path, goodBytes);
  return header;
}

/** The first line alone. */
export async function readRunHeader(path: string): Promise<RunHeader> {
  for await (const { text } of linesOf(path)) {
    return headerIn(text === undefined ? undefined : readCheckedLine(text), path);
  }
  throw unusable(path, "it is empty, so nothing was sent");
}

interface FileLine {
  number: number;
  /** Undefined where it is torn or too long to be one. */
  text: string | undefined;
  /** It has its end. Only the last line may have none. */
  isWhole: boolean;
  /** Bytes of the file up to its end. */
  end: number;
}

async function* linesOf(path: string): AsyncGenerator<FileLine> {
  const splitter = new LineSplitter(LONGEST_LINE);
  let end = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      for (const { number, bytes, length } of splitter.push(chunk)) {
        end += length + 1;
        yield { number, text: bytes?.toString("utf8"), end, isWhole: true };
      }
    }
  } catch (cause) {
    if (cause instanceof DeliveryError) throw cause;
    throw unusable(path, reasonOf(cause), cause);
  }
  const last = splitter.end();
  if (last !== undefined) yield { number: last.number, text: undefined, end, isWhole: false };
}

function headerIn(value: unknown, path: string): RunHeader {
  if (typeof value === "object" && value !== null && "format" in value && value.format === 1)
    return value as RunHeader;
  throw unusable(path, "its first line is not that of a run of this version");
}

function reasonOf(cause: unknown): string {
  const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
  if (isMissing) return "there is no such file: a run that was decided has left none";
  return messageOf(cause);
}

function unusable(path: string, reason: string, cause?: unknown): DeliveryError {
  return new DeliveryError(
    "run-file",
    `The run of ${path} can't be gone on with: ${reason}. --run-folder names another folder; a new run needs no --resume`,
    { cause },
  );
}

function damaged(path: string, line: number): DeliveryError {
  return unusable(path, `line ${line} is damaged, so what was sent after it is not known`);
}
