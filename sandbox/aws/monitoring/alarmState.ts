import type { Alarm } from "./alarm";

/** A value of a metric. */
export interface Datapoint {
  /** In milliseconds since 1970-01-01 UTC. */
  at: number;
  value: number;
}

export interface AlarmState {
  value: "OK" | "ALARM" | "INSUFFICIENT_DATA";
  reason: string;
}

/** How long values are kept, in milliseconds: the longest window of an alarm with periods below an hour. */
export const keptPeriod = 86_400_000;

const STATISTICS: Record<string, (values: number[]) => number> = {
  SampleCount: (values) => values.length,
  Sum: (values) => values.reduce((sum, value) => sum + value, 0),
  Average: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  Minimum: (values) => Math.min(...values),
  Maximum: (values) => Math.max(...values),
};
const COMPARISONS: Record<string, (value: number, threshold: number) => boolean> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

/**
 * Evaluates an alarm over its last periods, of which the current one is the last. CloudWatch evaluates once per minute and
 * may look back further; the sandbox does so at once.
 *
 * Source: AWS, CloudWatch User Guide, "Evaluating an alarm" and "Configuring how CloudWatch alarms treat missing data".
 */
export function stateOf(alarm: Alarm, points: Datapoint[] | undefined, now: number): AlarmState {
  if (points === undefined)
    return { value: "INSUFFICIENT_DATA", reason: "Unchecked: Initial alarm creation" };
  const { EvaluationPeriods, DatapointsToAlarm = EvaluationPeriods, Threshold, TreatMissingData } = alarm;
  const periodMs = alarm.Period * 1000;
  const current = Math.floor(now / periodMs);
  const values = Array.from({ length: EvaluationPeriods }, (_, index) => {
    const within = points.filter(({ at }) => Math.floor(at / periodMs) === current - index);
    return within.length === 0 ? undefined : STATISTICS[alarm.Statistic]?.(within.map(({ value }) => value));
  });
  const breaching = values.filter((value) =>
    value === undefined
      ? TreatMissingData === "breaching"
      : COMPARISONS[alarm.ComparisonOperator]?.(value, Threshold),
  );
  if (breaching.length >= DatapointsToAlarm) {
    const shown = breaching.map((value) => value ?? "missing").join(", ");
    return {
      value: "ALARM",
      reason: `Threshold Crossed: ${breaching.length} datapoint [${shown}] crossed ${Threshold}`,
    };
  }
  const isUnknown =
    values.every((value) => value === undefined) && (TreatMissingData ?? "missing") === "missing";
  if (isUnknown) return { value: "INSUFFICIENT_DATA", reason: "Insufficient Data" };
  return { value: "OK", reason: "Threshold not crossed" };
}
