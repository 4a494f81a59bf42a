import { uniformInt } from "pure-rand/distribution/uniformInt";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { VERSION } from "../../common/version";
import type { AmplitudeEvent } from "../event";
import { type Content, contentOf } from "./generatedContent";
import { DEVICES, PLACES, pick } from "./sampleValues";
import { amplitudeTimestamp } from "./timestamp";

/** The version of this package; `package.json` is not among what a build emits. */
export const LIBRARY = `pulumi-amplitude-kinesis/${VERSION}`;

/** Each has many events, of one device and within sessions of half an hour, as real ones do. */
const USERS = 500;
const SESSION_MS = 30 * 60_000;
/** An Amplitude id is a long: https://amplitude.com/docs/apis/analytics/export. */
const FIRST_AMPLITUDE_ID = 45_975_000_000;
const PROJECT = 100_011_471;

/** What was drawn for an event: who did what, and how long before it is processed. */
export interface DrawnEvent {
  /** A whole number, from 0. */
  readonly user: number;
  readonly content: Content;
  readonly hasSession: boolean;
  /** From when it happened until it was received, and until the clock's time, in ms. */
  readonly uploadMs: number;
  readonly agoMs: number;
}

/** What sets an event apart from all others that the same was drawn for. */
export interface EventInstance {
  /** From 0. */
  readonly eventNumber: number;
  /** The clock's time, in ms since 1970: a whole number. */
  readonly now: number;
  readonly $insert_id: string;
  readonly uuid: string;
}

/**
 * @param place among those that are drawn, from 0. Of 25 in a row one is `$identify`, one `$groupidentify`, and one of 10 is
 * outside any session, so that short runs hold every kind too.
 */
export function drawnEvent(random: RandomGenerator, place: number): DrawnEvent {
  const user = uniformInt(random, 0, USERS - 1);
  return {
    user,
    agoMs: 3_000 + uniformInt(random, 0, 4_000),
    uploadMs: 1_000 + uniformInt(random, 0, 500),
    content: contentOf(random, place, user),
    hasSession: place % 10 !== 3,
  };
}

/** When an event happened, was received, stored and processed, in ms since 1970. */
export type EventTimes = Record<"happened" | "received" | "stored" | "processed", number>;

/** @param now the clock's time, in ms since 1970. */
export function timesOf({ agoMs, uploadMs }: DrawnEvent, now: number): EventTimes {
  const happened = now - agoMs;
  const received = happened + uploadMs;
  return { happened, received, stored: received + 3, processed: received + 1_400 };
}

/** When its session began, in ms since 1970; -1: outside any session. */
export function sessionOf({ user, hasSession }: DrawnEvent, now: number): number {
  // No event of it happened more than 7 s before the clock's time.
  const begun = now - 60_000;
  return hasSession ? Math.max(0, begun - (begun % SESSION_MS) - user) : -1;
}

export function eventRow(drawn: DrawnEvent, { eventNumber, now, ...ids }: EventInstance): AmplitudeEvent {
  const { user, content } = drawn;
  const place = pick(PLACES, user);
  const device = pick(DEVICES, user);
  const { happened, received, stored, processed } = timesOf(drawn, now);
  return {
    $insert_id: ids.$insert_id,
    $insert_key: null,
    $schema: user % 8 === 1 ? 13 : null,
    adid: null,
    amplitude_attribution_ids: user % 16 === 2 ? `attribution-${user}` : null,
    amplitude_event_type: null,
    amplitude_id: FIRST_AMPLITUDE_ID + user,
    app: PROJECT,
    city: place.city,
    client_event_time: amplitudeTimestamp(happened),
    client_upload_time: amplitudeTimestamp(received),
    country: place.country,
    data: content.data,
    data_type: "event",
    device_brand: device.brand,
    device_carrier: device.carrier,
    device_family: device.family,
    device_id: `00000000-0000-4000-8000-${String(user).padStart(12, "0")}`,
    device_manufacturer: device.manufacturer,
    device_model: device.model,
    device_type: device.type,
    dma: null,
    event_id: eventNumber + 1,
    event_properties: content.event_properties,
    event_time: amplitudeTimestamp(happened),
    event_type: content.event_type,
    global_user_properties: user % 8 === 3 ? {} : null,
    group_properties: content.group_properties,
    groups: content.groups,
    idfa: null,
    ip_address: `203.0.113.${user % 256}`,
    is_attribution_event: user % 8 === 5 ? false : null,
    language: place.language,
    library: LIBRARY,
    location_lat: place.latitude,
    location_lng: place.longitude,
    os_name: device.osName,
    os_version: device.osVersion,
    partner_id: null,
    paying: user % 3 === 0 ? null : user % 3 === 1,
    plan: {},
    platform: device.platform,
    processed_time: amplitudeTimestamp(processed),
    region: place.region,
    sample_rate: null,
    server_received_time: amplitudeTimestamp(received),
    server_upload_time: amplitudeTimestamp(stored),
    session_id: sessionOf(drawn, now),
    source_id: null,
    start_version: device.versionName,
    user_creation_time: null,
    user_id: user % 4 === 0 ? null : `user-${user}@example.com`,
    user_properties: content.user_properties,
    uuid: ids.uuid,
    version_name: device.versionName,
  };
}
