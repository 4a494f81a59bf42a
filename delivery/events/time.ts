/** `2025-07-17 10:36:28.583000`: UTC without a zone; some tools write a `T` for the space, or a `Z` at the end. */
export const TIMESTAMP_PATTERN = "^\\d{4}-\\d\\d-\\d\\d[ T]\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z?$";

const TIMESTAMP = new RegExp(TIMESTAMP_PATTERN);

/**
 * The time that one of an event's own timestamps names, in ms since 1970: undefined for what has another form, or is no
 * time.
 */
export function amplitudeTime(value: unknown): number | undefined {
  if (typeof value !== "string" || !TIMESTAMP.test(value)) return undefined;
  const time = Date.parse(`${value.slice(0, 10)}T${value.slice(11).replace("Z", "")}Z`);
  return Number.isNaN(time) ? undefined : time;
}
