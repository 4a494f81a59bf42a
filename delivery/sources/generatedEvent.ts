import { uniformInt } from "pure-rand/distribution/uniformInt";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import { VERSION } from "../version";
import { type AmplitudeEvent, amplitudeTimestamp, type Properties } from "./amplitudeEvent";
import { uniqueUuid } from "./eventIdentity";
import { DEVICES, EVENT_TYPES, PLACES, TEXTS } from "./sampleValues";

/** The version of this package; `package.json` is not among what a build emits. */
export const LIBRARY = `pulumi-amplitude-kinesis/${VERSION}`;

/** Users share devices and sessions over many events, as real ones do. */
const USERS = 5_000;
/** An Amplitude id is a long: https://amplitude.com/docs/apis/analytics/export. */
const FIRST_AMPLITUDE_ID = 45_975_000_000;
const PROJECT = 100_011_471;
const GROUP_TYPE = "[Segment] Group";

type Timestamps = Pick<
  AmplitudeEvent,
  | "client_event_time"
  | "client_upload_time"
  | "event_time"
  | "processed_time"
  | "server_received_time"
  | "server_upload_time"
>;

interface Content {
  readonly event_type: string;
  readonly data: Properties;
  readonly event_properties: Properties;
  readonly group_properties: Properties;
  readonly groups: Properties;
  readonly user_properties: Properties;
}

/**
 * Event number `eventNumber` (from 0) of a run. Of 25 in a row one is `$identify`, one `$groupidentify`, and one of
 * 10 is outside any session, so that short runs hold every kind too.
 */
export function generatedEvent(random: RandomGenerator, eventNumber: number, now: number): AmplitudeEvent {
  const user = uniformInt(random, 0, USERS - 1);
  const place = pick(PLACES, user);
  const device = pick(DEVICES, user);
  const anonymous = user % 4 === 0;
  const times = timestamps(random, now);
  const content = contentOf(random, eventNumber, user);
  return {
    $insert_id: uniqueUuid(random, eventNumber),
    $insert_key: null,
    $schema: user % 8 === 1 ? 13 : null,
    adid: null,
    amplitude_attribution_ids: user % 16 === 2 ? `attribution-${user}` : null,
    amplitude_event_type: null,
    amplitude_id: FIRST_AMPLITUDE_ID + user,
    app: PROJECT,
    city: place.city,
    client_event_time: times.client_event_time,
    client_upload_time: times.client_upload_time,
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
    event_time: times.event_time,
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
    processed_time: times.processed_time,
    region: place.region,
    sample_rate: null,
    server_received_time: times.server_received_time,
    server_upload_time: times.server_upload_time,
    session_id: eventNumber % 10 === 3 ? -1 : now - 60_000 - user,
    source_id: null,
    start_version: device.versionName,
    user_creation_time: null,
    user_id: anonymous ? null : `user-${user}@example.com`,
    user_properties: content.user_properties,
    uuid: uniqueUuid(random, eventNumber),
    version_name: device.versionName,
  };
}

function pick<T>(values: readonly T[], at: number): T {
  return values[at % values.length] as T;
}

function timestamps(random: RandomGenerator, now: number): Timestamps {
  const happened = now - 3_000 - uniformInt(random, 0, 4_000);
  const uploaded = happened + 1_000 + uniformInt(random, 0, 500);
  const event_time = amplitudeTimestamp(happened);
  const received = amplitudeTimestamp(uploaded);
  return {
    client_event_time: event_time,
    client_upload_time: received,
    event_time,
    processed_time: amplitudeTimestamp(uploaded + 1_400),
    server_received_time: received,
    server_upload_time: amplitudeTimestamp(uploaded + 3),
  };
}

function contentOf(random: RandomGenerator, eventNumber: number, user: number): Content {
  if (eventNumber % 25 === 7) return identify(random, user);
  if (eventNumber % 25 === 19) return groupIdentify(random, user);
  const inGroup = user % 5 === 0;
  const group = `account-${user % 97}`;
  return {
    event_type: pick(EVENT_TYPES, uniformInt(random, 0, EVENT_TYPES.length - 1)),
    data: data(inGroup ? { "3124": [user % 97] } : {}),
    event_properties: eventNumber % 6 === 5 ? {} : eventProperties(random),
    group_properties: inGroup ? { [GROUP_TYPE]: { [group]: {} } } : {},
    groups: inGroup ? { [GROUP_TYPE]: [group] } : {},
    user_properties: user % 6 === 5 ? {} : userProperties(random, user),
  };
}

function identify(random: RandomGenerator, user: number): Content {
  return {
    event_type: "$identify",
    data: data({}),
    event_properties: {},
    group_properties: {},
    groups: {},
    user_properties: { $set: userProperties(random, user) },
  };
}

function groupIdentify(random: RandomGenerator, user: number): Content {
  return {
    event_type: "$groupidentify",
    data: data({ "3124": [user % 97] }),
    event_properties: {},
    group_properties: { $set: { plan: "enterprise", seats: uniformInt(random, 1, 500), 業種: null } },
    groups: { [GROUP_TYPE]: [`account-${user % 97}`] },
    user_properties: {},
  };
}

function data(groupIds: Properties): Properties {
  return { path: "/2/httpapi", user_properties_updated: true, group_first_event: {}, group_ids: groupIds };
}

function eventProperties(random: RandomGenerator): Properties {
  const draw = uniformInt(random, 0, 999_999);
  return {
    title: pick(TEXTS, draw),
    price: draw / 100,
    quantity: draw % 7,
    returning: draw % 2 === 0,
    coupon: null,
    tags: ["sale", "new"],
    order: 3_000_000_000 + draw,
  };
}

function userProperties(random: RandomGenerator, user: number): Properties {
  return {
    referring_domain: "www.example.com",
    nickname: pick(TEXTS, uniformInt(random, 0, TEXTS.length - 1)),
    score: user / 8,
    utm_source: null,
  };
}
