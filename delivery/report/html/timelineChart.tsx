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

interface TimelineProps {
  timeline: TimelineReport;
  charting: Charting;
}

/** Events sent, acknowledged and read over time, in one strip each: lines in one chart would hide each other. */
export function TimelineChart({ timeline, charting }: TimelineProps) {
  const { bucketSeconds, buckets } = timeline;
  const max = Math.max(...buckets.map(({ sent }) => sent)) / bucketSeconds;
  const summary = `${duration(buckets.length * bucketSeconds)} in steps of ${duration(bucketSeconds)}. At most ${count(max)} events were sent per second.`;
  return (
    <ChartFigure
      label={`Three charts of the events sent, acknowledged and read back per second. ${summary}`}
      caption={summary}
      draw={(width) => ({
        height: STRIPS.length * (STRIP_HEIGHT + STRIP_GAP),
        drawing: <Strips timeline={timeline} charting={charting} width={width} />,
      })}
    >
      <details>
        <summary>The timeline as a table</summary>
        <ScrollingTable
          caption="Events by time since the start of the run"
          columns={["From", "Below", ...STRIPS.map(({ title }) => title)].map((title) => ({ number: title }))}
          rows={timelineRows(timeline, MAX_ROWS).map(({ fromSecond, toSecond, ...events }) => [
            duration(fromSecond),
            duration(toSecond),
            ...STRIPS.map(({ stage }) => count(events[stage])),
          ])}
        />
      </details>
    </ChartFigure>
  );
}

function Strips({ timeline, charting, width }: TimelineProps & { width: number }) {
  const { bucketSeconds, buckets } = timeline;
  const max = Math.max(1, ...buckets.flatMap((bucket) => Object.values(bucket))) / bucketSeconds;
  return (
    <g>
      {STRIPS.map(({ stage, title }, index) => {
        const top = TOP + index * (STRIP_HEIGHT + STRIP_GAP);
        const frame = { left: 48, right: width - 24, top, bottom: top + STRIP_HEIGHT };
        return (
          <Strip
            key={stage}
            stage={stage}
            title={title}
            timeline={timeline}
            max={max}
            frame={frame}
            charting={charting}
          />
        );
      })}
    </g>
  );
}

type StripProps = TimelineProps & (typeof STRIPS)[number] & { max: number; frame: Frame };

function Strip({ stage, title, timeline, max, frame, charting }: StripProps) {
  const { bucketSeconds, buckets } = timeline;
  const seconds = buckets.length * bucketSeconds;
  const rates = buckets.map((bucket) => bucket[stage] / bucketSeconds);
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
    const sum = (stage: keyof TimelineBucket) => row.reduce((total, bucket) => total + bucket[stage], 0);
    rows.push({
      fromSecond: start * bucketSeconds,
      toSecond: (start + row.length) * bucketSeconds,
      sent: sum("sent"),
      acknowledged: sum("acknowledged"),
      read: sum("read"),
    });
  }
  return rows;
}
