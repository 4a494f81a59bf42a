import { isObject } from "../../common/values";
import type { IngestEvent } from "./ingestEvent";

/** Row that was read, in the shape of the Export API as far as that defines it. */
export type Row = Readonly<Record<string, unknown>>;

/** Differences between an event that was sent and its row, as names of fields such as `event_properties.price`. */
export interface Comparison {
  /** Fields that differ although they have to come back as they were sent. */
  differing: string[];
  /** Fields that Amplitude may rewrite in an undocumented way and did: the device, the place, the language. */
  rewritten: string[];
}

/** Fields of the Export API by field of the HTTP V2 API. */
const IDENTITY = {
  event_type: "event_type",
  insert_id: "$insert_id",
  user_id: "user_id",
  device_id: "device_id",
  session_id: "session_id",
} as const satisfies Partial<Record<keyof IngestEvent, string>>;

const CONTEXT = {
  platform: "platform",
  os_name: "os_name",
  os_version: "os_version",
  device_brand: "device_brand",
  device_manufacturer: "device_manufacturer",
  device_model: "device_model",
  carrier: "device_carrier",
  language: "language",
  country: "country",
  region: "region",
  city: "city",
  app_version: "version_name",
} as const satisfies Partial<Record<keyof IngestEvent, string>>;

/**
 * Compares an event with its row, field by field. Amplitude may add fields, and write timestamps with a `T`. User
 * properties may be strings and stand next to others of the user ("All forwarded user properties are sent as strings",
 * in the documentation of event streaming). `event_time` is Amplitude's own correction of the sender's clock, so
 * `client_event_time` is compared.
 */
export function compareEvent(sent: IngestEvent, row: Row): Comparison {
  const identity = Object.entries(IDENTITY).filter(
    ([field, exported]) => sent[field as keyof typeof IDENTITY] !== row[exported],
  );
  const context = Object.entries(CONTEXT).filter(([field, exported]) => {
    const value = sent[field as keyof typeof CONTEXT];
    return value !== undefined && value !== row[exported];
  });
  return {
    differing: [
      ...identity.map(([, exported]) => exported),
      ...(timeOf(row.client_event_time) === sent.time ? [] : ["client_event_time"]),
      ...differingKeys("event_properties", sent.event_properties, row.event_properties, isSame),
      ...differingKeys("user_properties", sent.user_properties, row.user_properties, isSameOrString),
      ...addedKeys("event_properties", sent.event_properties, row.event_properties),
    ],
    rewritten: context.map(([, exported]) => exported),
  };
}

/** Parses `YYYY-MM-DD HH:MM:SS.ffffff`, UTC, to milliseconds since 1970. Returns undefined for anything else. */
export function timeOf(timestamp: unknown): number | undefined {
  if (typeof timestamp !== "string") return undefined;
  const parts = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z?$/.exec(timestamp);
  if (parts === null) return undefined;
  const [, date, time, fraction = ""] = parts;
  const milliseconds = Date.parse(`${date}T${time}.${fraction.slice(0, 3).padEnd(3, "0")}Z`);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

type Sameness = (sent: unknown, received: unknown) => boolean;

function differingKeys(field: string, sent: object, received: unknown, isSame: Sameness): string[] {
  if (!isObject(received)) return [field];
  return Object.entries(sent)
    .filter(([name, value]) => !(Object.hasOwn(received, name) && isSame(value, received[name])))
    .map(([name]) => `${field}.${name}`);
}

/**
 * Returns the fields that were added. An event has only the properties that it was sent with; a user may have others.
 */
function addedKeys(field: string, sent: object, received: unknown): string[] {
  if (!isObject(received)) return [];
  return Object.keys(received)
    .filter((name) => !Object.hasOwn(sent, name))
    .map((name) => `${field}.${name}`);
}

function isSameOrString(sent: unknown, received: unknown): boolean {
  return isSame(sent, received) || received === String(sent);
}

/** Compares JSON values. The order of keys is irrelevant. */
function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, position) => isSame(item, other[position]));
  }
  if (isObject(one) && isObject(other)) {
    const names = Object.keys(one);
    const hasSameNames = names.length === Object.keys(other).length;
    return (
      hasSameNames && names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
    );
  }
  return one === other;
}
