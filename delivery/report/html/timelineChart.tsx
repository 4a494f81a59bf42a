import type { TimelineBucket, TimelineReport } from "../../common/timeline";
import { ChartFigure, type Frame, HorizontalAxis, round, VerticalAxis } from "./axes";
import type { Charting } from "./charting";
import { count, duration, shortCount } from "./formats";
import { ScrollingTable } from "./table";
import { timelineRows } from "./timelineRows";

const STRIP_HEIGHT = 74;
const STRIP_GAP = 46;
const TOP = 22;
const MOST_ROWS = 60;

const STRIPS: { what: keyof TimelineBucket; title: string }[] = [
  { what: "sent", title: "Sent" },
  { what: "acknowledged", title: "Acknowledged" },
  { what: "read", title: "Read back" },
];

/** What happened when, a strip for each: lines that lie upon one another would hide one another. */
export function TimelineChart({ timeline, charting }: { timeline: TimelineReport; charting: Charting }) {
  const { bucketSeconds, buckets } = timeline;
  const most = Math.max(...buckets.map(({ sent }) => sent)) / bucketSeconds;
  const summary = `Events in ${duration(buckets.length * bucketSeconds)}, a step for every ${duration(bucketSeconds)}; at most ${count(most)} were sent in a second.`;
  return (
    <ChartFigure
      label={`Three charts, of events a second that were sent, acknowledged and read back. ${summary}`}
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
  const most = Math.max(1, ...buckets.flatMap((bucket) => Object.values(bucket))) / bucketSeconds;
  return (
    <g>
      {STRIPS.map(({ what, title }, index) => {
        const top = TOP + index * (STRIP_HEIGHT + STRIP_GAP);
        const frame = { left: 48, right: width - 24, top, bottom: top + STRIP_HEIGHT };
        const rates = buckets.map((bucket) => bucket[what] / bucketSeconds);
        return <Strip key={what} {...{ what, title, rates, most, bucketSeconds, frame, charting }} />;
      })}
    </g>
  );
}

function Strip({
  what,
  title,
  rates,
  most,
  bucketSeconds,
  frame,
  charting,
}: {
  what: keyof TimelineBucket;
  title: string;
  rates: number[];
  most: number;
  bucketSeconds: number;
  frame: Frame;
  charting: Charting;
}) {
  const seconds = rates.length * bucketSeconds;
  const x = charting.scaleLinear().domain([0, seconds]).range([frame.left, frame.right]);
  const y = charting.scaleLinear().domain([0, most]).nice(2).range([frame.bottom, frame.top]);
  // A step ends where the next one begins; the last one needs an end of its own.
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
      <path class={what} d={shape(steps) ?? ""} />
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
      caption="Events, by the time since the run's start"
      columns={[
        { title: "From", isNumber: true },
        { title: "To below", isNumber: true },
        { title: "Sent", isNumber: true },
        { title: "Acknowledged", isNumber: true },
        { title: "Read back", isNumber: true },
      ]}
      rows={timelineRows(timeline, MOST_ROWS).map((row) => [
        duration(row.fromSecond),
        duration(row.toSecond),
        count(row.sent),
        count(row.acknowledged),
        count(row.read),
      ])}
    />
  );
}
