import { type IngestionResponse, type WrongEvents, wrongEvents } from "./responses";

export type Json = Record<string, unknown>;

/** An accepted event. It has at least one of the two ids. */
export interface IngestedEvent extends Json {
  event_type: string;
  user_id?: string;
  device_id?: string;
}

export interface Upload {
  events: IngestedEvent[];
  /** Time by the sender's clock, such as `2026-01-05T10:00:00.000Z`. */
  clientUploadTime: string | undefined;
}

export type ReadUpload = { upload: Upload } | { refusal: IngestionResponse };

export interface UploadLimits {
  events: number;
  bytes: number;
}

/** Sources: "Upload limit" of the HTTP V2 API (1 MB, 2,000 events), and of the Batch Event Upload API (20 MB). */
export const HTTP_V2_LIMITS: UploadLimits = { events: 2_000, bytes: 1024 * 1024 };
export const BATCH_LIMITS: UploadLimits = { events: 2_000, bytes: 20 * 1024 * 1024 };

/** Source: HTTP V2 API, "Device IDs and User IDs Minimum Length". */
const MIN_ID_LENGTH = 5;
/** Value of a withheld advertising id. Source: HTTP V2 API, "All-zero device IDs". */
const ALL_ZEROS = /^0{8}-?(0{4}-?){3}0{12}$/;

/** Validates a request's body as the API documents, cheapest checks first. */
export function readUpload(body: Buffer, apiKey: string, limits: UploadLimits): ReadUpload {
  if (body.length > limits.bytes) return refuse(413, "Payload too large");
  const request = parse(body);
  if (request === undefined) return refuse(400, "Invalid JSON request body");
  const { api_key: givenKey, events, options, client_upload_time: uploadTime } = request;
  if (givenKey === undefined || givenKey === "") return refuseMissing("api_key");
  // The text contains the key, as Amplitude's does. Source: github.com/amplitude/Amplitude-Swift, issue 260.
  if (givenKey !== apiKey) return refuse(400, `Invalid API key: ${String(givenKey)}`);
  if (!Array.isArray(events) || events.length === 0) return refuseMissing("events");
  if (events.length > limits.events) return refuse(413, "Payload too large");
  const refusal = judge(events, minIdLength(options));
  if (refusal !== undefined) return { refusal };
  return {
    upload: {
      events: events.map((event) => withoutShortIds(event, minIdLength(options))),
      clientUploadTime: typeof uploadTime === "string" ? uploadTime : undefined,
    },
  };
}

function refuse(code: number, error: string, further: object = {}): { refusal: IngestionResponse } {
  return { refusal: { code, error, ...further } };
}

function refuseMissing(field: string) {
  return refuse(400, "Request missing required field", { missing_field: field });
}

function parse(body: Buffer): Json | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function minIdLength(options: unknown): number {
  const chosen = isObject(options) ? options.min_id_length : undefined;
  return typeof chosen === "number" && chosen >= 1 ? chosen : MIN_ID_LENGTH;
}

/** Returns undefined if every event is valid. */
function judge(events: unknown[], minLength: number): IngestionResponse | undefined {
  const wrong: WrongEvents = { missing: {}, invalid: {}, invalidIdLengths: {} };
  events.forEach((event, position) => {
    const problems = isObject(event) ? problemsOf(event, minLength) : { missing: ["event_type"] };
    for (const kind of ["missing", "invalid", "invalidIdLengths"] as const) {
      for (const field of problems[kind] ?? [])
        wrong[kind][field] = [...(wrong[kind][field] ?? []), position];
    }
  });
  const isClean = Object.values(wrong).every((positions) => Object.keys(positions).length === 0);
  return isClean ? undefined : wrongEvents(wrong);
}

/** Invalid fields by kind of problem. */
type EventProblems = Partial<Record<keyof WrongEvents, string[]>>;

function problemsOf(event: Json, minLength: number): EventProblems {
  const ids = ["user_id", "device_id"].filter((field) => !isAbsent(event[field]));
  const areShort = ids.every((field) => String(event[field]).length < minLength);
  return {
    missing: [
      ...(isAbsent(event.event_type) ? ["event_type"] : []),
      ...(ids.length === 0 ? ["user_id"] : []),
    ],
    invalid: invalidFields(event),
    invalidIdLengths: areShort ? ids : [],
  };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

/** Returns the fields with invalid values. */
function invalidFields(event: Json): string[] {
  const isTime = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  const wrong = [
    !isAbsent(event.time) && !isTime(event.time) ? ["time"] : [],
    !isAbsent(event.session_id) && event.session_id !== -1 && !isTime(event.session_id) ? ["session_id"] : [],
    typeof event.device_id === "string" && ALL_ZEROS.test(event.device_id) ? ["device_id"] : [],
    ...["event_properties", "user_properties", "groups", "group_properties"].map((field) =>
      isAbsent(event[field]) || isObject(event[field]) ? [] : [field],
    ),
  ];
  return wrong.flat();
}

/** Removes an id that is too short from an event that has the other one. Source: HTTP V2 API, the same section. */
function withoutShortIds(event: Json, minLength: number): IngestedEvent {
  const { user_id: userId, device_id: deviceId, ...rest } = event;
  const kept = (id: unknown) => !isAbsent(id) && String(id).length >= minLength;
  return {
    ...rest,
    event_type: String(event.event_type),
    ...(kept(userId) ? { user_id: String(userId) } : {}),
    ...(kept(deviceId) ? { device_id: String(deviceId) } : {}),
  };
}
