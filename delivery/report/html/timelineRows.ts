import type { TimelineBucket, TimelineReport } from "../../common/timeline";

/** Several buckets of a timeline in one row of a table. */
export interface TimelineRow extends TimelineBucket {
  /** In seconds since the run's start. */
  fromSecond: number;
  toSecond: number;
}

/** The timeline as a table that can be read: at most so many rows, none of them left out. */
export function timelineRows({ bucketSeconds, buckets }: TimelineReport, mostRows: number): TimelineRow[] {
  const perRow = Math.max(1, Math.ceil(buckets.length / mostRows));
  const rows: TimelineRow[] = [];
  for (let start = 0; start < buckets.length; start += perRow) {
    const row = buckets.slice(start, start + perRow);
    rows.push({
      fromSecond: start * bucketSeconds,
      toSecond: (start + row.length) * bucketSeconds,
      sent: sum(row, "sent"),
      acknowledged: sum(row, "acknowledged"),
      read: sum(row, "read"),
    });
  }
  return rows;
}

function sum(buckets: TimelineBucket[], what: keyof TimelineBucket): number {
  return buckets.reduce((total, bucket) => total + bucket[what], 0);
}
