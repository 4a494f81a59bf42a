import type { EpochMs } from "../common/clock";

/** A dictionary of an event, with names and values of the customer. */
export type Properties = Readonly<Record<string, unknown>>;

/**
 * A row of Amplitude's Export API, with the keys in the order of exports (alphabetical). Timestamps are
 * `YYYY-MM-DD HH:MM:SS.ffffff`, UTC. Every key is present: an unknown value is `null`, an empty dictionary is `{}`.
 *
 * Source: https://amplitude.com/docs/apis/analytics/export (the documented fields), and rows of real exports of 2025
 * (`$insert_key`, `data_type`, `global_user_properties`, `partner_id`, `plan`, `source_id`, `user_creation_time`).
 */
export interface AmplitudeEvent {
  /** Amplitude deduplicates by it: the same id from the same device within 7 days is one event. */
  readonly $insert_id: string;
  readonly $insert_key: string | null;
  readonly $schema: number | null;
  readonly adid: string | null;
  readonly amplitude_attribution_ids: string | null;
  readonly amplitude_event_type: string | null;
  /** A long, larger than 2^31. */
  readonly amplitude_id: number;
  /** Id of the Amplitude project. */
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
const TIMESTAMP_PATTERN = "^\\d{4}-\\d\\d-\\d\\d[ T]\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z?$";

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

/** Kind of a row: an event, or an Identify or Group Identify call, which "Identify Forwarding" forwards. */
export type EventKind = "event" | "identify" | "groupIdentify";

/** Field names that Amplitude's rows have and hardly any other event has. */
const TYPICAL_FIELDS = [
  "uuid",
  "$insert_id",
  "amplitude_id",
  "app",
  "event_time",
  "server_upload_time",
  "client_event_time",
  "user_properties",
  "event_properties",
  "device_id",
  "user_id",
];
/** Number of typical fields that make an object with an event type a row of Amplitude. */
const MIN_TYPICAL_FIELDS = 2;

/**
 * Detects which kind of row an object is. Returns undefined if it isn't a row of Amplitude. Only the names of fields count,
 * not their values, so that rows that deviate from the documented shape are recognized. The shape of forwarded Identify calls
 * is undocumented: rows of exports are accepted, and objects in the format of the Identify and Group Identify APIs.
 */
export function detectKind(object: Properties): EventKind | undefined {
  // The vendor's page on this destination names the type `event_name`, its page on exports `event_type`.
  if (!("event_type" in object || "event_name" in object)) return callKind(object);
  if (!isTypical(object)) return undefined;
  const type = object.event_type ?? object.event_name;
  if (type === "$identify") return "identify";
  return type === "$groupidentify" ? "groupIdentify" : "event";
}

/** Sources: Amplitude's "Identify API" and "Group Identify API". */
function callKind(object: Properties): EventKind | undefined {
  if ("user_properties" in object && ("user_id" in object || "device_id" in object)) return "identify";
  if ("group_properties" in object && ("groups" in object || "group_type" in object)) return "groupIdentify";
  return undefined;
}

/**
 * Whether an object is a message of Amplitude's other destination on Kinesis, which sends the members of cohorts.
 * Source: Amplitude, "Amazon Kinesis (Cohort)".
 */
export function isCohortMessage(object: Properties): boolean {
  return "cohort_id" in object && ("in_cohort" in object || "users" in object);
}

function isTypical(object: Properties): boolean {
  let found = 0;
  for (const name of TYPICAL_FIELDS) {
    if (name in object) found += 1;
    if (found === MIN_TYPICAL_FIELDS) return true;
  }
  return false;
}

const UUID_PATTERN = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";

const TEXT = { type: ["string", "null"] };
const INTEGER = { type: ["integer", "null"] };
const NUMBER = { type: ["number", "null"] };
const BOOLEAN = { type: ["boolean", "null"] };
/** Has names of the customer and values of any type. Streamed properties are documented as strings; exports keep their types. */
const DICTIONARY = { type: ["object", "null"] };
const TIME = { type: ["string", "null"], pattern: TIMESTAMP_PATTERN };
const ANYTHING = {};

/** Fields that Amplitude documents for a row of its Export API. It documents that it streams such rows. */
const DOCUMENTED = {
  $insert_id: TEXT,
  // A string in the table of fields, a list elsewhere on the same page.
  amplitude_attribution_ids: { type: ["string", "array", "null"] },
  amplitude_id: INTEGER,
  app: { type: "integer" },
  city: TEXT,
  client_event_time: TIME,
  client_upload_time: TIME,
  country: TEXT,
  data: DICTIONARY,
  device_carrier: TEXT,
  device_family: TEXT,
  device_id: TEXT,
  device_type: TEXT,
  dma: TEXT,
  event_id: INTEGER,
  event_properties: DICTIONARY,
  event_time: { type: "string", pattern: TIMESTAMP_PATTERN },
  event_type: { type: "string", minLength: 1 },
  group_properties: DICTIONARY,
  groups: DICTIONARY,
  ip_address: TEXT,
  language: TEXT,
  library: TEXT,
  location_lat: NUMBER,
  location_lng: NUMBER,
  os_name: TEXT,
  os_version: TEXT,
  paying: BOOLEAN,
  platform: TEXT,
  processed_time: TIME,
  region: TEXT,
  sample_rate: { type: "null" },
  server_received_time: TIME,
  server_upload_time: TIME,
  session_id: INTEGER,
  start_version: TEXT,
  user_id: TEXT,
  user_properties: DICTIONARY,
  uuid: { type: "string", pattern: UUID_PATTERN },
  version_name: TEXT,
};

/** Fields that real exports of 2025 have, or that the vendor's page on the destination names. Not all types are documented. */
const OBSERVED = {
  $insert_key: ANYTHING,
  $schema: INTEGER,
  adid: TEXT,
  amplitude_event_type: TEXT,
  created_at: ANYTHING,
  data_type: TEXT,
  device_brand: TEXT,
  device_manufacturer: TEXT,
  device_model: TEXT,
  event_name: TEXT,
  global_user_properties: DICTIONARY,
  idfa: TEXT,
  is_attribution_event: BOOLEAN,
  partner_id: ANYTHING,
  plan: DICTIONARY,
  source_id: ANYTHING,
  user_creation_time: TIME,
};

/**
 * JSON Schema of a row of Amplitude's Export API. Every documented key is required, with an explicit `null` for an unknown
 * value.
 *
 * Source: https://amplitude.com/docs/apis/analytics/export, and rows of real exports.
 */
export const EVENT_SCHEMA = {
  type: "object",
  properties: { ...DOCUMENTED, ...OBSERVED },
  required: Object.keys(DOCUMENTED),
  additionalProperties: false,
};
