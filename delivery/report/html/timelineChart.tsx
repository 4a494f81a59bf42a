import type { TimelineBucket, TimelineReport } from "../../common/timeline";
import { ChartFigure, type Charting, type Frame, HorizontalAxis, round, VerticalAxis } from "./charting";
import { count, duration, ScrollingTable, shortCount } from "./page";

const STRIP_HEIGHT = 74;
const STRIP_GAP = 46;
const TOP = 22;
const MAX_ROWS = 60;

const STRIPS: { stage: keyof TimelineBucket; title: string }[] = [
  { stage: "sent", title: "Sent" },
  { stage: "acknowledged", title: "Acknowledged" },
  { stage: "read", title: "Read back" },
];

/** Events sent, acknowledged and read over time, in one strip each: lines in one chart would hide each other. */
export function TimelineChart({ timeline, charting }: { timeline: TimelineReport; charting: Charting }) {
  const { bucketSeconds, buckets } = timeline;
  const max = Math.max(...buckets.map(({ sent }) => sent)) / bucketSeconds;
  const summary = `${duration(buckets.length * bucketSeconds)} in steps of ${duration(bucketSeconds)}. At most ${count(max)} events were sent per second.`;
  return (
    <ChartFigure
      label={`Three charts of the events sent, acknowledged and read back per second. ${summary}`}
      caption={summary}
      draw={(width) => ({
        height: TOP + STRIPS.length * (STRIP_HEIGHT + STRIP_GAP) - TOP,
        drawing: <Strips {...{ timeline, charting, width }} />,
      })}
    >
      <details>
        <summary>The timeline as a table</summary>
        <TimelineTable timeline={timeline} />
      </details>
    </ChartFigure>
  );
}

function Strips({
  timeline,
  charting,
  width,
}: {
  timeline: TimelineReport;
  charting: Charting;
  width: number;
}) {
  const { bucketSeconds, buckets } = timeline;
  const max = Math.max(1, ...buckets.flatMap((bucket) => Object.values(bucket))) / bucketSeconds;
  return (
    <g>
      {STRIPS.map(({ stage, title }, index) => {
        const top = TOP + index * (STRIP_HEIGHT + STRIP_GAP);
        const frame = { left: 48, right: width - 24, top, bottom: top + STRIP_HEIGHT };
        const rates = buckets.map((bucket) => bucket[stage] / bucketSeconds);
        return <Strip key={stage} {...{ stage, title, rates, max, bucketSeconds, frame, charting }} />;
      })}
    </g>
  );
}

function Strip({
  stage,
  title,
  rates,
  max,
  bucketSeconds,
  frame,
  charting,
}: {
  stage: keyof TimelineBucket;
  title: string;
  rates: number[];
  max: number;
  bucketSeconds: number;
  frame: Frame;
  charting: Charting;
}) {
  const seconds = rates.length * bucketSeconds;
  const x = charting.scaleLinear().domain([0, seconds]).range([frame.left, frame.right]);
  const y = charting.scaleLinear().domain([0, max]).nice(2).range([frame.bottom, frame.top]);
  // A step ends where the next one starts. The last one needs an explicit end.
  const steps: [second: number, rate: number][] = rates.map((rate, index) => [index * bucketSeconds, rate]);
  steps.push([seconds, rates.at(-1) ?? 0]);
  const shape = charting
    .area<[second: number, rate: number]>()
    .x(([second]) => round(x(second)))
    .y0(frame.bottom)
    .y1(([, rate]) => round(y(rate)))
    .curve(charting.curveStepAfter);
  const times = x.ticks(Math.floor((frame.right - frame.left) / 90)).filter(Number.isInteger);
  return (
    <g>
      <VerticalAxis
        frame={frame}
        ticks={y.ticks(2).map((rate) => ({ at: y(rate), text: shortCount(rate) }))}
      />
      <path class={stage} d={shape(steps) ?? ""} />
      <text class="label" x={frame.left} y={frame.top - 8}>
        {title}, events/s
      </text>
      <HorizontalAxis
        frame={frame}
        ticks={times.map((second) => ({ at: x(second), text: duration(second) }))}
      />
    </g>
  );
}

function TimelineTable({ timeline }: { timeline: TimelineReport }) {
  return (
    <ScrollingTable
      caption="Events by time since the start of the run"
      columns={[
        { title: "From", isNumber: true },
        { title: "Below", isNumber: true },
        { title: "Sent", isNumber: true },
        { title: "Acknowledged", isNumber: true },
        { title: "Read back", isNumber: true },
      ]}
      rows={timelineRows(timeline, MAX_ROWS).map((row) => [
        duration(row.fromSecond),
        duration(row.toSecond),
        count(row.sent),
        count(row.acknowledged),
        count(row.read),
      ])}
    />
  );
}

/** Row of a table that sums several buckets. */
export interface TimelineRow extends TimelineBucket {
  /** In seconds since the start of the run. */
  fromSecond: number;
  toSecond: number;
}

/** Sums the buckets into at most `maxRows` rows. */
export function timelineRows({ bucketSeconds, buckets }: TimelineReport, maxRows: number): TimelineRow[] {
  const perRow = Math.max(1, Math.ceil(buckets.length / maxRows));
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

function sum(buckets: TimelineBucket[], stage: keyof TimelineBucket): number {
  return buckets.reduce((total, bucket) => total + bucket[stage], 0);
}
