import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { ZipFile } from "yazl";
import { type ApiResponse, refused } from "./responses";
import { RequestLimit } from "./throttle";

/** Behavior of the Export API. Undocumented behavior is configurable. */
export interface ExportHabits {
  /** Time from the end of an hour until its rows can be exported, in ms. Documented: 2 hours. */
  availableAfterMs: number;
  /** Response for an hour that ended and can't be exported yet: no rows, or the rows so far. Undocumented. */
  early: "nothing" | "so far";
  /** Size in bytes above which an export gets a 400. Documented: 4 GB. */
  maxBytes: number;
  /** Maximum number of rows per file of an hour. Documented: there can be several files per hour. */
  rowsPerFile: number;
  /** Status for a range that is malformed, reversed, or longer than the documented 365 days. Undocumented. */
  invalidStatus: number;
  /** Requests per minute; more get a 429. The number is undocumented. */
  requestsPerMinute: number;
}

/** Source: Export API, "Considerations". */
export const DOCUMENTED_EXPORT: ExportHabits = {
  availableAfterMs: 2 * 3600 * 1000,
  early: "nothing",
  maxBytes: 4 * 1024 ** 3,
  rowsPerFile: 10_000,
  invalidStatus: 400,
  requestsPerMinute: 60,
};

/**
 * Fault of one export: a status without a documented body, or a ZIP that arrives damaged. `cut`: the connection ends in the
 * middle. `torn`: the second half is missing, although the response is whole. `corrupt`: a byte in the middle is wrong.
 */
export type ExportFault = 429 | 500 | 502 | 503 | 504 | "cut" | "torn" | "corrupt";

const HOUR_MS = 3600 * 1000;
const MAX_HOURS = 365 * 24;
const PARAMETERS = new Set(["start", "end"]);

export interface ExportApiOptions {
  /** The project's id. */
  app: number;
  habits: ExportHabits;
  /** Milliseconds since 1970-01-01 UTC. */
  now: () => number;
}

/** The rows that a project accepted, which the Export API returns by the hour of their `server_upload_time`. */
export class ExportApi {
  /** Returns the fault of a request, which is numbered from 1 per range such as `20260105T10-20260105T10`. */
  fault: (range: string, request: number) => ExportFault | undefined = () => undefined;
  readonly #rows = new Map<number, string[]>();
  readonly #requests = new Map<string, number>();
  readonly #limit: RequestLimit;

  constructor(private readonly options: ExportApiOptions) {
    this.#limit = new RequestLimit(options.habits.requestsPerMinute);
  }

  /**
   * @param row JSON without line breaks.
   * @param uploadedAt Epoch time in ms of the `server_upload_time`.
   */
  add(row: string, uploadedAt: number): void {
    const hour = Math.floor(uploadedAt / HOUR_MS);
    const rows = this.#rows.get(hour);
    if (rows === undefined) this.#rows.set(hour, [row]);
    else rows.push(row);
  }

  async respond(query: URLSearchParams): Promise<ApiResponse> {
    const { habits, now } = this.options;
    const unknown = [...query.keys()].filter((name) => !PARAMETERS.has(name));
    if (unknown.length > 0) return refused(habits.invalidStatus, `Unknown parameter: ${unknown.join(", ")}`);
    const [start, end] = [hourFrom(query.get("start")), hourFrom(query.get("end"))];
    if (start === undefined || end === undefined)
      return refused(habits.invalidStatus, "start and end must have the form YYYYMMDDTHH");
    if (end < start || end - start >= MAX_HOURS)
      return refused(habits.invalidStatus, "The range must have 1 hour to 365 days");
    if (!this.#limit.take(now())) return refused(429, "Too many requests");
    const fault = this.#nextFault(`${query.get("start")}-${query.get("end")}`);
    if (typeof fault === "number") return refused(fault, "The request failed");
    const files = this.#files(start, end);
    if (files.length === 0) return refused(404, "No data in this range");
    const zip = await zipOf(files);
    if (zip.length > habits.maxBytes) return refused(400, "The export is too large");
    return damaged({ status: 200, headers: { "content-type": "application/zip" }, body: zip }, fault);
  }

  #nextFault(range: string): ExportFault | undefined {
    const request = (this.#requests.get(range) ?? 0) + 1;
    this.#requests.set(range, request);
    return this.fault(range, request);
  }

  /** Names files as real exports do: `203138/203138_2020-11-24_9#627.json.gz`, with an hour of one or two digits. */
  #files(start: number, end: number): { name: string; rows: string[] }[] {
    const { app, habits } = this.options;
    const hours = Array.from({ length: end - start + 1 }, (_, index) => start + index);
    return hours.flatMap((hour) => {
      const rows = this.#isAvailable(hour) ? (this.#rows.get(hour) ?? []) : [];
      const date = new Date(hour * HOUR_MS);
      const name = `${app}/${app}_${date.toISOString().slice(0, 10)}_${date.getUTCHours()}`;
      const parts = Math.ceil(rows.length / habits.rowsPerFile);
      return Array.from({ length: parts }, (_, part) => ({
        name: `${name}#${part}.json.gz`,
        rows: rows.slice(part * habits.rowsPerFile, (part + 1) * habits.rowsPerFile),
      }));
    });
  }

  #isAvailable(hour: number): boolean {
    const { habits, now } = this.options;
    const age = now() - (hour + 1) * HOUR_MS;
    return age >= (habits.early === "so far" ? 0 : habits.availableAfterMs);
  }
}

/** Returns the hours since 1970, or undefined if the text is not an hour such as `20260105T09`. */
function hourFrom(text: string | null): number | undefined {
  const [, year, month, day, hour] = /^(\d{4})(\d\d)(\d\d)T(\d\d)$/.exec(text ?? "") ?? [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`);
  return Number.isNaN(time) || hour === "24" ? undefined : time / HOUR_MS;
}

function zipOf(files: { name: string; rows: string[] }[]): Promise<Buffer> {
  const zip = new ZipFile();
  for (const { name, rows } of files)
    zip.addBuffer(gzipSync(rows.map((row) => `${row}\n`).join("")), name, { compress: false });
  zip.end();
  return buffer(zip.outputStream);
}

function damaged(response: ApiResponse & { body: Buffer }, fault: ExportFault | undefined): ApiResponse {
  const { body } = response;
  const middle = body.length >> 1;
  if (fault === "cut") return { ...response, endsAt: middle };
  if (fault === "torn") return { ...response, body: body.subarray(0, middle) };
  if (fault === "corrupt") body.writeUInt8(body.readUInt8(middle) ^ 0xff, middle);
  return response;
}
