import type { EpochMs } from "../common/clock";

/** A dictionary of an event: the customer's own names and values. */
export type Properties = Readonly<Record<string, unknown>>;

/**
 * One row of Amplitude's Export API, keys in the order in which exports have them (alphabetical). Timestamps are
 * `YYYY-MM-DD HH:MM:SS.ffffff`, UTC. Every key is present: what is unknown is `null`, an empty dictionary is `{}`.
 *
 * Source: https://amplitude.com/docs/apis/analytics/export (the documented fields), and rows of real exports of 2025
 * (`$insert_key`, `data_type`, `global_user_properties`, `partner_id`, `plan`, `source_id`, `user_creation_time`).
 */
export interface AmplitudeEvent {
  /** What Amplitude dedupes on: the same id from the same device within 7 days is one event. */
  readonly $insert_id: string;
  readonly $insert_key: string | null;
  readonly $schema: number | null;
  readonly adid: string | null;
  readonly amplitude_attribution_ids: string | null;
  readonly amplitude_event_type: string | null;
  /** A long: larger than 2^31. */
  readonly amplitude_id: number;
  /** The Amplitude project's id. */
  readonly app: number;
  readonly city: string | null;
  readonly client_event_time: string;
  readonly client_upload_time: string;
  readonly country: string | null;
  readonly data: Properties;
  readonly data_type: string;
  readonly device_brand: string | null;
  readonly device_carrier: string | null;
  readonly device_family: string | null;
  readonly device_id: string;
  readonly device_manufacturer: string | null;
  readonly device_model: string | null;
  readonly device_type: string | null;
  readonly dma: string | null;
  readonly event_id: number;
  readonly event_properties: Properties;
  readonly event_time: string;
  readonly event_type: string;
  readonly global_user_properties: Properties | null;
  readonly group_properties: Properties;
  readonly groups: Properties;
  readonly idfa: string | null;
  readonly ip_address: string | null;
  readonly is_attribution_event: boolean | null;
  readonly language: string | null;
  readonly library: string | null;
  readonly location_lat: number | null;
  readonly location_lng: number | null;
  readonly os_name: string | null;
  readonly os_version: string | null;
  readonly partner_id: string | null;
  readonly paying: boolean | null;
  readonly plan: Properties;
  readonly platform: string | null;
  readonly processed_time: string;
  readonly region: string | null;
  readonly sample_rate: null;
  readonly server_received_time: string;
  readonly server_upload_time: string;
  /** The session's start as `EpochMs`, or `-1` outside any session. */
  readonly session_id: number;
  readonly source_id: string | null;
  readonly start_version: string | null;
  readonly user_creation_time: string | null;
  readonly user_id: string | null;
  readonly user_properties: Properties;
  /** Unique per row. */
  readonly uuid: string;
  readonly version_name: string | null;
}

/** `2025-07-17 10:36:28.583000`: UTC without a zone. Some tools write a `T` instead of the space, or a `Z` at the end. */
export const TIMESTAMP_PATTERN = "^\\d{4}-\\d\\d-\\d\\d[ T]\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z?$";

const TIMESTAMP = new RegExp(TIMESTAMP_PATTERN);

/** Parses one of an event's timestamps. Returns undefined if it has another form or doesn't exist, such as month 13. */
export function parseTimestamp(value: unknown): EpochMs | undefined {
  if (typeof value !== "string" || !TIMESTAMP.test(value)) return undefined;
  const time = Date.parse(`${value.slice(0, 10)}T${value.slice(11).replace("Z", "")}Z`);
  return Number.isNaN(time) ? undefined : time;
}

const MAX_CACHED_SECONDS = 60;
/** Text of recent seconds: formatting each of an event's times with `toISOString` would double what an event costs. */
const cachedSeconds = new Map<number, string>();

/** Formats an integer time of the years 0 to 9999 as exports do: `2025-07-17 10:36:28.583000`, UTC. */
export function formatTimestamp(time: EpochMs): string {
  const second = Math.floor(time / 1000);
  return `${formatSecond(second)}.${String(time - second * 1000).padStart(3, "0")}000`;
}

function formatSecond(second: number): string {
  const cached = cachedSeconds.get(second);
  if (cached !== undefined) return cached;
  const text = new Date(second * 1000).toISOString().slice(0, 19).replace("T", " ");
  if (cachedSeconds.size >= MAX_CACHED_SECONDS) cachedSeconds.clear();
  cachedSeconds.set(second, text);
  return text;
}
