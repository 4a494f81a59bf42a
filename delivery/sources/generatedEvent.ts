import { uniformInt } from "pure-rand/distribution/uniformInt";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { VERSION } from "../version";
import { type AmplitudeEvent, amplitudeTimestamp } from "./amplitudeEvent";
import { EventUuid } from "./eventIdentity";
import { contentOf } from "./generatedContent";
import { Encoded, type JsonMember, type JsonWriter } from "./json";
import { DEVICES, PLACES, pick } from "./sampleValues";

/** The version of this package; `package.json` is not among what a build emits. */
export const LIBRARY = `pulumi-amplitude-kinesis/${VERSION}`;

/** Users share devices and sessions over many events, as real ones do. */
const USERS = 5_000;
/** An Amplitude id is a long: https://amplitude.com/docs/apis/analytics/export. */
const FIRST_AMPLITUDE_ID = 45_975_000_000;
const PROJECT = 100_011_471;

/** Every one of them is encoded once: users come again and again. */
const IP_ADDRESSES = Array.from({ length: 256 }, (_, host) => new Encoded(`203.0.113.${host}`));
const deviceIds = places<Encoded<string>>(USERS);
const userIds = places<Encoded<string>>(USERS);

/** What two events of users of the same kind differ in. */
export type Changing = Record<(typeof CHANGING)[number], JsonMember>;

/** In the order of the row. */
export const CHANGING = [
  "$insert_id",
  "amplitude_attribution_ids",
  "amplitude_id",
  "client_event_time",
  "client_upload_time",
  "data",
  "device_id",
  "event_id",
  "event_properties",
  "event_time",
  "event_type",
  "group_properties",
  "groups",
  "ip_address",
  "processed_time",
  "server_received_time",
  "server_upload_time",
  "session_id",
  "user_id",
  "user_properties",
  "uuid",
] as const satisfies readonly (keyof AmplitudeEvent)[];

/** Of those: UUIDs, times, and numbers of eleven digits. */
export const OF_FIXED_WIDTH = [
  "$insert_id",
  "amplitude_id",
  "client_event_time",
  "client_upload_time",
  "device_id",
  "event_time",
  "processed_time",
  "server_received_time",
  "server_upload_time",
  "uuid",
] as const satisfies readonly (keyof Changing)[];

/** Places, devices and what else repeats among users does so after this many of them: a multiple of 16, 12 and 3. */
const USER_KINDS = 48;

/** What was drawn for one event. */
export interface DrawnEvent {
  /** Users of the same kind share all but what changes: a whole number below 48. */
  readonly userKind: number;
  readonly changing: Changing;
}

/**
 * Event number `eventNumber` (from 0) of a run. Of 25 in a row one is `$identify`, one `$groupidentify`, and one of
 * 10 is outside any session, so that short runs hold every kind too.
 */
export function drawnEvent(random: RandomGenerator, eventNumber: number, now: number): DrawnEvent {
  const user = uniformInt(random, 0, USERS - 1);
  const times = timesOf(random, now);
  const content = contentOf(random, eventNumber, user);
  return {
    userKind: user % USER_KINDS,
    changing: {
      $insert_id: new EventUuid(random, eventNumber),
      amplitude_attribution_ids: user % 16 === 2 ? `attribution-${user}` : null,
      amplitude_id: FIRST_AMPLITUDE_ID + user,
      client_event_time: times.event,
      client_upload_time: times.received,
      data: content.data,
      device_id: deviceId(user),
      event_id: eventNumber + 1,
      event_properties: content.event_properties,
      event_time: times.event,
      event_type: content.event_type,
      group_properties: content.group_properties,
      groups: content.groups,
      ip_address: pick(IP_ADDRESSES, user),
      processed_time: times.processed,
      server_received_time: times.received,
      server_upload_time: times.stored,
      session_id: eventNumber % 10 === 3 ? -1 : now - 60_000 - user,
      user_id: user % 4 === 0 ? null : userId(user),
      user_properties: content.user_properties,
      uuid: new EventUuid(random, eventNumber),
    },
  };
}

/** A row, some of whose members tell their values as JSON. */
type Row = { [Name in keyof AmplitudeEvent]: AmplitudeEvent[Name] | JsonMember };

/** The whole row, for `JSON.stringify`. */
export function eventRow({ userKind, changing }: DrawnEvent): Row {
  const place = pick(PLACES, userKind);
  const device = pick(DEVICES, userKind);
  return {
    $insert_id: changing.$insert_id,
    $insert_key: null,
    $schema: userKind % 8 === 1 ? 13 : null,
    adid: null,
    amplitude_attribution_ids: changing.amplitude_attribution_ids,
    amplitude_event_type: null,
    amplitude_id: changing.amplitude_id,
    app: PROJECT,
    city: place.city,
    client_event_time: changing.client_event_time,
    client_upload_time: changing.client_upload_time,
    country: place.country,
    data: changing.data,
    data_type: "event",
    device_brand: device.brand,
    device_carrier: device.carrier,
    device_family: device.family,
    device_id: changing.device_id,
    device_manufacturer: device.manufacturer,
    device_model: device.model,
    device_type: device.type,
    dma: null,
    event_id: changing.event_id,
    event_properties: changing.event_properties,
    event_time: changing.event_time,
    event_type: changing.event_type,
    global_user_properties: userKind % 8 === 3 ? {} : null,
    group_properties: changing.group_properties,
    groups: changing.groups,
    idfa: null,
    ip_address: changing.ip_address,
    is_attribution_event: userKind % 8 === 5 ? false : null,
    language: place.language,
    library: LIBRARY,
    location_lat: place.latitude,
    location_lng: place.longitude,
    os_name: device.osName,
    os_version: device.osVersion,
    partner_id: null,
    paying: userKind % 3 === 0 ? null : userKind % 3 === 1,
    plan: {},
    platform: device.platform,
    processed_time: changing.processed_time,
    region: place.region,
    sample_rate: null,
    server_received_time: changing.server_received_time,
    server_upload_time: changing.server_upload_time,
    session_id: changing.session_id,
    source_id: null,
    start_version: device.versionName,
    user_creation_time: null,
    user_id: changing.user_id,
    user_properties: changing.user_properties,
    uuid: changing.uuid,
    version_name: device.versionName,
  };
}

/** Filled from the start: an array that is first filled far from its beginning becomes a table, which is dear to look into. */
function places<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined);
}

function deviceId(user: number): JsonWriter {
  deviceIds[user] ??= new Encoded(`00000000-0000-4000-8000-${String(user).padStart(12, "0")}`);
  return deviceIds[user];
}

function userId(user: number): JsonWriter {
  userIds[user] ??= new Encoded(`user-${user}@example.com`);
  return userIds[user];
}

/** When the event happened, was received, stored and processed. */
type Times = Record<"event" | "received" | "stored" | "processed", JsonWriter>;

function timesOf(random: RandomGenerator, now: number): Times {
  const happened = now - 3_000 - uniformInt(random, 0, 4_000);
  const uploaded = happened + 1_000 + uniformInt(random, 0, 500);
  return {
    event: timestamp(happened),
    received: timestamp(uploaded),
    stored: timestamp(uploaded + 3),
    processed: timestamp(uploaded + 1_400),
  };
}

/** Times of events made at once lie within seven seconds: most of them come again. */
const KNOWN_TIMES = 8_192;
const knownTimes = new Float64Array(KNOWN_TIMES).fill(Number.NaN);
const knownTexts = places<Encoded<string>>(KNOWN_TIMES);

function timestamp(milliseconds: number): JsonWriter {
  const place = Math.abs(milliseconds % KNOWN_TIMES);
  let text = knownTexts[place];
  if (text === undefined || knownTimes[place] !== milliseconds) {
    text = new Encoded(amplitudeTimestamp(milliseconds));
    knownTexts[place] = text;
    knownTimes[place] = milliseconds;
  }
  return text;
}
