import type { EpochMs } from "./clock";

/** Counts of one interval of a run. */
export interface TimelineBucket {
  /** Events tried for the first time. */
  sent: number;
  /** Events that Kinesis acknowledged. */
  acknowledged: number;
  /** Events read back for the first time. */
  read: number;
}

/** The run in intervals of equal length, from its start. Empty intervals at the end are omitted. */
export interface TimelineReport {
  /** Length of an interval in seconds: 1, doubled each time that a run exceeds 600 intervals. */
  bucketSeconds: number;
  /** At most 600. */
  buckets: TimelineBucket[];
}

const MAX_BUCKETS = 600;
const COUNTS = ["sent", "acknowledged", "read"] as const satisfies (keyof TimelineBucket)[];

/** Counts per second in bounded memory. A long run has longer intervals, not more of them. */
export class Timeline {
  #bucketSeconds: number;
  #buckets: TimelineBucket[] = [];

  /** @param bucketSeconds Length of the first intervals. */
  constructor(
    private readonly startedAt: EpochMs,
    bucketSeconds = 1,
  ) {
    this.#bucketSeconds = bucketSeconds;
  }

  /**
   * @param at An instant before the start counts as the start.
   * @param events Number of events at that instant.
   */
  count(what: keyof TimelineBucket, at: EpochMs, events = 1): void {
    const second = Math.max(0, (at - this.startedAt) / 1000);
    while (second / this.#bucketSeconds >= MAX_BUCKETS) this.#halve();
    this.#add(what, Math.floor(second / this.#bucketSeconds), events);
  }

  report(): TimelineReport {
    return { bucketSeconds: this.#bucketSeconds, buckets: this.#buckets.map((bucket) => ({ ...bucket })) };
  }

  #add(what: keyof TimelineBucket, index: number, events: number): void {
    while (this.#buckets.length <= index) this.#buckets.push({ sent: 0, acknowledged: 0, read: 0 });
    const bucket = this.#buckets[index];
    if (bucket !== undefined) bucket[what] += events;
  }

  /** Joins every two intervals. */
  #halve(): void {
    const buckets = this.#buckets;
    this.#buckets = [];
    this.#bucketSeconds *= 2;
    for (const [index, bucket] of buckets.entries())
      for (const what of COUNTS) this.#add(what, index >> 1, bucket[what]);
  }
}

/** Returns the timeline of several concurrent runs. An interval counts as its start, and none is shorter than the longest. */
export function mergeTimelines(
  runs: readonly { startedAt: EpochMs; timeline: TimelineReport }[],
): TimelineReport {
  const start = Math.min(...runs.map(({ startedAt }) => startedAt));
  const merged = new Timeline(start, Math.max(1, ...runs.map(({ timeline }) => timeline.bucketSeconds)));
  for (const { startedAt, timeline } of runs) {
    for (const [index, bucket] of timeline.buckets.entries()) {
      const at = startedAt + index * timeline.bucketSeconds * 1000;
      for (const what of COUNTS) merged.count(what, at, bucket[what]);
    }
  }
  return merged.report();
}
