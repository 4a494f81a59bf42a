import { AwsError, type Json } from "../protocol";

/** The supported kind of alarm: on one metric, with a fixed threshold. */
export interface Alarm {
  AlarmName: string;
  AlarmDescription?: string;
  ActionsEnabled: boolean;
  OKActions: string[];
  AlarmActions: string[];
  InsufficientDataActions: string[];
  MetricName: string;
  Namespace: string;
  Statistic: string;
  Dimensions: { Name: string; Value: string }[];
  Period: number;
  EvaluationPeriods: number;
  DatapointsToAlarm?: number;
  Threshold: number;
  ComparisonOperator: string;
  TreatMissingData?: string;
}

type Check = (value: unknown) => boolean;

const text =
  (max: number): Check =>
  (value) =>
    typeof value === "string" && value.length >= 1 && value.length <= max;
const integerFrom =
  (min: number): Check =>
  (value) =>
    Number.isInteger(value) && Number(value) >= min;
const oneOf =
  (...words: string[]): Check =>
  (value) =>
    words.includes(String(value));
const listOf =
  (max: number, each: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= max && value.every(each);
const isArn: Check = (value) => text(1024)(value) && /^arn:aws:[a-z0-9-]+:[^:]*:[^:]*:./.test(String(value));
const isDimension: Check = (value) => {
  const { Name, Value, ...others } = (value ?? {}) as Json;
  return text(255)(Name) && text(1024)(Value) && Object.keys(others).length === 0;
};

interface Member {
  rule: string;
  isValid: Check;
  required?: true;
}

/** Source: AWS, CloudWatch API Reference, PutMetricAlarm. Other members are rejected. */
const MEMBERS: Record<keyof Alarm, Member> = {
  AlarmName: { rule: "1 to 255 characters", isValid: text(255), required: true },
  AlarmDescription: {
    rule: "at most 1024 characters",
    isValid: (value) => value === "" || text(1024)(value),
  },
  ActionsEnabled: { rule: "true or false", isValid: (value) => typeof value === "boolean" },
  OKActions: { rule: "at most 5 ARNs", isValid: listOf(5, isArn) },
  AlarmActions: { rule: "at most 5 ARNs", isValid: listOf(5, isArn) },
  InsufficientDataActions: { rule: "at most 5 ARNs", isValid: listOf(5, isArn) },
  MetricName: { rule: "1 to 255 characters", isValid: text(255), required: true },
  Namespace: { rule: "1 to 255 characters", isValid: text(255), required: true },
  Statistic: {
    rule: "SampleCount, Average, Sum, Minimum or Maximum",
    isValid: oneOf("SampleCount", "Average", "Sum", "Minimum", "Maximum"),
    required: true,
  },
  Dimensions: { rule: "at most 30 names with their values", isValid: listOf(30, isDimension) },
  Period: {
    rule: "10, 20, 30 or a multiple of 60 seconds",
    isValid: (value) =>
      [10, 20, 30].includes(Number(value)) || (integerFrom(60)(value) && Number(value) % 60 === 0),
    required: true,
  },
  EvaluationPeriods: { rule: "an integer from 1", isValid: integerFrom(1), required: true },
  DatapointsToAlarm: { rule: "an integer from 1", isValid: integerFrom(1) },
  Threshold: { rule: "a number", isValid: Number.isFinite, required: true },
  ComparisonOperator: {
    rule: "a comparison with one threshold",
    isValid: oneOf(
      "GreaterThanOrEqualToThreshold",
      "GreaterThanThreshold",
      "LessThanThreshold",
      "LessThanOrEqualToThreshold",
    ),
    required: true,
  },
  TreatMissingData: {
    rule: "breaching, notBreaching, ignore or missing",
    isValid: oneOf("breaching", "notBreaching", "ignore", "missing"),
  },
};

/** Returns the alarm in a request. @throws AwsError for a member that the sandbox doesn't support. */
export function alarmOf(request: Json, region: string): Alarm {
  for (const name of Object.keys(request)) {
    if (name === "Tags" || name in MEMBERS) continue;
    throw invalidCombination(`The sandbox's CloudWatch does not keep ${name}.`);
  }
  for (const [name, { rule, isValid, required }] of Object.entries(MEMBERS)) {
    const value = request[name];
    if (value === undefined && required) {
      throw missing(`The parameter ${name} is required for an alarm on a metric.`);
    }
    if (value !== undefined && !isValid(value)) {
      throw invalidValue(`${name}: ${JSON.stringify(value)} must be ${rule}.`);
    }
  }
  const { Tags: _, ...members } = request;
  const none = {
    ActionsEnabled: true,
    OKActions: [],
    AlarmActions: [],
    InsufficientDataActions: [],
    Dimensions: [],
  };
  const alarm = { ...none, ...members } as unknown as Alarm;
  checkWindow(alarm);
  checkTopics(alarm, region);
  return alarm;
}

/** Rejects a window longer than a day, or than a week with periods of at least an hour. */
function checkWindow({ Period, EvaluationPeriods, DatapointsToAlarm = EvaluationPeriods }: Alarm): void {
  const max = Period >= 3600 ? 604_800 : 86_400;
  if (Period * EvaluationPeriods > max) {
    throw invalidCombination(
      `EvaluationPeriods × Period is ${Period * EvaluationPeriods} seconds; at most ${max} are allowed.`,
    );
  }
  if (DatapointsToAlarm > EvaluationPeriods) {
    throw invalidCombination("DatapointsToAlarm must not exceed EvaluationPeriods.");
  }
}

/** CloudWatch notifies only topics in its region. */
function checkTopics({ OKActions, AlarmActions, InsufficientDataActions }: Alarm, region: string): void {
  for (const arn of [...OKActions, ...AlarmActions, ...InsufficientDataActions]) {
    const [, , service, topicRegion] = arn.split(":");
    if (service !== "sns" || topicRegion === region) continue;
    throw invalidValue(`Invalid region ${topicRegion} specified. Only ${region} is supported.`);
  }
}

export function invalidValue(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message);
}

export function invalidCombination(message: string): AwsError {
  return new AwsError("InvalidParameterCombinationException", message);
}

export function missing(message: string): AwsError {
  return new AwsError("MissingRequiredParameterException", message);
}

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

/** Time for which values are kept: the longest window of an alarm with periods below an hour. */
export const KEPT_MS = 86_400_000;

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
