/** A response of the ingestion API. Its `code` is the HTTP status. */
export interface IngestionAnswer {
  code: number;
  [field: string]: unknown;
}

/** By field, the positions in the upload of the events that it is wrong in. */
export type EventPositions = Record<string, number[]>;

/** The shapes are those of "HTTP V2 API", Response: https://amplitude.com/docs/apis/analytics/http-v2#response. */
export function ingested(events: number, payloadBytes: number, uploadTime: number): IngestionAnswer {
  return {
    code: 200,
    events_ingested: events,
    payload_size_bytes: payloadBytes,
    server_upload_time: uploadTime,
  };
}

/** The key is in the text, as in Amplitude's own. Source: github.com/amplitude/Amplitude-Swift, issue 260. */
export function invalidApiKey(apiKey: string): IngestionAnswer {
  return { code: 400, error: `Invalid API key: ${apiKey}` };
}

export function invalidBody(): IngestionAnswer {
  return { code: 400, error: "Invalid JSON request body" };
}

export function missingField(field: "api_key" | "events"): IngestionAnswer {
  return { code: 400, error: "Request missing required field", missing_field: field };
}

export interface WrongEvents {
  missing: EventPositions;
  invalid: EventPositions;
  invalidIdLengths: EventPositions;
}

/** Rejects the whole upload for invalid events. The sender removes them and sends the others again. */
export function wrongEvents({ missing, invalid, invalidIdLengths }: WrongEvents): IngestionAnswer {
  const isOnlyIds = Object.keys({ ...missing, ...invalid }).length === 0;
  return {
    code: 400,
    error: isOnlyIds ? "Invalid id length for user_id or device_id" : "Request missing required field",
    events_with_invalid_fields: invalid,
    events_with_missing_fields: missing,
    events_with_invalid_id_lengths: invalidIdLengths,
  };
}

export function payloadTooLarge(): IngestionAnswer {
  return { code: 413, error: "Payload too large" };
}

export interface Throttled {
  epsThreshold: number;
  /** By id, how many events a second it sends. */
  users: Record<string, number>;
  devices: Record<string, number>;
  /** By id, how many events it has sent within a day. */
  quotaUsers: Record<string, number>;
  quotaDevices: Record<string, number>;
  /** Positions in the upload. */
  events: number[];
}

export function tooManyRequests(throttled: Throttled): IngestionAnswer {
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
export function serverFailure(code: number): IngestionAnswer {
  return { code, error: "The server could not handle the request" };
}
