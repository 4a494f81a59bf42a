import { decodeFromCompressedBase64, type Histogram, JsHistogram } from "hdr-histogram-js";

/** Events whose latency lies in [fromMs, toMs). */
export interface LatencyBin {
  /** In ms, from 1. */
  fromMs: number;
  toMs: number;
  events: number;
}

/** One point of the distribution's other view. */
export interface LatencyPercentile {
  /** 0–100. */
  percentile: number;
  /** This share of the events took at most so long, in seconds. */
  seconds: number;
}

export interface LatencyDistribution {
  /** Without a gap, each wider than the one before by the same factor. */
  bins: LatencyBin[];
  percentiles: LatencyPercentile[];
}

const PERCENTILES = [50, 75, 90, 95, 99, 99.9, 100];
/** Bins to the tenfold, the finest first, and how many bars can be told apart on a phone. */
const RESOLUTIONS = [160, 80, 40, 20, 10, 5];
const MOST_BINS = 32;

/**
 * The distribution behind a report's `latencyHistogram`.
 *
 * @throws Error where the text is no HdrHistogram in the compressed V2 encoding, or an empty one.
 */
export function latencyDistribution(latencyHistogram: string): LatencyDistribution {
  const histogram = decodeFromCompressedBase64(latencyHistogram);
  if (!(histogram instanceof JsHistogram) || histogram.totalCount === 0) {
    throw new Error("the histogram is empty");
  }
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

/** The finest whose bins are not too many, nor narrower than the whole ms of the values: such could not but stay empty. */
function resolutionFor(least: number, most: number): number {
  const fits = (resolution: number) =>
    binOf(most, resolution) - binOf(least, resolution) < MOST_BINS &&
    (least === most || least * (10 ** (1 / resolution) - 1) >= 1);
  return RESOLUTIONS.find(fits) ?? 5;
}

function edgeOf(bin: number, resolution: number): number {
  return 10 ** (bin / resolution);
}

/** The logarithm of an edge can come out just below it. */
function binOf(ms: number, resolution: number): number {
  return Math.floor(Math.log10(ms) * resolution + 1e-9);
}
