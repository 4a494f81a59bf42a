import type { ErrorObject, ValidateFunction } from "ajv";
import type { EpochMs } from "../common/clock";

/** A dictionary of an event, with names and values of the customer. */
export type Properties = Readonly<Record<string, unknown>>;

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

/** One way in which a row differs from the documentation. */
export interface Deviation {
  /** The field's name, redacted if needed. */
  field: string;
  /** The difference, without a value of the event: `is missing`, `is a string, not an integer`. */
  problem: string;
  /** The redacted value: `"9999-99-99A99:99"`. Absent if the field is missing. */
  sample?: string;
}

/** Loads Ajv with its first use, so that only commands that check events pay for it. */
const ajv = (): typeof import("ajv") => require("ajv");
let compiled: ValidateFunction | undefined;

function validator(): ValidateFunction {
  compiled ??= new (ajv().Ajv)({ allErrors: true, allowUnionTypes: true }).compile(EVENT_SCHEMA);
  return compiled;
}

/** Compares a row with Amplitude's documented shape. Names and values of properties are the customer's and not compared. */
export function findDeviations(row: Properties): Deviation[] {
  const validate = validator();
  if (validate(row)) return [];
  return (validate.errors ?? []).map((error) => deviationFrom(row, error));
}

function deviationFrom(row: Properties, { keyword, params, instancePath }: ErrorObject): Deviation {
  if (keyword === "required") return { field: String(params.missingProperty), problem: "is missing" };
  if (keyword === "additionalProperties") {
    const name = String(params.additionalProperty);
    return { field: redactName(name), problem: "is not documented", sample: redact(row[name]) };
  }
  // No field of the schema contains `/` or `~`, which a JSON pointer would escape.
  const field = instancePath.slice(1);
  const value = row[field];
  const problem =
    keyword === "type" ? `is ${describeType(value)}, not ${describeTypes(params.type)}` : describeForm(field);
  return { field, problem, sample: redact(value) };
}

const NAMES: Record<string, string> = {
  array: "a list",
  boolean: "a boolean",
  integer: "an integer",
  null: "null",
  number: "a number",
  object: "a dictionary",
  string: "a string",
};

function describeType(value: unknown): string {
  if (value === null) return "null";
  return NAMES[Array.isArray(value) ? "array" : typeof value] ?? typeof value;
}

function describeTypes(types: unknown): string {
  const names = (Array.isArray(types) ? types : [types]).map((type) => NAMES[String(type)] ?? String(type));
  return names.filter((name) => names.length === 1 || name !== "null").join(" or ");
}

function describeForm(field: string): string {
  if (field === "event_type") return "is empty";
  return field === "uuid" ? "isn't a UUID" : "isn't a timestamp like YYYY-MM-DD HH:MM:SS.ffffff";
}

const MAX_NAME_LENGTH = 80;
const MAX_VALUE_LENGTH = 40;
/** Characters of a name that are inspected: a person's data that begin among those shown also end here. */
const MAX_INSPECTED_LENGTH = 400;

/** Characters that must not reach a terminal: controls, and marks that reverse or hide text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** An email or IP address, a UUID, or digits as long as a telephone number. No event type or field has such a name. */
const PERSONAL = [
  /[^\s@]@[^\s@]+\.[^\s@]/,
  /\d{1,3}(\.\d{1,3}){3}/,
  /[\da-f]{0,4}(:[\da-f]{0,4}){5,7}/i,
  /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/i,
  /\d[\d ()/-]{7}[ ()/-]*\d/,
];

/**
 * Redacts a name that somebody else chose: of an event type, or of an undocumented field. Replaces the name's characters if
 * it looks like a person's data, removes controls, and cuts the name at 80 characters.
 */
export function redactName(name: string): string {
  const printable = name.slice(0, MAX_INSPECTED_LENGTH).replace(UNPRINTABLE, "");
  const shown = PERSONAL.some((form) => form.test(printable)) ? replaceCharacters(printable) : printable;
  return shown.length > MAX_NAME_LENGTH ? `${cutBetweenCharacters(shown, MAX_NAME_LENGTH - 1)}…` : shown;
}

/**
 * Redacts a value to its form: `a` and `A` stand for letters, `9` for digits, `x` for non-ASCII characters. Only the size of
 * dictionaries and lists is shown.
 */
export function redact(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `list of ${value.length}`;
  if (typeof value === "object") return `dictionary of ${Object.keys(value).length}`;
  if (typeof value === "boolean") return "boolean";
  const form = replaceCharacters(String(value).slice(0, MAX_VALUE_LENGTH + 1));
  const cut = form.length > MAX_VALUE_LENGTH ? `${form.slice(0, MAX_VALUE_LENGTH)}…` : form;
  return typeof value === "string" ? `"${cut}"` : cut;
}

function replaceCharacters(text: string): string {
  return text
    .replace(/[a-z]/g, "a")
    .replace(/[A-Z]/g, "A")
    .replace(/\d/g, "9")
    .replace(/[^ -~]/g, "x");
}

/** Cuts text, but not between the two halves of a character. */
function cutBetweenCharacters(text: string, length: number): string {
  const cut = text.slice(0, length);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}
