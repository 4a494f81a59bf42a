/** What of d3 the charts are drawn with. Its modules are ES modules, which CommonJS reaches by `import()` alone. */
export interface Charting {
  scaleLinear: typeof import("d3-scale").scaleLinear;
  scaleLog: typeof import("d3-scale").scaleLog;
  area: typeof import("d3-shape").area;
  curveStepAfter: typeof import("d3-shape").curveStepAfter;
}

export async function loadCharting(): Promise<Charting> {
  const [{ scaleLinear, scaleLog }, { area, curveStepAfter }] = await Promise.all([
    import("d3-scale"),
    import("d3-shape"),
  ]);
  return { scaleLinear, scaleLog, area, curveStepAfter };
}

/** Each chart is drawn for two widths, of which the style sheet shows one: a text in it has the same size on both. */
export const CHART_WIDTHS = [
  { shownOn: "wide", width: 900 },
  { shownOn: "narrow", width: 330 },
] as const;
