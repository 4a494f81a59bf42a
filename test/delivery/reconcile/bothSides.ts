import type { Properties } from "../../../delivery/events/event";
import { HOUR_MS } from "../../../delivery/reconcile/options";

export type Row = Properties;

/** A row of the stream, and the time from its upload to its arrival. */
export interface Arrived {
  row: Row;
  delayMs: number;
}

export const FROM = Date.parse("2026-11-27T10:00:00Z");
export const RANGE = { from: FROM, end: FROM + 2 * HOUR_MS };
export const WINDOW_END = RANGE.end + 4 * HOUR_MS;
export const APP = 1;

export function timestamp(time: number): string {
  return new Date(time).toISOString().replace("T", " ").replace("Z", "000");
}

/** A row whose identity is `id`, uploaded in an hour of the range, or outside of it. */
export function rowOf(
  id: number,
  { hour = 0, hasUuid = true, type = "A", city = "here", app = APP } = {},
): Row {
  return {
    app,
    city,
    device_id: "device",
    $insert_id: `insert ${id}`,
    event_type: type,
    server_upload_time: timestamp(FROM + hour * HOUR_MS + 1_000 + id),
    user_properties: { age: id },
    ...(hasUuid ? { uuid: `uuid-${id}` } : {}),
  };
}

export function uploadOf(row: Row): number {
  return Date.parse(`${String(row.server_upload_time).replace(" ", "T")}Z`);
}

export function exported(row: Row) {
  return { row, bytes: Buffer.from(JSON.stringify(row)), origin: "export:1" };
}

/** A shard's records, one per row. */
export function batchOf(stream: Arrived[], stringify: (row: Row) => string = JSON.stringify) {
  const records = stream.map(({ row, delayMs }) => ({
    Data: Buffer.from(stringify(row)),
    PartitionKey: "somebody",
    SequenceNumber: "1",
    ApproximateArrivalTimestamp: new Date(uploadOf(row) + delayMs),
  }));
  return { shardId: "shardId-000000000000", records, receivedAt: FROM };
}
