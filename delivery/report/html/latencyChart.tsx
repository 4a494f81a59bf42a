import type { Histogram, JsHistogram } from "hdr-histogram-js";
import { decodeLatencies, type Latency } from "../../common/histogram";
import {
  ChartFigure,
  type Charting,
  type Frame,
  HorizontalAxis,
  round,
  type Tick,
  VerticalAxis,
} from "./charting";
import { count, duration, ScrollingTable, shortCount } from "./page";

const HEIGHT = 260;
/** Height of a mark's label. Each mark has a separate line, because marks can be close together. */
const MARK_LINE_HEIGHT = 14;
/** Minimum distance of ticks. On a logarithmic axis they can be closer than their texts are wide. */
const MIN_TICK_DISTANCE = 56;

interface LatencyChartProps {
  latency: Latency;
  distribution: LatencyDistribution;
  charting: Charting;
}

/** Distribution of the latencies on a logarithmic axis, because the rare long ones matter most. */
export function LatencyChart({ latency, distribution, charting }: LatencyChartProps) {
  const { bins, percentiles } = distribution;
  const summary = `Half of the events took at most ${duration(latency.p50)}, 95% at most ${duration(latency.p95)}, 99% at most ${duration(latency.p99)}, and the slowest took ${duration(latency.max)}.`;
  return (
    <ChartFigure
      label={`Bar chart of the events' latencies. ${summary}`}
      caption={summary}
      draw={(width) => ({
        height: HEIGHT,
        drawing: <Bars bins={bins} latency={latency} charting={charting} width={width} />,
      })}
    >
      <ScrollingTable
        caption="Latency from when an event was due (with --rate) or first sent until it was read back"
        columns={["Share of events", { number: "At most" }]}
        rows={percentiles.map(({ percentile, seconds }) => [
          percentile === 100 ? "all" : `${percentile}%`,
          duration(seconds),
        ])}
      />
      <details>
        <summary>The bars as a table</summary>
        <ScrollingTable
          caption="Events by their latency"
          columns={[{ number: "From" }, { number: "Below" }, { number: "Events" }]}
          rows={bins.map(({ fromMs, toMs, events }) => [
            duration(fromMs / 1000),
            duration(toMs / 1000),
            count(events),
          ])}
        />
      </details>
    </ChartFigure>
  );
}

type BarsProps = Pick<LatencyChartProps, "latency" | "charting"> & { bins: LatencyBin[]; width: number };

function Bars({ bins, latency, charting, width }: BarsProps) {
  const frame = { left: 48, right: width - 24, top: 4 + 3 * MARK_LINE_HEIGHT, bottom: HEIGHT - 24 };
  const first = bins[0]?.fromMs ?? 1;
  const last = bins.at(-1)?.toMs ?? 10;
  const x = charting.scaleLog().domain([first, last]).range([frame.left, frame.right]);
  const y = charting
    .scaleLinear()
    .domain([0, Math.max(1, ...bins.map(({ events }) => events))])
    .nice(4)
    .range([frame.bottom, frame.top]);
  const integerTicks = y.ticks(4).filter(Number.isInteger);
  const candidates = x
    .ticks()
    .filter(isLabelled(first, last))
    .map((ms) => ({ at: x(ms), text: duration(ms / 1000) }));
  return (
    <g>
      <VerticalAxis
        frame={frame}
        ticks={integerTicks.map((events) => ({ at: y(events), text: shortCount(events) }))}
      />
      {bins.map(({ fromMs, toMs, events }) => (
        <rect
          key={fromMs}
          class="sent"
          x={round(x(fromMs) + 0.5)}
          width={round(Math.max(1, x(toMs) - x(fromMs) - 1))}
          y={round(y(events))}
          height={round(frame.bottom - y(events))}
        />
      ))}
      <Marks
        latency={latency}
        at={(seconds) => x(Math.min(last, Math.max(first, seconds * 1000)))}
        frame={frame}
      />
      <HorizontalAxis frame={frame} ticks={spaced(candidates, MIN_TICK_DISTANCE)} />
    </g>
  );
}

function Marks({ latency, at, frame }: { latency: Latency; at: (seconds: number) => number; frame: Frame }) {
  return (
    <g>
      {(["p50", "p95", "p99"] as const).map((name, index) => {
        const x = round(at(latency[name]));
        const y = (index + 1) * MARK_LINE_HEIGHT;
        return (
          <g key={name}>
            <line class="mark" x1={x} x2={x} y1={y + 3} y2={frame.bottom} />
            <text class="label" x={x} y={y} text-anchor="middle">
              {name}
            </text>
          </g>
        );
      })}
    </g>
  );
}

/** Labels only 1, 2 and 5 of each decade if there are more than one and a half. */
function isLabelled(first: number, last: number): (ms: number) => boolean {
  return (ms) => last / first < 30 || /^[125]/.test(ms.toExponential(0));
}

/** Drops ticks that are too close to the previous one. */
function spaced(items: Tick[], minDistance: number): Tick[] {
  const kept: Tick[] = [];
  for (const item of items) {
    if (item.at - (kept.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= minDistance) kept.push(item);
  }
  return kept;
}

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
