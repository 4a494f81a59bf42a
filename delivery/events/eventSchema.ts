import { TIMESTAMP_PATTERN } from "./event";

const UUID_PATTERN = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";

const TEXT = { type: ["string", "null"] };
const WHOLE = { type: ["integer", "null"] };
const NUMBER = { type: ["number", "null"] };
const TRUTH = { type: ["boolean", "null"] };
/** The customer's own names; values of any type: streamed properties are documented to be strings, exports hold them as sent. */
const DICTIONARY = { type: ["object", "null"] };
const TIME = { type: ["string", "null"], pattern: TIMESTAMP_PATTERN };
const ANYTHING = {};

/** The fields that Amplitude documents for a row of its Export API, which is what it says to send to a stream. */
const DOCUMENTED = {
  $insert_id: TEXT,
  // A string in the table of fields, a list elsewhere on the same page.
  amplitude_attribution_ids: { type: ["string", "array", "null"] },
  amplitude_id: WHOLE,
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
  event_id: WHOLE,
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
  paying: TRUTH,
  platform: TEXT,
  processed_time: TIME,
  region: TEXT,
  sample_rate: { type: "null" },
  server_received_time: TIME,
  server_upload_time: TIME,
  session_id: WHOLE,
  start_version: TEXT,
  user_id: TEXT,
  user_properties: DICTIONARY,
  uuid: { type: "string", pattern: UUID_PATTERN },
  version_name: TEXT,
};

/** Seen in real exports of 2025, or named on the vendor's page of the destination; of what type is not documented for all. */
const SEEN = {
  $insert_key: ANYTHING,
  $schema: WHOLE,
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
  is_attribution_event: TRUTH,
  partner_id: ANYTHING,
  plan: DICTIONARY,
  source_id: ANYTHING,
  user_creation_time: TIME,
};

/**
 * JSON Schema of a row of Amplitude's Export API. Every documented key is there, with an explicit `null` where nothing is
 * known.
 *
 * Source: https://amplitude.com/docs/apis/analytics/export, and rows of real exports.
 */
export const EVENT_SCHEMA = {
  type: "object",
  properties: { ...DOCUMENTED, ...SEEN },
  required: Object.keys(DOCUMENTED),
  additionalProperties: false,
};
