/** A response of the ingestion API. Its `code` is the HTTP status. */
export interface IngestionResponse {
  code: number;
  [field: string]: unknown;
}

/** Positions in the upload of the events with a faulty field, by field. */
export type EventPositions = Record<string, number[]>;

/** The shapes are those of "HTTP V2 API", Response: https://amplitude.com/docs/apis/analytics/http-v2#response. */
export function ingested(events: number, payloadBytes: number, uploadTime: number): IngestionResponse {
  return {
    code: 200,
    events_ingested: events,
    payload_size_bytes: payloadBytes,
    server_upload_time: uploadTime,
  };
}

export interface WrongEvents {
  missing: EventPositions;
  invalid: EventPositions;
  invalidIdLengths: EventPositions;
}

/** Rejects the whole upload for invalid events. The sender removes them and sends the others again. */
export function wrongEvents({ missing, invalid, invalidIdLengths }: WrongEvents): IngestionResponse {
  const isOnlyIds = Object.keys({ ...missing, ...invalid }).length === 0;
  return {
    code: 400,
    error: isOnlyIds ? "Invalid id length for user_id or device_id" : "Request missing required field",
    events_with_invalid_fields: invalid,
    events_with_missing_fields: missing,
    events_with_invalid_id_lengths: invalidIdLengths,
  };
}

export interface Throttled {
  epsThreshold: number;
  /** Events per second, by id. */
  users: Record<string, number>;
  devices: Record<string, number>;
  /** Events within a day, by id. */
  quotaUsers: Record<string, number>;
  quotaDevices: Record<string, number>;
  /** Positions in the upload. */
  events: number[];
}

export function tooManyRequests(throttled: Throttled): IngestionResponse {
  return {
    code: 429,
    error: "Too many requests for some devices and users",
    eps_threshold: throttled.epsThreshold,
    throttled_devices: throttled.devices,
    throttled_users: throttled.users,
    exceeded_daily_quota_devices: throttled.quotaDevices,
    exceeded_daily_quota_users: throttled.quotaUsers,
    throttled_events: throttled.events,
  };
}

/** 500, 502, 503 or 504, with an undocumented body. */
export function serverFailure(code: number): IngestionResponse {
  return { code, error: "The server could not handle the request" };
}

/** A response of the APIs that read from a project. */
export interface ApiResponse {
  status: number;
  headers: Record<string, string>;
  body: Buffer | string;
  /** Number of bytes of the body after which the connection ends. Default: all. */
  endsAt?: number;
}

/** Refuses a request. Amplitude documents the status, and no body. */
export function refused(status: number, error: string): ApiResponse {
  return jsonResponse({ error }, status);
}

export function jsonResponse(value: object, status = 200): ApiResponse {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}
