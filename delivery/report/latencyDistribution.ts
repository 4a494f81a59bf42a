import type { Histogram, JsHistogram } from "hdr-histogram-js";
import { decodeLatencies } from "../common/histogram";

/** Events whose latency lies in [fromMs, toMs). */
export interface LatencyBin {
  /** At least 1 ms. */
  fromMs: number;
  toMs: number;
  events: number;
}

/** A percentile of the latencies. */
export interface LatencyPercentile {
  /** 0–100. */
  percentile: number;
  /** Maximum latency of this share of the events. */
  seconds: number;
}

export interface LatencyDistribution {
  /** Adjacent bins. Each is wider than the previous one by the same factor. */
  bins: LatencyBin[];
  percentiles: LatencyPercentile[];
}

const PERCENTILES = [50, 75, 90, 95, 99, 99.9, 100];
/** Bins per decade, the finest first. */
const RESOLUTIONS = [160, 80, 40, 20, 10, 5];
/** Number of bars that a phone can show. */
const MAX_BINS = 32;

/**
 * Decodes the `latencyHistogram` of a report.
 *
 * @throws ReportError if the text isn't such a histogram, or if it is empty.
 */
export function latencyDistribution(latencyHistogram: string): LatencyDistribution {
  const histogram = decodeLatencies(latencyHistogram);
  const percentiles = PERCENTILES.map((percentile) => ({
    percentile,
    seconds: Math.min(histogram.maxValue, histogram.getValueAtPercentile(percentile)) / 1000,
  }));
  return { bins: binsOf(recordedValues(histogram)), percentiles };
}

function recordedValues(histogram: Histogram & JsHistogram): [ms: number, events: number][] {
  const iterator = histogram.recordedValuesIterator;
  iterator.reset();
  const values: [number, number][] = [];
  while (iterator.hasNext()) {
    const { valueIteratedTo, countAddedInThisIterationStep } = iterator.next();
    values.push([Math.max(1, valueIteratedTo), countAddedInThisIterationStep]);
  }
  return values;
}

function binsOf(values: [ms: number, events: number][]): LatencyBin[] {
  const resolution = resolutionFor(values[0]?.[0] ?? 1, values.at(-1)?.[0] ?? 1);
  const events = new Map<number, number>();
  for (const [ms, count] of values) {
    const bin = binOf(ms, resolution);
    events.set(bin, (events.get(bin) ?? 0) + count);
  }
  const first = Math.min(...events.keys());
  const last = Math.max(...events.keys());
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    fromMs: edgeOf(first + index, resolution),
    toMs: edgeOf(first + index + 1, resolution),
    events: events.get(first + index) ?? 0,
  }));
}

/** Returns the finest resolution that fits. A bin narrower than 1 ms would always be empty. */
function resolutionFor(min: number, max: number): number {
  const fits = (resolution: number) =>
    binOf(max, resolution) - binOf(min, resolution) < MAX_BINS &&
    (min === max || min * (10 ** (1 / resolution) - 1) >= 1);
  return RESOLUTIONS.find(fits) ?? 5;
}

function edgeOf(bin: number, resolution: number): number {
  return 10 ** (bin / resolution);
}

/** The logarithm of an edge can be slightly too small. */
function binOf(ms: number, resolution: number): number {
  return Math.floor(Math.log10(ms) * resolution + 1e-9);
}
