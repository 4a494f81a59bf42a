import type { ComponentChildren } from "preact";

/** Functions of d3 that draw the charts. CommonJS can load d3's ES modules only with `import()`. */
export type Charting = Awaited<ReturnType<typeof loadCharting>>;

export async function loadCharting() {
  const [{ scaleLinear, scaleLog }, { area, curveStepAfter }] = await Promise.all([
    import("d3-scale"),
    import("d3-shape"),
  ]);
  return { scaleLinear, scaleLog, area, curveStepAfter };
}

/** Each chart is drawn at two widths, and the style sheet shows one. Text has the same size at both. */
const CHART_WIDTHS = [
  { shownOn: "wide", width: 900 },
  { shownOn: "narrow", width: 330 },
] as const;

/** Area of a chart's data, in units of its view box. */
export interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** A labeled position on an axis. */
export interface Tick {
  at: number;
  text: string;
}

/** A chart at each of its widths, with a label for screen readers. */
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

/** Rounds to a tenth of a unit, which is too small to be visible. */
export function round(coordinate: number): number {
  return Math.round(coordinate * 10) / 10;
}
