import type { PathRun } from "./onePath";

/** The producer's default. */
export const LINGER_MS = 50;

/** Argument of `latency.ts`. */
export interface LatencyRun extends PathRun {
  /** Events a second. */
  rate: number;
}

/** In ms. */
export interface AddedLatency {
  /** Events a second. */
  rate: number;
  p50: number;
  p99: number;
  max: number;
}
