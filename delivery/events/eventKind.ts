import type { Properties } from "./event";

/** What Amplitude sends: an event, or what an Identify or Group Identify call said, which "Identify Forwarding" forwards. */
export type EventKind = "event" | "identify" | "groupIdentify";

/** Names that Amplitude's rows have and hardly any other event: two of them, beside the event's type, make one of them. */
const TELLING = [
  "uuid",
  "$insert_id",
  "amplitude_id",
  "app",
  "event_time",
  "server_upload_time",
  "client_event_time",
  "user_properties",
  "event_properties",
  "device_id",
  "user_id",
];
const ENOUGH = 2;

/**
 * Which kind of Amplitude's rows an object is; undefined for an object that is none. It is known by the names of its
 * fields, not by their values, so that rows which deviate from the documented shape are still known. The shape in which
 * Identify calls are forwarded is undocumented: the export's rows are accepted, and objects as the Identify and Group
 * Identify APIs take them.
 */
export function eventKind(object: Properties): EventKind | undefined {
  // The vendor's page on this destination calls the type `event_name`, that of the export `event_type`.
  if (!("event_type" in object || "event_name" in object)) return callKind(object);
  if (!isTelling(object)) return undefined;
  const type = object.event_type ?? object.event_name;
  if (type === "$identify") return "identify";
  return type === "$groupidentify" ? "groupIdentify" : "event";
}

/** Sources: Amplitude's "Identify API" and "Group Identify API". */
function callKind(object: Properties): EventKind | undefined {
  if ("user_properties" in object && ("user_id" in object || "device_id" in object)) return "identify";
  if ("group_properties" in object && ("groups" in object || "group_type" in object)) return "groupIdentify";
  return undefined;
}

function isTelling(object: Properties): boolean {
  let found = 0;
  for (const name of TELLING) {
    if (name in object) found += 1;
    if (found === ENOUGH) return true;
  }
  return false;
}
