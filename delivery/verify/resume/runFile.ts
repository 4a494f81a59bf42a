import { createReadStream, existsSync, readdirSync, statSync, truncateSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { DeliveryError, messageOf } from "../../common/errors";
import { hasCode, makeFolder } from "../../common/files";
import { listed } from "../../common/findings";
import { LineSplitter } from "../../common/lines";
import type { StackOutputs } from "../../common/outputs";
import { type Part, partText } from "../../common/part";
import { isObject } from "../../common/values";
import type { Reason } from "../../kinesis/outcome";

/**
 * Returns the default folder of run files: `$XDG_STATE_HOME/amplitude-kinesis`, else `~/.local/state/amplitude-kinesis`;
 * on Windows `%LOCALAPPDATA%\amplitude-kinesis`.
 *
 * Source: XDG Base Directory Specification.
 */
export function defaultRunFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const { XDG_STATE_HOME, LOCALAPPDATA } = environment;
  const base = platform === "win32" ? LOCALAPPDATA : XDG_STATE_HOME;
  return join(base || join(homedir(), ".local", "state"), "amplitude-kinesis");
}

/** @throws DeliveryError `run-file` if it can't be created. */
export function makeRunFolder(folder: string): void {
  try {
    makeFolder(folder, 0o700);
  } catch (cause) {
    throw notWritable(`Can't create the folder for run files: ${messageOf(cause)}`, cause);
  }
}

/** Each part of a run has a file, such as `RUN.2-of-4.run`. */
export function runFilePath(folder: string, runId: string, part?: Part): string {
  const name = part === undefined ? runId : `${runId}.${partText(part).replace("/", "-of-")}`;
  return join(folder, `${name}.run`);
}

export function notWritable(message: string, cause: unknown): DeliveryError {
  const remedy =
    "Free disk space, name another folder with --run-folder, or turn off resuming with --no-run-file";
  return new DeliveryError("run-file", `${message}. ${remedy}`, { cause });
}

/** Inclusive ranges of integers, in the order in which they came. */
export type Ranges = [first: number, last: number][];

/** First line of a run file: how the run began. */
export interface RunHeader {
  format: 2;
  /** 12 characters of base64url. */
  runId: string;
  /** Part of the run that the file is about. Absent for a whole run. */
  part?: Part;
  outputs: StackOutputs;
  /** Epoch time in ms, by this machine's clock. */
  startedAt: number;
  /** Epoch time in ms from which the stream has to be read, by the service's clock. */
  readFrom: number;
  /** Epoch time in ms at which the stream was created, and how long it kept records, if known. */
  createdAt?: number;
  retentionHours?: number;
  /** Description of the event source by whoever opened it; null if unknown. */
  source: unknown;
}

/** An attempt that is about to be made. Events that an earlier line attempted are retried. */
export interface AttemptEntry {
  kind: "attempt";
  /** Epoch time in ms. */
  at: number;
  events: Ranges;
  /** Hashes of the events that are attempted for the first time, in their order: 16 bytes each, in base64. */
  hashes: string;
}

/** Outcomes of attempts. An attempted event without an outcome got no response to its last attempt. */
export interface OutcomeEntry {
  kind: "outcome";
  /** By shard. */
  acknowledged?: [shardId: string, Ranges][];
  /** Events that the last attempt may have written. */
  ambiguous?: Ranges;
  /** Events given up that no attempt with a response has written, by reason. */
  refused?: [Reason, Ranges][];
  /** Events given up without a clear response, by reason. */
  unanswered?: [Reason, Ranges][];
  /** Events that were not written, and would have been retried. */
  abandoned?: Ranges;
}

export type RunFileEntry = AttemptEntry | OutcomeEntry;

export function toRanges(numbers: Iterable<number>): Ranges {
  const ranges: Ranges = [];
  let open: [number, number] | undefined;
  for (const number of numbers) {
    if (open !== undefined && number === open[1] + 1) open[1] = number;
    else {
      open = [number, number];
      ranges.push(open);
    }
  }
  return ranges;
}

export function* inRanges(ranges: Ranges): Generator<number> {
  for (const [first, last] of ranges) for (let number = first; number <= last; number += 1) yield number;
}

/** Far above the longest line that is written, which holds the 500 events of an attempt. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/**
 * Reads a run file and cuts off a torn last line. A process that ends while it writes leaves one, and has not done yet
 * what the line would have said.
 *
 * @param onEntry Called with each line after the first, in order.
 * @throws DeliveryError `run-file` if the file is missing, has another format, or contains a damaged line.
 */
export async function readRunFile(path: string, onEntry: (entry: RunFileEntry) => void): Promise<RunHeader> {
  let header: RunHeader | undefined;
  let wholeBytes = 0;
  for await (const { number, text, end } of wholeLinesOf(path)) {
    const value = parseLine(text);
    if (value === undefined) throw unusable(path, `line ${number} is damaged, so later events are unknown`);
    wholeBytes = end;
    if (header === undefined) header = headerIn(value, path);
    else onEntry(value as RunFileEntry);
  }
  if (header === undefined) throw unusable(path, NO_HEADER);
  if (statSync(path).size > wholeBytes) truncateSync(path, wholeBytes);
  return header;
}

/** Reads only the first line of a run file. */
export async function readRunHeader(path: string): Promise<RunHeader> {
  for await (const { text } of wholeLinesOf(path)) return headerIn(parseLine(text), path);
  throw unusable(path, NO_HEADER);
}

const NO_HEADER = "its first line is incomplete, so nothing was sent";

/** Yields the lines that have their end, without the text of one that is too long, and the bytes up to the last line's end. */
async function* wholeLinesOf(path: string) {
  const splitter = new LineSplitter(MAX_LINE_BYTES);
  let size = 0;
  let end = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      const lineEnd = chunk.lastIndexOf("\n") + 1;
      if (lineEnd > 0) end = size + lineEnd;
      size += chunk.length;
      for (const { number, bytes } of splitter.push(chunk))
        yield { number, text: bytes?.toString("utf8"), end };
    }
  } catch (cause) {
    if (cause instanceof DeliveryError) throw cause;
    throw unusable(path, reasonOf(cause, path), cause);
  }
}

/** Returns undefined for a line that isn't a JSON object. */
function parseLine(text = ""): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function headerIn(value: object | undefined, path: string): RunHeader {
  if (value !== undefined && "format" in value && value.format === 2) return value as RunHeader;
  throw unusable(path, "its first line does not belong to a run of this version");
}

function reasonOf(cause: unknown, path: string): string {
  if (!hasCode(cause, "ENOENT")) return messageOf(cause);
  const others = partFiles(path);
  if (others.length === 0) return "there is no such file, because a decided run deletes its file";
  return `there is no such file, but there is ${listed(others)}. Name the part with --part`;
}

/** Returns the names of the files of other parts of the run, or of any part if the path is that of a whole run. */
function partFiles(path: string): string[] {
  const [runId = ""] = basename(path).split(".");
  if (!existsSync(dirname(path))) return [];
  return readdirSync(dirname(path)).filter((name) => name.startsWith(`${runId}.`) && name.endsWith(".run"));
}

function unusable(path: string, reason: string, cause?: unknown): DeliveryError {
  return new DeliveryError(
    "run-file",
    `Can't resume the run in ${path}: ${reason}. Name another folder with --run-folder, or start a new run without --resume`,
    { cause },
  );
}
