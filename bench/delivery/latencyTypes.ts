import type { PathRun } from "./onePath";

/** The producer's default. */
export const LINGER_MS = 50;

/** Argument of `latency.ts`. */
export interface LatencyRun extends PathRun {
  /** Events per second. */
  rate: number;
}

/** Latency that the producer adds, in ms. */
export interface AddedLatency {
  /** Events per second. */
  rate: number;
  p50: number;
  p99: number;
  max: number;
}
