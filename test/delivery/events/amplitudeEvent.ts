import type { Properties } from "../../../delivery/events/event";

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
