import type { ComponentChildren } from "preact";
import { CHART_WIDTHS } from "./charting";

/** Where a chart's data is drawn, in the units of its view box. */
export interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** A mark on an axis: where, and what is written there. */
export interface Tick {
  at: number;
  text: string;
}

/** A chart at each of its widths, with the words that a screen reader says in its place. */
export function ChartFigure({
  label,
  caption,
  draw,
  children,
}: {
  label: string;
  caption: string;
  draw: (width: number) => { height: number; drawing: ComponentChildren };
  children: ComponentChildren;
}) {
  return (
    <figure>
      <figcaption>{caption}</figcaption>
      {CHART_WIDTHS.map(({ shownOn, width }) => {
        const { height, drawing } = draw(width);
        return (
          <div class={shownOn} key={shownOn}>
            <svg
              viewBox={`0 0 ${width} ${height}`}
              width={width}
              height={height}
              role="img"
              aria-label={label}
            >
              {drawing}
            </svg>
          </div>
        );
      })}
      {children}
    </figure>
  );
}

export function HorizontalAxis({ frame, ticks }: { frame: Frame; ticks: Tick[] }) {
  return (
    <g>
      <line class="axis" x1={frame.left} x2={frame.right} y1={frame.bottom} y2={frame.bottom} />
      {ticks.map(({ at, text }) => (
        <g key={text}>
          <line class="axis" x1={round(at)} x2={round(at)} y1={frame.bottom} y2={frame.bottom + 4} />
          <text x={round(at)} y={frame.bottom + 17} text-anchor="middle">
            {text}
          </text>
        </g>
      ))}
    </g>
  );
}

export function VerticalAxis({ frame, ticks }: { frame: Frame; ticks: Tick[] }) {
  return (
    <g>
      {ticks.map(({ at, text }) => (
        <g key={text}>
          <line class="grid" x1={frame.left} x2={frame.right} y1={round(at)} y2={round(at)} />
          <text x={frame.left - 6} y={round(at) + 4} text-anchor="end">
            {text}
          </text>
        </g>
      ))}
    </g>
  );
}

/** A tenth of a unit is less than is seen. */
export function round(coordinate: number): number {
  return Math.round(coordinate * 10) / 10;
}
