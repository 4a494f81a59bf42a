import { createGunzip } from "node:zlib";
import { messageOf } from "../../common/errors";
import { type Line, LineSplitter } from "../../common/lines";
import type { SourceEvent } from "../source";
import { decompress } from "./decompress";
import { eventLine, LONGEST_LINE } from "./eventLine";
import { isGzip } from "./exportFormat";
import type { Problems } from "./problems";

/** So many unpacked bytes make one batch of events. */
const UNPACKED_BYTES = 64 * 1024;

/**
 * The events of one file of JSON lines, packed or not, in batches: one asynchronous step for each event would cost
 * more than splitting it off. What is broken goes to `problems`; corrupt or torn data ends the file, after the
 * events before the damage.
 *
 * @param file the file's name for people
 * @param packed whether gzip is expected; content that starts as gzip does is unpacked anyway
 */
export async function* eventBatches(
  file: string,
  content: AsyncIterable<Buffer>,
  packed: boolean,
  problems: Problems,
): AsyncGenerator<SourceEvent[]> {
  const splitter = new LineSplitter(LONGEST_LINE);
  const events = (lines: readonly Line[]) => eventsOf(file, lines, problems);
  try {
    for await (const chunk of unpacked(content, packed)) yield events(splitter.push(chunk));
  } catch (error) {
    problems.add({ file, reason: `can't be read to its end: ${messageOf(error)}` });
    const torn = splitter.end();
    if (torn) problems.add({ file, line: torn.number, reason: "is torn: the readable part ends inside it" });
    return;
  }
  const last = splitter.end();
  if (last) yield events([last]);
}

export async function* oneByOne(batches: AsyncIterable<readonly SourceEvent[]>): AsyncGenerator<SourceEvent> {
  for await (const batch of batches) for (const event of batch) yield event;
}

function eventsOf(file: string, lines: readonly Line[], problems: Problems): SourceEvent[] {
  const events: SourceEvent[] = [];
  for (const line of lines) {
    const judged = eventLine(line);
    if (judged.kind === "event") events.push({ bytes: judged.bytes, origin: `${file}:${line.number}` });
    else if (judged.kind === "broken") problems.add({ file, line: line.number, reason: judged.reason });
  }
  return events;
}

async function* unpacked(content: AsyncIterable<Buffer>, packed: boolean): AsyncGenerator<Buffer> {
  const chunks = content[Symbol.asyncIterator]();
  const first = await chunks.next();
  const all = prepended(first, chunks);
  const gzip = packed || (first.done !== true && isGzip(first.value));
  yield* gzip ? decompress(all, createGunzip({ chunkSize: UNPACKED_BYTES })) : all;
}

async function* prepended(
  first: IteratorResult<Buffer>,
  others: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer> {
  try {
    for (let next = first; next.done !== true; next = await others.next()) yield next.value;
  } finally {
    // A consumer that stops early must end the reading below it too.
    await others.return?.();
  }
}
