import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { ZipFile } from "yazl";

const HOUR_MS = 3_600_000;
const APP = 100_011_471;

/** Rows of one hour of an export. Only their ids and times differ from those of a pool. */
export class ExportedRows {
  readonly #templates: string[][];

  /**
   * @param pool Rows as JSON.
   * @param hour Start of the hour, as epoch time in ms.
   * @param events Number of rows in the hour.
   * @param areStrings Whether the user properties are strings, as Amplitude documents for a stream.
   */
  constructor(
    pool: Buffer[],
    private readonly hour: number,
    private readonly events: number,
    areStrings = false,
  ) {
    this.#templates = pool.map((bytes) => templateOf(JSON.parse(bytes.toString()), areStrings));
  }

  row(index: number): string {
    const [start, middle, end, rest] = this.#templates[index % this.#templates.length] ?? [];
    const digits = index.toString(16).padStart(12, "0");
    const uploaded = new Date(this.uploadedAt(index)).toISOString().replace("T", " ").replace("Z", "000");
    return `${start}a0000000-0000-4000-8000-${digits}${middle}${uploaded}${end}b0000000-0000-4000-8000-${digits}${rest}`;
  }

  /** Epoch time in ms. */
  uploadedAt(index: number): number {
    return this.hour + Math.floor((index / this.events) * HOUR_MS);
  }
}

/** Returns the parts of a row around its insert id, its upload time and its uuid. */
function templateOf(row: Record<string, unknown>, areStrings: boolean): string[] {
  const properties = Object.entries(row.user_properties as object).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const marked = {
    ...row,
    ...(areStrings && { user_properties: Object.fromEntries(properties) }),
    $insert_id: "<part>",
    server_upload_time: "<part>",
    uuid: "<part>",
  };
  return JSON.stringify(marked).split("<part>");
}

/** Writes the hour as Amplitude exports it. */
export async function writeExport(file: string, rows: ExportedRows, events: number): Promise<void> {
  const zip = new ZipFile();
  function* lines() {
    for (let index = 0; index < events; index += 1) yield `${rows.row(index)}\n`;
  }
  const date = new Date(rows.uploadedAt(0));
  const name = `${APP}/${APP}_${date.toISOString().slice(0, 10)}_${date.getUTCHours()}#0.json.gz`;
  const packed = Readable.from(inChunks(lines())).pipe(createGzip());
  zip.addReadStream(packed, name, { compress: false });
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(file));
}

/** Joins lines, because a chunk per line would cost more than packing it. */
function* inChunks(lines: Iterable<string>): Generator<Buffer> {
  let chunk: string[] = [];
  for (const line of lines) {
    chunk.push(line);
    if (chunk.length < 500) continue;
    yield Buffer.from(chunk.join(""));
    chunk = [];
  }
  yield Buffer.from(chunk.join(""));
}
