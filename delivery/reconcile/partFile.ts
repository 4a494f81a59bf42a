import { createHash } from "node:crypto";
import { createReadStream, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { createGunzip, createGzip } from "node:zlib";
import type { EpochMs } from "../common/clock";
import { messageOf, ReportError, SettingsError } from "../common/errors";
import { openTemporaryFile, probeFile, reportUnwritable, writeAtomically } from "../common/files";
import type { Finding } from "../common/findings";
import type { Part } from "../common/part";
import { isObject } from "../common/values";
import type { RunFacts } from "./composeReport";
import type { DifferentField } from "./row";
import type { ExportedType, Tally, UnmatchedRows } from "./tally";

const WHAT = "The part";
const FORMAT = "amplitude-kinesis reconcile part 2";

/** Results of reading a part's shards. */
export interface PartReading {
  /** Whether the shards were read to the end of the window. */
  readWithin: boolean;
  /** Whether they were read from there to the start of the reading. Null if the window was not over. */
  readAfter: boolean | null;
  /** Counts only if events are missing within the window. */
  expired: Finding | null;
  /** Findings of the reading after the window. */
  findingsAfter: Finding[];
}

/** Facts about a part that its report is made of. */
export interface PartFacts extends RunFacts, PartReading {
  version: string;
  part: Part;
  runId: string;
  /** Hash of the exported events in their order, and of the types that are forwarded. Null if the export was not read to its end. */
  exportHash: string | null;
  findings: Finding[];
}

/** The first line of a part's file. The events' places, the matches and the differences follow. */
export interface PartHeader extends PartFacts {
  format: typeof FORMAT;
  /** Exported events that can be matched. */
  events: number;
  matches: number;
  /** Exported events of each hour. */
  exportedOfHours: number[];
  types: ExportedType[];
  stages: { counts: UnmatchedRows; types: number[]; hours: number[] }[];
}

/** When a row arrived: within the window, or after it. Later rows count only if events are missing within the window. */
export type Period = "within" | "after";
/** Numbers in a part's file for when a row arrived, and whether it was matched again. */
export const STAGE = { within: 0, after: 1, withinAgain: 2, afterAgain: 3 } as const;
export type Stage = (typeof STAGE)[keyof typeof STAGE];

/** A row of the stream that matches an exported event. */
interface Match {
  /** Number of the event. */
  entry: number;
  /** Time from `server_upload_time` to the arrival, in ms. */
  delay: number;
  stage: Stage;
  /** Whether the endpoint returned the record again. */
  isRepeated: boolean;
  isDifferent: boolean;
}

/** An event of which a row differs. */
export interface Difference {
  entry: number;
  stage: Stage;
  fields: DifferentField[];
}

/** Receives the content of a part's file, in order. */
export interface PartVisitor {
  onEvent?: (hour: number, type: number) => void;
  onMatch?: (match: Match) => void;
  onDifference?: (difference: Difference) => void;
}

/** Bytes of an event's place: its hour and type. */
const PLACE_BYTES = 4;
/** Bytes of a match: event, delay in ms, and flags. */
const MATCH_BYTES = 11;
const DELAY_AT = 4;
const FLAGS_AT = 10;
const MAX_DELAY = 2 ** 47 - 1;
const REPEATED = 4;
const DIFFERENT = 8;
const STAGE_MASK = 3;
const CHUNK_BYTES = 2 ** 16;

/** @throws ReportError if a part's file can't be written. */
export function preparePartFile(file: string): Promise<void> {
  return reportUnwritable(WHAT, file, probeFile(file));
}

/** Collects what a part finds of the exported events, in temporary files, so that memory doesn't grow with the rows. */
export class PartLog {
  readonly #hash = createHash("sha256");
  readonly #match = Buffer.alloc(MATCH_BYTES);
  #matches = 0;

  private constructor(
    private readonly matchLog: TemporaryLog,
    private readonly differenceLog: TemporaryLog,
  ) {}

  static async open(): Promise<PartLog> {
    return new PartLog(
      new TemporaryLog(await openTemporaryFile()),
      new TemporaryLog(await openTemporaryFile()),
    );
  }

  /** Takes an exported event that counts, in the order of the export. */
  onExported(identity: string | undefined, content: number, uploadedAt: EpochMs): void {
    this.#hash.update(`${identity}\n${content} ${uploadedAt}\n`);
  }

  onMatch({ entry, delay, stage, isRepeated, isDifferent }: Match): void {
    this.#matches += 1;
    this.#match.writeUInt32LE(entry, 0);
    this.#match.writeIntLE(Math.max(-MAX_DELAY, Math.min(MAX_DELAY, delay)), DELAY_AT, 6);
    this.#match[FLAGS_AT] = stage | (isRepeated ? REPEATED : 0) | (isDifferent ? DIFFERENT : 0);
    this.matchLog.append(this.#match);
  }

  /** Takes a different event, each once and in the order of the export. */
  onDifference(difference: Difference): void {
    this.differenceLog.append(jsonLine(difference));
  }

  /** @param options Options that have to be the same for all parts. */
  exportHash(options: unknown): string {
    return this.#hash.copy().update(JSON.stringify(options)).digest("hex");
  }

  /**
   * Writes the part's file, completely or not at all.
   *
   * @throws ReportError if it can't be written.
   */
  async write(file: string, facts: PartFacts, tally: Tally): Promise<void> {
    await reportUnwritable(WHAT, file, writeAtomically(file, this.#compressed(facts, tally)));
  }

  /** Starts with its reader, because nothing would catch an earlier error of the streams. */
  async *#compressed(facts: PartFacts, tally: Tally): AsyncGenerator<Buffer> {
    const source = Readable.from(this.#content(facts, tally));
    const compressed = source.pipe(createGzip());
    source.on("error", (error) => compressed.destroy(error));
    yield* compressed;
  }

  async *#content(facts: PartFacts, { table, hours, types, stages }: Tally): AsyncGenerator<Buffer> {
    const header: PartHeader = {
      format: FORMAT,
      ...facts,
      events: table.size,
      matches: this.#matches,
      exportedOfHours: hours.map(({ eventsExported }) => eventsExported),
      types: types.map(({ eventType, eventsExported, isNamed }) => ({ eventType, eventsExported, isNamed })),
      stages: stages.map(({ counts, types, hours }) => ({ counts, types: [...types], hours: [...hours] })),
    };
    yield jsonLine(header);
    for (let entry = 0; entry < table.size; ) {
      const places = Buffer.alloc(Math.min(CHUNK_BYTES, (table.size - entry) * PLACE_BYTES));
      for (let at = 0; at < places.length; at += PLACE_BYTES, entry += 1) {
        places.writeUInt16LE(table.hourOf(entry), at);
        places.writeUInt16LE(table.typeOf(entry), at + 2);
      }
      yield places;
    }
    yield* this.matchLog.read();
    yield* this.differenceLog.read();
  }

  async close(): Promise<void> {
    await Promise.all([this.matchLog.close(), this.differenceLog.close()]);
  }
}

function jsonLine(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

/** Bytes that are kept in a temporary file. */
class TemporaryLog {
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #used = 0;
  #error: unknown;

  constructor(private readonly file: FileHandle) {}

  /** An error is thrown by `read`, because the stream's reader would take it for a failure of the stream. */
  append(bytes: Buffer): void {
    if (this.#used + bytes.length > CHUNK_BYTES) this.#flush();
    if (bytes.length > CHUNK_BYTES) this.#write(bytes);
    else this.#used += bytes.copy(this.#chunk, this.#used);
  }

  #flush(): void {
    this.#write(this.#chunk.subarray(0, this.#used));
    this.#used = 0;
  }

  #write(bytes: Buffer): void {
    try {
      if (this.#error === undefined) writeFileSync(this.file.fd, bytes);
    } catch (error) {
      this.#error = error;
    }
  }

  /** @throws SettingsError if an earlier part of it could not be stored. */
  async *read(): AsyncGenerator<Buffer> {
    this.#flush();
    if (this.#error !== undefined)
      throw new SettingsError(
        `The matches of the part can't be stored in ${tmpdir()}: ${messageOf(this.#error)}. Free space there, or set TMPDIR to another folder`,
        { cause: this.#error },
      );
    yield* this.file.createReadStream({ start: 0, autoClose: false });
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/**
 * Reads a part's file, in memory that doesn't grow with it.
 *
 * @param visitor Receives the content. Default: only the header is read.
 * @throws ReportError if it isn't a whole part's file.
 */
export async function readPartFile(file: string, visitor?: PartVisitor): Promise<PartHeader> {
  const raw = createReadStream(file);
  const unpacked = raw.pipe(createGunzip());
  raw.on("error", (error) => unpacked.destroy(error));
  try {
    const content = new Content(unpacked);
    const header = await readHeader(content);
    if (visitor !== undefined) await readContent(content, header, visitor);
    return header;
  } catch (cause) {
    throw new ReportError(
      `${file} is not the file of a part: ${messageOf(cause)}. Name files that \`reconcile --part\` wrote with --part-file`,
      { cause },
    );
  } finally {
    raw.destroy();
    unpacked.destroy();
  }
}

async function readHeader(content: Content): Promise<PartHeader> {
  // A file of another program may have no line break.
  const start = await content.peek(FORMAT.length + 20);
  if (!start.includes(`"${FORMAT}"`))
    throw new Error("it was written by another version, or by something else");
  const header: unknown = JSON.parse((await content.line()) ?? "");
  if (!isObject(header)) throw new Error("its first line is not an object");
  return header as unknown as PartHeader;
}

async function readContent(content: Content, header: PartHeader, visitor: PartVisitor): Promise<void> {
  await content.blocks(header.events, PLACE_BYTES, (bytes, at) =>
    visitor.onEvent?.(bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)),
  );
  await content.blocks(header.matches, MATCH_BYTES, (bytes, at) => {
    const flags = bytes[at + FLAGS_AT] ?? 0;
    visitor.onMatch?.({
      entry: bytes.readUInt32LE(at),
      delay: bytes.readIntLE(at + DELAY_AT, 6),
      stage: (flags & STAGE_MASK) as Stage,
      isRepeated: (flags & REPEATED) !== 0,
      isDifferent: (flags & DIFFERENT) !== 0,
    });
  });
  for (let line = await content.line(); line !== undefined; line = await content.line())
    visitor.onDifference?.(JSON.parse(line));
}

/** Bytes of a stream, as lines and as blocks of one size. */
class Content {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: Readable) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Returns whether there was more to read. */
  async #readMore(): Promise<boolean> {
    const { value, done } = await this.#chunks.next();
    if (done !== true) this.#rest = Buffer.concat([this.#rest, value]);
    return done !== true;
  }

  /** Returns the next bytes without taking them: `length` of them, unless the stream ends before. */
  async peek(length: number): Promise<Buffer> {
    while (this.#rest.length < length && (await this.#readMore()));
    return this.#rest.subarray(0, length);
  }

  /**
   * Returns the next line, or undefined at the end.
   *
   * @param from Index from which the end of the line is looked for.
   */
  async line(from = 0): Promise<string | undefined> {
    const end = this.#rest.indexOf("\n", from);
    if (end !== -1) {
      const line = this.#rest.toString("utf8", 0, end);
      this.#rest = this.#rest.subarray(end + 1);
      return line;
    }
    const { length } = this.#rest;
    if (await this.#readMore()) return this.line(length);
    if (length > 0) throw new Error(TOO_SHORT);
    return undefined;
  }

  /** Takes `count` blocks of some bytes. */
  async blocks(count: number, size: number, take: (bytes: Buffer, at: number) => void): Promise<void> {
    for (let left = count; left > 0; ) {
      if ((await this.peek(size)).length < size) throw new Error(TOO_SHORT);
      const whole = Math.min(left, Math.floor(this.#rest.length / size)) * size;
      for (let at = 0; at < whole; at += size) take(this.#rest, at);
      this.#rest = this.#rest.subarray(whole);
      left -= whole / size;
    }
  }
}

const TOO_SHORT = "it ends too early";
