import { createHash } from "node:crypto";
import { type IngestedEvent, isObject, type Json, type Upload } from "./upload";

/** Source: HTTP V2 API, "Event deduplication". */
const DEDUPLICATED_MS = 7 * 24 * 3600 * 1000;
/** An Amplitude id is a long: https://amplitude.com/docs/apis/analytics/export. */
const FIRST_AMPLITUDE_ID = 45_975_551_000;

export interface ProjectOptions {
  /** The project's id, which every row carries. */
  app: number;
  /** Generates ids of rows, and of events without an insert id. */
  newUuid: () => string;
}

export interface Reception {
  path: string;
  /** Milliseconds since 1970-01-01 UTC. */
  receivedAt: number;
}

/** Users and events of one project. New events in an upload become rows, in order. */
export class Project {
  readonly #seen = new Map<string, number>();
  readonly #users = new Map<string, { amplitudeId: number; properties: Json }>();
  readonly #groups = new Map<string, number>();
  #deduplicated = 0;

  constructor(private readonly options: ProjectOptions) {}

  /** Number of events omitted as duplicates. */
  get eventsDeduplicated(): number {
    return this.#deduplicated;
  }

  take({ events, clientUploadTime }: Upload, { path, receivedAt }: Reception): Json[] {
    const uploaded = Date.parse(clientUploadTime ?? "");
    const clientUploadedAt = Number.isNaN(uploaded) ? receivedAt : uploaded;
    return events
      .filter((event) => this.#isNew(event, receivedAt))
      .map((event) => {
        const user = this.#userOf(event);
        user.properties = withProperties(user.properties, event.user_properties);
        return exportRow(event, {
          app: this.options.app,
          amplitudeId: user.amplitudeId,
          uuid: this.options.newUuid(),
          insertId: this.options.newUuid(),
          path,
          receivedAt,
          processedAt: receivedAt + 1,
          clientUploadedAt,
          userProperties: { ...user.properties },
          groupIds: this.#groupIds(event),
        });
      });
  }

  /** The same insert id from the same device within seven days is the same event; one without an insert id is new. */
  #isNew(event: IngestedEvent, now: number): boolean {
    if (typeof event.insert_id !== "string") return true;
    const key = JSON.stringify([deviceIdOf(event), event.insert_id]);
    const before = this.#seen.get(key);
    if (before !== undefined && now - before < DEDUPLICATED_MS) {
      this.#deduplicated += 1;
      return false;
    }
    this.#seen.set(key, now);
    return true;
  }

  #userOf(event: IngestedEvent) {
    const key = event.user_id === undefined ? `device ${deviceIdOf(event)}` : `user ${event.user_id}`;
    const user = this.#users.get(key) ?? {
      amplitudeId: FIRST_AMPLITUDE_ID + this.#users.size,
      properties: {},
    };
    this.#users.set(key, user);
    return user;
  }

  #groupIds(event: IngestedEvent): Record<string, number[]> {
    const ids = Object.entries(groupsOf(event)).map(([type, values]) => [
      this.#numberOf(type),
      values.map((value) => this.#numberOf(`${type} ${String(value)}`)),
    ]);
    return Object.fromEntries(ids);
  }

  #numberOf(group: string): number {
    const number = this.#groups.get(group) ?? 3_000 + this.#groups.size;
    this.#groups.set(group, number);
    return number;
  }
}

/** Computes a property's new value. */
type Operation = (before: unknown, operand: unknown) => unknown;

/** Source: Identify API, "Supported operations"; the order is the one in which they are applied. */
const OPERATIONS: Record<string, Operation> = {
  $set: (_before, value) => value,
  $setOnce: (before, value) => before ?? value,
  $add: (before, value) => Number(before ?? 0) + Number(value),
  $append: (before, value) => [...listOf(before), ...listOf(value)],
  $prepend: (before, value) => [...listOf(value), ...listOf(before)],
  $preInsert: (before, value) => [...without(listOf(value), before), ...listOf(before)],
  $postInsert: (before, value) => [...listOf(before), ...without(listOf(value), before)],
  $remove: (before, value) => listOf(before).filter((item) => !listOf(value).includes(item)),
};

/** Returns the properties after those of an event or an identify call. Plain ones count as `$set`. */
export function withProperties(before: Json, change: unknown): Json {
  if (!isObject(change)) return before;
  if ("$clearAll" in change) return {};
  const after: Json = { ...before };
  for (const [operation, apply] of Object.entries(OPERATIONS)) {
    for (const [name, operand] of Object.entries(operandsOf(change, operation)))
      after[name] = apply(after[name], operand);
  }
  for (const name of Object.keys(operandsOf(change, "$unset"))) delete after[name];
  return after;
}

function operandsOf(change: Json, operation: string): Json {
  const plain = Object.fromEntries(Object.entries(change).filter(([name]) => !name.startsWith("$")));
  const named = change[operation];
  return { ...(operation === "$set" ? plain : {}), ...(isObject(named) ? named : {}) };
}

function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function without(values: unknown[], present: unknown): unknown[] {
  return values.filter((value) => !listOf(present).includes(value));
}

/** The server's facts about an event. */
interface RowContext {
  /** The project's id. */
  app: number;
  amplitudeId: number;
  uuid: string;
  /** Used if the event has no `insert_id`. */
  insertId: string;
  /** Path of the endpoint that received it. */
  path: string;
  /** Milliseconds since 1970-01-01 UTC. */
  receivedAt: number;
  processedAt: number;
  /** Milliseconds since 1970-01-01 UTC, by the sender's clock. */
  clientUploadedAt: number;
  /** The user's properties, including this event's. */
  userProperties: Json;
  /** Ids of the event's groups by the id of their type. */
  groupIds: Record<string, number[]>;
}

/** Maximum error of a sender's clock that counts as correct. Source: Export API, `event_time`. */
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * Returns the row of the Export API for an event. Every key exists; unknown ones are `null`. An `$identify` keeps its
 * operations, because the form of a forwarded one is undocumented.
 *
 * Sources: Export API, "Response", and rows of real exports.
 */
function exportRow(event: IngestedEvent, context: RowContext): Json {
  const { app, amplitudeId, uuid, path, groupIds } = context;
  return {
    $insert_id: text(event.insert_id) ?? context.insertId,
    $insert_key: null,
    $schema: null,
    adid: text(event.adid),
    amplitude_attribution_ids: null,
    amplitude_event_type: null,
    amplitude_id: amplitudeId,
    app,
    ...timesOf(event, context),
    data: { path, user_properties_updated: true, group_first_event: {}, group_ids: groupIds },
    data_type: "event",
    device_id: deviceIdOf(event),
    event_id: typeof event.event_id === "number" ? event.event_id : 0,
    event_type: event.event_type,
    ...propertiesOf(event, context.userProperties),
    ...deviceOf(event),
    ...placeOf(event),
    idfa: text(event.idfa),
    is_attribution_event: null,
    language: text(event.language),
    library: text(event.library) ?? "http/2.0",
    partner_id: text(event.partner_id),
    paying: null,
    plan: isObject(event.plan) ? event.plan : {},
    sample_rate: null,
    session_id: typeof event.session_id === "number" ? event.session_id : -1,
    source_id: null,
    start_version: text(event.app_version),
    user_creation_time: null,
    user_id: event.user_id ?? null,
    uuid,
    version_name: text(event.app_version) ?? text(event.version_name),
  };
}

function text(value: unknown): string | null {
  return value === undefined || value === null ? null : String(value);
}

function deviceOf(event: IngestedEvent): Json {
  return {
    device_brand: text(event.device_brand),
    device_carrier: text(event.carrier),
    device_family: text(event.device_model),
    device_manufacturer: text(event.device_manufacturer),
    device_model: text(event.device_model),
    device_type: text(event.device_model),
    os_name: text(event.os_name),
    os_version: text(event.os_version),
    platform: text(event.platform),
  };
}

function placeOf(event: IngestedEvent): Json {
  return {
    city: text(event.city),
    country: text(event.country),
    dma: text(event.dma),
    ip_address: text(event.ip),
    location_lat: typeof event.location_lat === "number" ? event.location_lat : null,
    location_lng: typeof event.location_lng === "number" ? event.location_lng : null,
    region: text(event.region),
  };
}

function propertiesOf(event: IngestedEvent, userProperties: Json): Json {
  return {
    event_properties: isObject(event.event_properties) ? event.event_properties : {},
    global_user_properties: null,
    group_properties: isObject(event.group_properties) ? event.group_properties : {},
    groups: groupsOf(event),
    user_properties: event.event_type === "$identify" ? (event.user_properties ?? {}) : userProperties,
  };
}

/** A group's value is a list in an export. */
function groupsOf({ groups }: IngestedEvent): Record<string, unknown[]> {
  if (!isObject(groups)) return {};
  return Object.fromEntries(
    Object.entries(groups).map(([type, value]) => [type, Array.isArray(value) ? value : [value]]),
  );
}

/** Source: HTTP V2 API, `device_id`: without one it is a hash of the user id. */
function deviceIdOf({ device_id: deviceId, user_id: userId = "" }: IngestedEvent): string {
  return deviceId ?? createHash("sha256").update(userId).digest("hex").slice(0, 32);
}

/** Returns `event_time`: the sender's time, corrected if its clock is wrong. Source: Export API, `event_time`. */
function timesOf(event: IngestedEvent, { receivedAt, processedAt, clientUploadedAt }: RowContext): Json {
  const happened = typeof event.time === "number" ? event.time : receivedAt;
  const clockError = receivedAt - clientUploadedAt;
  const corrected = Math.abs(clockError) < CLOCK_TOLERANCE_MS ? happened : happened + clockError;
  return {
    client_event_time: timestamp(happened),
    client_upload_time: timestamp(clientUploadedAt),
    event_time: timestamp(corrected),
    processed_time: timestamp(processedAt),
    server_received_time: timestamp(receivedAt),
    server_upload_time: timestamp(receivedAt),
  };
}

/** Formats a UTC time without its zone: `2025-07-17 10:36:28.583000`. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("T", " ").replace("Z", "000");
}
