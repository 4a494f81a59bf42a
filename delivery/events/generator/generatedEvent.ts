import { uniformInt } from "pure-rand/distribution/uniformInt";
import type { RandomGenerator } from "pure-rand/types/RandomGenerator";
import type { EpochMs } from "../../common/clock";
import { VERSION } from "../../common/limits";
import type { Properties } from "../event";

/** Version of this package; `package.json` is not part of a build. */
export const LIBRARY = `pulumi-amplitude-kinesis/${VERSION}`;

/** Each user has many events, of one device and within sessions of half an hour, as real users do. */
const USERS = 500;
const SESSION_MS = 30 * 60_000;
/** An Amplitude id is a long. Source: https://amplitude.com/docs/apis/analytics/export. */
const FIRST_AMPLITUDE_ID = 45_975_000_000;
/** Id of the project (`app`) of generated events by default. */
export const DEFAULT_PROJECT_ID = 100_011_471;

/** Whether a row has the library of generated events. Any client of Amplitude can set it too. */
export function isGenerated({ library }: Properties): boolean {
  return String(library).startsWith(LIBRARY.slice(0, LIBRARY.indexOf("/") + 1));
}

/** Stands for a value that differs between the events of one draw. No sample value contains it. */
export const PLACEHOLDER = "@@";

/** Drawn values of an event: who did what, and how long before it is processed. */
export interface DrawnEvent {
  /** An integer, from 0. */
  readonly user: number;
  readonly content: Content;
  readonly hasSession: boolean;
  /** Time from the event to its receipt. */
  readonly uploadMs: number;
  /** Time from the event to the generator's clock. */
  readonly agoMs: number;
}

/**
 * Draws an event.
 *
 * @param index Index among the drawn events, from 0. Of any 25 in a row, one is `$identify` and one `$groupidentify`. Of any
 * 10, one is outside any session. So short runs also hold every kind.
 */
export function drawEvent(random: RandomGenerator, index: number): DrawnEvent {
  const user = uniformInt(random, 0, USERS - 1);
  return {
    user,
    agoMs: 3_000 + uniformInt(random, 0, 4_000),
    uploadMs: 1_000 + uniformInt(random, 0, 500),
    content: drawContent(random, index, user),
    hasSession: index % 10 !== 3,
  };
}

/** Returns the start of the event's session, or -1 outside any session. */
export function sessionOf({ user, hasSession }: DrawnEvent, now: EpochMs): number {
  // The event happened at most 7 s before the clock's time, and so after the session's start.
  const begun = now - 60_000;
  return hasSession ? Math.max(0, begun - (begun % SESSION_MS) - user) : -1;
}

/** Returns the row of all events of one draw: every key of an export, in its order, and placeholders for what differs. */
export function rowTemplate({ user, content }: DrawnEvent, projectId: number) {
  const place = pick(PLACES, user);
  const device = pick(DEVICES, user);
  return {
    $insert_id: PLACEHOLDER,
    $insert_key: null,
    $schema: user % 8 === 1 ? 13 : null,
    adid: null,
    amplitude_attribution_ids: user % 16 === 2 ? `attribution-${user}` : null,
    amplitude_event_type: null,
    amplitude_id: FIRST_AMPLITUDE_ID + user,
    app: projectId,
    city: place.city,
    client_event_time: PLACEHOLDER,
    client_upload_time: PLACEHOLDER,
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
    event_id: PLACEHOLDER,
    event_properties: content.event_properties,
    event_time: PLACEHOLDER,
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
    processed_time: PLACEHOLDER,
    region: place.region,
    sample_rate: null,
    server_received_time: PLACEHOLDER,
    server_upload_time: PLACEHOLDER,
    session_id: PLACEHOLDER,
    source_id: null,
    start_version: device.versionName,
    user_creation_time: null,
    user_id: user % 4 === 0 ? null : `user-${user}@example.com`,
    user_properties: content.user_properties,
    uuid: PLACEHOLDER,
    version_name: device.versionName,
  };
}

/** Fields that name an event's group. */
type GroupFields = Record<"data" | "group_properties" | "groups", Properties>;

/** Content of an event, as opposed to who did it, where and when. */
type Content = GroupFields &
  Record<"event_properties" | "user_properties", Properties> & { event_type: string };

const GROUP_TYPE = "[Segment] Group";
const ACCOUNTS = 97;

const NO_GROUP: GroupFields = { data: data({}), group_properties: {}, groups: {} };

function groupOf(user: number): GroupFields {
  const account = user % ACCOUNTS;
  return {
    data: data({ "3124": [account] }),
    group_properties: { [GROUP_TYPE]: { [`account-${account}`]: {} } },
    groups: { [GROUP_TYPE]: [`account-${account}`] },
  };
}

function drawContent(random: RandomGenerator, index: number, user: number): Content {
  if (index % 25 === 7) return identify(random, user);
  if (index % 25 === 19) return groupIdentify(random, user);
  return {
    event_type: pick(EVENT_TYPES, uniformInt(random, 0, EVENT_TYPES.length - 1)),
    ...(user % 5 === 0 ? groupOf(user) : NO_GROUP),
    event_properties: index % 6 === 5 ? {} : purchase(random),
    user_properties: user % 6 === 5 ? {} : profile(random, user),
  };
}

function identify(random: RandomGenerator, user: number): Content {
  return {
    ...NO_GROUP,
    event_type: "$identify",
    event_properties: {},
    user_properties: { $set: profile(random, user) },
  };
}

function groupIdentify(random: RandomGenerator, user: number): Content {
  return {
    ...groupOf(user),
    event_type: "$groupidentify",
    event_properties: {},
    group_properties: { $set: { plan: "enterprise", seats: uniformInt(random, 1, 500), 業種: null } },
    user_properties: {},
  };
}

function data(groupIds: Properties): Properties {
  return {
    path: "/2/httpapi",
    user_properties_updated: true,
    group_first_event: {},
    group_ids: groupIds,
  };
}

function purchase(random: RandomGenerator): Properties {
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

function profile(random: RandomGenerator, user: number): Properties {
  return {
    referring_domain: "www.example.com",
    nickname: pick(TEXTS, uniformInt(random, 0, TEXTS.length - 1)),
    score: user / 8,
    utm_source: null,
  };
}

/* Sample values for generated events. Only the names of places, systems and scripts are real. */

function place(
  city: string,
  region: string,
  country: string,
  language: string,
  [latitude, longitude]: [number | null, number | null] = [null, null],
) {
  return { city, region, country, language, latitude, longitude };
}

/** Places in Latin, CJK, right-to-left, combining and astral characters, for every width of UTF-8. Half are ASCII, as most real ones. */
export const PLACES = [
  place("Example City", "Example Region", "United Kingdom", "English"),
  place("東京", "東京都", "Japan", "Japanese", [35.6895, 139.69171]),
  place("Zu\u0308rich", "Zürich", "Switzerland", "German", [47.36667, 8.55]),
  place("القاهرة", "محافظة القاهرة", "Egypt", "Arabic", [30.06263, 31.24967]),
  place("תל אביב-יפו", "מחוז תל אביב", "Israel", "Hebrew"),
  place("São Paulo", "São Paulo", "Brazil", "Portuguese", [-23.5475, -46.63611]),
  place("서울특별시", "서울", "South Korea", "Korean", [37.566, 126.9784]),
  place("Austin", "Texas", "United States", "English", [30.26715, -97.74306]),
  place("Leeds", "Leeds", "United Kingdom", "English"),
  place("Portland", "Oregon", "United States", "English", [45.52345, -122.67621]),
  place("Nairobi", "Nairobi County", "Kenya", "English", [-1.28333, 36.81667]),
  place("𠮷野町", "奈良県", "Japan", "Japanese"),
];

export const DEVICES = [
  {
    brand: null,
    carrier: null,
    family: "Mac OS X",
    manufacturer: null,
    model: null,
    type: "Mac",
    osName: "Chrome",
    osVersion: "137",
    platform: "Web",
    versionName: null,
  },
  {
    brand: "Apple",
    carrier: "Example Mobile",
    family: "Apple iPhone",
    manufacturer: "Apple",
    model: "iPhone15,2",
    type: "Apple iPhone 14 Pro",
    osName: "ios",
    osVersion: "18.5",
    platform: "iOS",
    versionName: "4.12.0",
  },
  {
    brand: "samsung",
    carrier: "Example Tel",
    family: "Samsung Phone",
    manufacturer: "samsung",
    model: "SM-S911B",
    type: "Samsung Galaxy S23",
    osName: "android",
    osVersion: "15",
    platform: "Android",
    versionName: "4.11.3",
  },
];

const EVENT_TYPES = [
  "session_start",
  "[Amplitude] Page Viewed",
  "Product Added",
  "Checkout Completed",
  "検索した",
  "session_end",
];

/** Text that users type. Line breaks, quotes, backslashes and U+2028 must also survive JSON. */
export const TEXTS = [
  "Blue running shoes, size 42",
  "A plain title",
  "Checkout (step 2 of 3)",
  "50% off & free shipping",
  "日本語のタイトル 😀",
  'family 👩‍👩‍👧‍👦 and a "quoted" C:\\path',
  "e\u0301 combining, \u00e9 composed",
  "שלום (rtl) مرحبا",
  "two\nlines\tand a tab",
  "separators \u2028 and \u2029",
  "€ 1.234,50",
];

function pick<Value>(values: readonly Value[], index: number): Value {
  return values[index % values.length] as Value;
}
