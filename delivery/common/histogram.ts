import { inflateSync } from "node:zlib";
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
  JsHistogram,
} from "hdr-histogram-js";
import { messageOf, ReportError } from "./errors";

/** Seconds from an event's first attempt until it was read back, including the wait for the next read. */
export interface Latency {
  /** Half of the events took at most this long. */
  p50: number;
  /** 95 percent of the events took at most this long. */
  p95: number;
  /** 99 percent of the events took at most this long. */
  p99: number;
  /** The slowest event. */
  max: number;
}

const MAX_TRACKED_MS = 24 * 3600 * 1000;

const newHistogram = () =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MAX_TRACKED_MS,
    numberOfSignificantValueDigits: 3,
  });

/** Latencies in bounded memory, within 0.1 % of their true values. */
export class LatencyRecorder {
  readonly #histogram: Histogram = newHistogram();

  /** @param ms NaN if it is unknown, which is left out. */
  record(ms: number): void {
    if (Number.isNaN(ms)) return;
    this.#histogram.recordValue(Math.min(MAX_TRACKED_MS, Math.max(0, Math.round(ms))));
  }

  /** The compressed V2 encoding, in base64. Undefined if nothing was recorded. */
  encoded(): string | undefined {
    return this.#histogram.totalCount === 0 ? undefined : encodeIntoCompressedBase64(this.#histogram);
  }

  /**
   * Adds the latencies that another recorder has encoded.
   *
   * @throws ReportError for other text.
   */
  add(encoded: string): void {
    this.#histogram.add(decodeLatencies(encoded));
  }

  /**
   * Returns undefined if nothing was recorded.
   *
   * @param max Largest value in ms, if it is known exactly. Default: the largest of the histogram.
   */
  summary(max = this.#histogram.maxValue): Latency | undefined {
    if (this.#histogram.totalCount === 0) return undefined;
    // A percentile is the upper end of its bucket, which can lie above the largest value.
    const at = (percentile: number) => Math.min(max, this.#histogram.getValueAtPercentile(percentile)) / 1000;
    return { p50: at(50), p95: at(95), p99: at(99), max: max / 1000 };
  }
}

/** Length of the cookie and the length before a compressed histogram. */
const PREFIX_BYTES = 8;
/** Length of an uncompressed histogram's header: cookie, length of the counts, and its range from byte 8 on. */
const HEADER_BYTES = 40;
/** A full histogram of a recorder has 166 KiB. */
const MAX_HISTOGRAM_BYTES = 256 * 1024;

/**
 * Decodes what a `LatencyRecorder` encoded.
 *
 * @throws ReportError for other text, and for an empty histogram.
 */
export function decodeLatencies(encoded: string): Histogram & JsHistogram {
  try {
    const own = inflated(encodeIntoCompressedBase64(newHistogram()));
    const other = inflated(encoded);
    // The library would allocate whatever range, and read whatever length, a header states.
    const isOwnRange = own.subarray(8, HEADER_BYTES).equals(other.subarray(8, HEADER_BYTES));
    if (!isOwnRange || other.readUInt32BE(4) !== other.length - HEADER_BYTES)
      throw new Error("its header is not that of a recorder of latencies");
    const histogram = decodeFromCompressedBase64(encoded);
    if (histogram instanceof JsHistogram && histogram.totalCount > 0) return histogram;
    throw new Error("it is empty");
  } catch (cause) {
    throw new ReportError(`The report's latencyHistogram can't be decoded: ${messageOf(cause)}`, { cause });
  }
}

function inflated(encoded: string): Buffer {
  const compressed = Buffer.from(encoded, "base64").subarray(PREFIX_BYTES);
  return inflateSync(compressed, { maxOutputLength: MAX_HISTOGRAM_BYTES });
}
