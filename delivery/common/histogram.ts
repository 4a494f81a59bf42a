import { build, encodeIntoCompressedBase64, type Histogram } from "hdr-histogram-js";

/** Seconds from an event's first attempt until it was read back, with the wait for the next reading in it. */
export interface Latency {
  /** Half of the events took at most this long. */
  p50: number;
  /** 95 percent of them. */
  p95: number;
  /** 99 percent of them. */
  p99: number;
  /** The slowest one. */
  max: number;
}

const MAX_TRACKED_MS = 24 * 3600 * 1000;

/** Latencies in bounded memory, within 0.1 % of their true values. */
export class LatencyRecorder {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_TRACKED_MS,
    numberOfSignificantValueDigits: 3,
  });

  /** @param ms NaN for what can't be known, which is left out. */
  record(ms: number): void {
    if (Number.isNaN(ms)) return;
    this.#histogram.recordValue(Math.min(MAX_TRACKED_MS, Math.max(0, Math.round(ms))));
  }

  /** The compressed V2 encoding, in base64; undefined where nothing was recorded. */
  encoded(): string | undefined {
    return this.#histogram.totalCount === 0 ? undefined : encodeIntoCompressedBase64(this.#histogram);
  }

  /** Undefined where nothing was recorded. */
  summary(): Latency | undefined {
    if (this.#histogram.totalCount === 0) return undefined;
    const max = this.#histogram.maxValue;
    // A percentile is the upper end of its bucket, which can lie above the largest value.
    const at = (percentile: number) => Math.min(max, this.#histogram.getValueAtPercentile(percentile)) / 1000;
    return { p50: at(50), p95: at(95), p99: at(99), max: max / 1000 };
  }
}
