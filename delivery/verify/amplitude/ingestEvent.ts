import type { RunKey } from "../../common/runId";
import { isObject, isSameJson } from "../../common/values";
import { type Properties, parseTimestamp } from "../../events/event";
import { DEVICES, PLACES, TEXTS } from "../../events/generator/generatedEvent";

/**
 * One event in the shape of Amplitude's HTTP V2 API, as far as a test sends it.
 * Source: https://amplitude.com/docs/apis/analytics/http-v2 (keys for the event argument).
 */
export interface IngestEvent {
  readonly event_type: string;
  /** Id `amplitude-kinesis.RUN.NUMBER`. It comes back as `$insert_id`, which identifies the event. */
  readonly insert_id: string;
  readonly user_id: string;
  readonly device_id: string;
  /** Epoch time in ms. */
  readonly time: number;
  /** Start of the session, as epoch time in ms. */
  readonly session_id: number;
  readonly event_properties: Properties;
  readonly user_properties: Properties;
  readonly platform: string;
  readonly os_name: string;
  readonly os_version: string;
  readonly device_brand?: string;
  readonly device_manufacturer?: string;
  readonly device_model?: string;
  readonly carrier?: string;
  readonly language: string;
  readonly country: string;
  readonly region: string;
  readonly city: string;
  readonly app_version?: string;
}

/** Parameters of the test events. */
export interface IngestEventOptions {
  events: number;
  /** Event types, used in turn. */
  eventTypes: readonly string[];
  key: RunKey;
  /** Start of the run, as epoch time in ms. */
  startedAt: number;
}

/** Number of events per user, far below the 30 events per second that Amplitude takes for one user. */
const EVENTS_A_USER = 10;
/** Maximum number of test users. They are the same in every run, because a project pays by its users. */
const MAX_USERS = 100;

/** Returns the number of users over which the events of a run are spread. */
export function usersOf(events: number): number {
  return Math.min(MAX_USERS, Math.max(1, Math.ceil(events / EVENTS_A_USER)));
}

/** Creates event number `index` of a run, to be sent at `now` (milliseconds since 1970). */
export function ingestEvent(options: IngestEventOptions, index: number, now: number): IngestEvent {
  const { events, eventTypes, key, startedAt } = options;
  const user = index % usersOf(events);
  return {
    event_type: pick(eventTypes, index),
    insert_id: key.partitionKey(index),
    ...identityOf(user),
    time: now,
    session_id: startedAt,
    event_properties: {
      title: pick(TEXTS, index),
      price: (index * 37) / 100,
      quantity: index % 7,
      returning: index % 2 === 0,
      tags: ["sale", "new"],
      order: 3_000_000_000 + index,
    },
    user_properties: userPropertiesOf(user),
    ...contextOf(user),
  };
}

/** Returns the ids of a test user, which are distinct from those of real users. */
export function identityOf(user: number): Pick<IngestEvent, "user_id" | "device_id"> {
  return {
    user_id: `amplitude-kinesis-test-user-${user}`,
    device_id: `amplitude-kinesis-test-device-${user}`,
  };
}

/**
 * Returns the insert id that identifies an identify call's row, if the row keeps it. Its shape in a stream is
 * undocumented.
 */
export function identifyId(runId: string, user: number | ""): string {
  return `amplitude-kinesis.${runId}.identify-${user}`;
}

/**
 * Returns properties that are constant per user, because events may be processed in another order than they were sent
 * in.
 */
export function userPropertiesOf(user: number): Properties {
  return { test_user: true, nickname: pick(TEXTS, user), score: user / 8 };
}

function contextOf(user: number) {
  const place = pick(PLACES, user);
  const device = pick(DEVICES, user);
  const known = {
    device_brand: device.brand,
    device_manufacturer: device.manufacturer,
    device_model: device.model,
    carrier: device.carrier,
    app_version: device.versionName,
  };
  return {
    platform: device.platform,
    os_name: device.osName,
    os_version: device.osVersion,
    language: place.language,
    country: place.country,
    region: place.region,
    city: place.city,
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null)),
  };
}

function pick<T>(values: readonly T[], at: number): T {
  return values[at % values.length] as T;
}

/** Row that was read, in the shape of the Export API as far as that defines it. */
export type Row = Readonly<Record<string, unknown>>;

/** Differences between an event that was sent and its row, as names of fields such as `event_properties.price`. */
export interface Comparison {
  /** Fields that differ although they have to come back as they were sent. */
  differing: string[];
  /** Fields that Amplitude may rewrite in an undocumented way and did: the device, the place, the language. */
  rewritten: string[];
}

const IDENTITY = ["event_type", "insert_id", "user_id", "device_id", "session_id"] as const;
const CONTEXT = [
  ...(["platform", "os_name", "os_version", "device_brand", "device_manufacturer", "device_model"] as const),
  ...(["carrier", "language", "country", "region", "city", "app_version"] as const),
];

/** Names in the Export API, if they differ from those of the HTTP V2 API. */
const EXPORTED: Partial<Record<keyof IngestEvent, string>> = {
  insert_id: "$insert_id",
  carrier: "device_carrier",
  app_version: "version_name",
};

/**
 * Compares an event with its row, field by field. Amplitude may add fields, and write timestamps with a `T`. User
 * properties may be strings and stand next to others of the user ("All forwarded user properties are sent as strings",
 * in the documentation of event streaming). `event_time` is Amplitude's own correction of the sender's clock, so
 * `client_event_time` is compared.
 */
export function compareEvent(sent: IngestEvent, row: Row): Comparison {
  const changed = (fields: readonly (keyof IngestEvent)[]) =>
    fields
      .map((field) => ({ value: sent[field], name: EXPORTED[field] ?? field }))
      .filter(({ value, name }) => value !== undefined && value !== row[name])
      .map(({ name }) => name);
  return {
    differing: [
      ...changed(IDENTITY),
      ...(parseTimestamp(row.client_event_time) === sent.time ? [] : ["client_event_time"]),
      ...differingKeys("event_properties", sent.event_properties, row.event_properties, isSameJson),
      ...differingKeys("user_properties", sent.user_properties, row.user_properties, isSameOrString),
      ...addedKeys("event_properties", sent.event_properties, row.event_properties),
    ],
    rewritten: changed(CONTEXT),
  };
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
  return isSameJson(sent, received) || received === String(sent);
}
