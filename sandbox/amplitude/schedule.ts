/** Draws in [0, 1). */
export type Random = () => number;

/** Delivery behavior of the stand-in. Undocumented behavior is configurable. */
export interface DeliveryHabits {
  /** 95 of 100 rows are written within this long of their reception, in ms. Documented: 60,000. */
  p95Ms: number;
  /** Share of the rows that are written twice, 0–1. Documented: no promise of exactly once. */
  duplicateRate: number;
  /** Share of the rows that are delayed behind later ones, 0–1. Documented: no promise of an order. */
  reorderRate: number;
  /** Attempts after the first one, before a row expires. Documented: 10. */
  retries: number;
  /** Time in ms in which a row is retried. Documented: 4 hours. */
  expireMs: number;
  /** Delay before the first retry in ms; it doubles before each further one. Undocumented. */
  retryDelayMs: number;
  /** Call that writes rows. Undocumented: the policy names both. */
  call: "PutRecords" | "PutRecord";
  /** Source of a record's partition key. Undocumented. */
  partitionKey: "uuid" | "user_id" | "device_id" | "amplitude_id";
}

export const DOCUMENTED_HABITS: DeliveryHabits = {
  p95Ms: 60_000,
  duplicateRate: 0.01,
  reorderRate: 0.02,
  retries: 10,
  expireMs: 4 * 3600 * 1000,
  retryDelayMs: 1_000,
  call: "PutRecords",
  partitionKey: "uuid",
};

/** The schedule of one row. */
export interface Course {
  /** Time from its reception to its writing, in ms. */
  delayMs: number;
  /** Time of a second writing after that, in ms from the reception. */
  againMs?: number;
}

/**
 * Schedules one upload: its rows go together, except delayed and duplicated rows. 95 of 100 uploads take
 * at most half of `p95Ms`, and delayed rows are written before `p95Ms` is over; the others take up to twice as long.
 */
export function coursesOf(
  rows: number,
  habits: Pick<DeliveryHabits, "p95Ms" | "duplicateRate" | "reorderRate">,
  random: Random,
): Course[] {
  const { p95Ms, duplicateRate, reorderRate } = habits;
  const half = p95Ms / 2;
  const isSlow = random() >= 0.95;
  const delayMs = random() * half + (isSlow ? p95Ms : 0);
  return Array.from({ length: rows }, () => {
    const heldBackMs = random() < reorderRate ? random() * half : 0;
    const course: Course = { delayMs: delayMs + heldBackMs };
    return random() < duplicateRate ? { ...course, againMs: course.delayMs + random() * half } : course;
  });
}

/** Returns the delay before an attempt, numbered from 2. */
export function retryDelayMs(attempt: number, firstMs: number, random: Random): number {
  return firstMs * 2 ** (attempt - 2) * (0.5 + random() / 2);
}
