import { createHash } from "node:crypto";
import { closeSync, createReadStream, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGunzip, createGzip } from "node:zlib";
import type { EpochMs } from "../common/clock";
import { messageOf, ReportError, SettingsError } from "../common/errors";
import { PRIVATE_MODE, probeFile, writeAtomically } from "../common/files";
import type { Finding } from "../common/findings";
import type { Part } from "../common/part";
import { isObject } from "../common/values";
import type { SourceProblem } from "../events/source";
import type { MatchListener, Stage } from "./matcher";
import type { AmplitudeMetrics, IgnoredRows } from "./report";
import type { DifferentField } from "./row";
import type { StageOfRows, Tally } from "./tally";

const FORMAT = "amplitude-kinesis reconcile part 1";

/** The first line of a part's file. The events' places, the matches and the differences follow. */
export interface PartHeader {
  format: typeof FORMAT;
  version: string;
  part: Part;
  runId: string;
  names: { roleArn: string; region: string; streamName: string };
  where: string;
  hours: { from: string; to: string };
  start: EpochMs;
  end: EpochMs;
  /** Hash of the exported events in their order, and of the types that are forwarded. Null if the export was not read to its end. */
  exportHash: string | null;
  /** Exported events that can be matched. */
  events: number;
  matches: number;
  /** Exported events of each hour and type. */
  exportedOfHours: number[];
  exportedOfTypes: number[];
  /** Redacted names of the exported types. */
  typeNames: string[];
  /** Numbers of the types that the options name. */
  forwardedTypes: number[];
  typesNotExported: string[];
  eventsWithoutIdentity: number;
  rowsIgnored: IgnoredRows;
  skipped: { problems: SourceProblem[]; problemCount: number; fileProblemCount: number };
  /** Number of the first hours that Amplitude exports completely. */
  hoursExportable: number;
  stages: StageOfRows[];
  /** Whether the shards were read to the end of the window. */
  readWithin: boolean;
  /** Whether they were read from there to the start of the reading. Null if the window was not over. */
  readAfter: boolean | null;
  /** Counts only if events are missing within the window. */
  expired: Finding | null;
  findings: Finding[];
  /** Findings of the reading after the window. */
  findingsAfter: Finding[];
  metrics: AmplitudeMetrics | null;
}

/** An event that differs, and its fields. */
export interface DifferenceLine {
  entry: number;
  stage: Stage;
  fields: DifferentField[];
}

/** Receives the content of a part's file, in order. */
export interface PartVisitor {
  onEvent?: (hour: number, type: number) => void;
  onMatch?: (
    entry: number,
    delay: number,
    match: { stage: Stage; isRepeated: boolean; isDifferent: boolean },
  ) => void;
  onDifference?: (line: DifferenceLine) => void;
}

/** Bytes of an event's place: its hour and type. */
const PLACE_BYTES = 4;
/** Bytes of a match: event, delay in ms, and flags. */
const MATCH_BYTES = 11;
const [DELAY_AT, FLAGS_AT] = [4, 10];
const MAX_DELAY = 2 ** 47 - 1;
const [REPEATED, DIFFERENT] = [4, 8];
const STAGE_MASK = 3;

/** @throws ReportError if a part's file can't be written. */
export async function preparePartFile(file: string): Promise<void> {
  await probeFile(file).catch((cause: unknown) => {
    throw unwritable(file, cause);
  });
}

/** Collects what a part finds of the exported events, in temporary files, so that memory doesn't grow with the rows. */
export class PartLog implements MatchListener {
  readonly #hash = createHash("sha256");
  readonly #matches = new TemporaryLog();
  readonly #differences = new TemporaryLog();
  readonly #match = Buffer.alloc(MATCH_BYTES);
  matches = 0;

  onExported(identity: string | undefined, content: number, uploadedAt: EpochMs): void {
    this.#hash.update(`${identity}\n${content} ${uploadedAt}\n`);
  }

  onMatched(
    entry: number,
    delay: number,
    { stage, isRepeated, isDifferent }: { stage: Stage; isRepeated: boolean; isDifferent: boolean },
  ): void {
    this.matches += 1;
    this.#match.writeUInt32LE(entry, 0);
    this.#match.writeIntLE(Math.max(-MAX_DELAY, Math.min(MAX_DELAY, delay)), DELAY_AT, 6);
    this.#match[FLAGS_AT] = stage | (isRepeated ? REPEATED : 0) | (isDifferent ? DIFFERENT : 0);
    this.#matches.append(this.#match);
  }

  onDifferent(entry: number, stage: Stage, fields: DifferentField[]): void {
    const line: DifferenceLine = { entry, stage, fields };
    this.#differences.append(Buffer.from(`${JSON.stringify(line)}\n`));
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
  async write(
    file: string,
    header: Omit<PartHeader, "format" | "matches" | "events">,
    { table }: Tally,
  ): Promise<void> {
    const { matches } = this;
    const [matchLog, differenceLog] = [this.#matches, this.#differences];
    async function* content(): AsyncGenerator<Buffer> {
      const line: PartHeader = { format: FORMAT, ...header, events: table.size, matches };
      yield Buffer.from(`${JSON.stringify(line)}\n`);
      for (let entry = 0; entry < table.size; ) {
        const places = Buffer.alloc(Math.min(CHUNK_BYTES, (table.size - entry) * PLACE_BYTES));
        for (let at = 0; at < places.length; at += PLACE_BYTES, entry += 1) {
          places.writeUInt16LE(table.hourOf(entry), at);
          places.writeUInt16LE(table.typeOf(entry), at + 2);
        }
        yield places;
      }
      yield* matchLog.read();
      yield* differenceLog.read();
    }
    const source = Readable.from(content());
    const compressed = source.pipe(createGzip());
    source.on("error", (error) => compressed.destroy(error));
    await writeAtomically(file, compressed).catch((cause: unknown) => {
      throw cause instanceof SettingsError ? cause : unwritable(file, cause);
    });
  }

  close(): void {
    this.#matches.close();
    this.#differences.close();
  }
}

function unwritable(file: string, cause: unknown): ReportError {
  return new ReportError(`The part can't be written to ${file}: ${messageOf(cause)}. Name another file`, {
    cause,
  });
}

const CHUNK_BYTES = 2 ** 16;

/** A file that no end of the process leaves behind, because it is removed while it is open. */
class TemporaryLog {
  readonly #file: number;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #used = 0;
  #error: unknown;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), "amplitude-kinesis-"));
    try {
      this.#file = openSync(join(folder, "part"), "wx+", PRIVATE_MODE);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

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
      for (let at = 0; at < bytes.length && this.#error === undefined; )
        at += writeSync(this.#file, bytes, at, bytes.length - at);
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
    for (let position = 0; ; ) {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      const length = readSync(this.#file, chunk, 0, CHUNK_BYTES, position);
      if (length === 0) return;
      position += length;
      yield chunk.subarray(0, length);
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}

/**
 * Reads a part's file, in memory that doesn't grow with it.
 *
 * @param visitor Receives the content. Default: only the header is read.
 * @throws ReportError if it isn't a whole part's file.
 */
export async function readPartFile(file: string, visitor?: PartVisitor): Promise<PartHeader> {
  const parser = new PartParser(visitor ?? {});
  const raw = createReadStream(file);
  const unpacked = raw.pipe(createGunzip());
  raw.on("error", (error) => unpacked.destroy(error));
  try {
    for await (const chunk of unpacked) {
      parser.take(chunk as Buffer);
      if (visitor === undefined && parser.header !== undefined) return parser.header;
    }
    return parser.end();
  } catch (cause) {
    throw new ReportError(
      `${file} is not the file of a part: ${messageOf(cause)}. Name files that \`reconcile --part\` wrote with --part-file`,
      { cause },
    );
  } finally {
    raw.destroy();
  }
}

class PartParser {
  header: PartHeader | undefined;
  #events = 0;
  #matches = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(private readonly visitor: PartVisitor) {}

  take(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.header ??= this.#takeHeader();
    if (this.header === undefined) return;
    const { events, matches } = this.header;
    let at = 0;
    for (; this.#events < events && at + PLACE_BYTES <= this.#rest.length; at += PLACE_BYTES) {
      this.#events += 1;
      this.visitor.onEvent?.(this.#rest.readUInt16LE(at), this.#rest.readUInt16LE(at + 2));
    }
    for (
      ;
      this.#events === events && this.#matches < matches && at + MATCH_BYTES <= this.#rest.length;
      at += MATCH_BYTES
    ) {
      this.#matches += 1;
      this.#takeMatch(at);
    }
    if (this.#events === events && this.#matches === matches) at = this.#takeDifferences(at);
    this.#rest = this.#rest.subarray(at);
  }

  #takeHeader(): PartHeader | undefined {
    const end = this.#rest.indexOf("\n");
    if (end === -1 && this.#rest.length < FORMAT.length + 20) return undefined;
    if (!this.#rest.subarray(0, FORMAT.length + 20).includes(`"${FORMAT}"`))
      throw new Error("it was written by another version, or by something else");
    if (end === -1) return undefined;
    const header: unknown = JSON.parse(this.#rest.toString("utf8", 0, end));
    if (!isObject(header)) throw new Error("its first line is not an object");
    this.#rest = this.#rest.subarray(end + 1);
    return header as unknown as PartHeader;
  }

  #takeMatch(at: number): void {
    const flags = this.#rest[at + FLAGS_AT] ?? 0;
    this.visitor.onMatch?.(this.#rest.readUInt32LE(at), this.#rest.readIntLE(at + DELAY_AT, 6), {
      stage: (flags & STAGE_MASK) as Stage,
      isRepeated: (flags & REPEATED) !== 0,
      isDifferent: (flags & DIFFERENT) !== 0,
    });
  }

  #takeDifferences(start: number): number {
    let at = start;
    for (let end = this.#rest.indexOf("\n", at); end !== -1; end = this.#rest.indexOf("\n", at)) {
      this.visitor.onDifference?.(JSON.parse(this.#rest.toString("utf8", at, end)) as DifferenceLine);
      at = end + 1;
    }
    return at;
  }

  end(): PartHeader {
    const { header } = this;
    if (
      header === undefined ||
      this.#events < header.events ||
      this.#matches < header.matches ||
      this.#rest.length > 0
    )
      throw new Error("it ends too early");
    return header;
  }
}
