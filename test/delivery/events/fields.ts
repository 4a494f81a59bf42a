/**
 * The fields of an export's row in its order: https://amplitude.com/docs/apis/analytics/export, and the further ones
 * of real exports of 2025.
 */
export const FIELDS =
  `$insert_id $insert_key $schema adid amplitude_attribution_ids amplitude_event_type amplitude_id app city
  client_event_time client_upload_time country data data_type device_brand device_carrier device_family device_id
  device_manufacturer device_model device_type dma event_id event_properties event_time event_type
  global_user_properties group_properties groups idfa ip_address is_attribution_event language library location_lat
  location_lng os_name os_version partner_id paying plan platform processed_time region sample_rate
  server_received_time server_upload_time session_id source_id start_version user_creation_time user_id
  user_properties uuid version_name`.split(/\s+/);
