import { AwsError } from "../protocol";

export type Json = Record<string, unknown>;

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
    throw invalid("InvalidParameterCombinationException", `The sandbox's CloudWatch does not keep ${name}.`);
  }
  for (const [name, { rule, isValid, required }] of Object.entries(MEMBERS)) {
    const value = request[name];
    if (value === undefined && required) {
      throw invalid(
        "MissingRequiredParameterException",
        `The parameter ${name} is required for an alarm on a metric.`,
      );
    }
    if (value !== undefined && !isValid(value)) {
      throw invalid("InvalidParameterValueException", `${name}: ${JSON.stringify(value)} must be ${rule}.`);
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
    throw invalid(
      "InvalidParameterCombinationException",
      `EvaluationPeriods × Period is ${Period * EvaluationPeriods} seconds; at most ${max} are allowed.`,
    );
  }
  if (DatapointsToAlarm > EvaluationPeriods) {
    throw invalid(
      "InvalidParameterCombinationException",
      "DatapointsToAlarm must not exceed EvaluationPeriods.",
    );
  }
}

/** CloudWatch notifies only topics in its region. */
function checkTopics({ OKActions, AlarmActions, InsufficientDataActions }: Alarm, region: string): void {
  for (const arn of [...OKActions, ...AlarmActions, ...InsufficientDataActions]) {
    const [, , service, topicRegion] = arn.split(":");
    if (service !== "sns" || topicRegion === region) continue;
    throw invalid(
      "InvalidParameterValueException",
      `Invalid region ${topicRegion} specified. Only ${region} is supported.`,
    );
  }
}

export function invalid(code: string, message: string): AwsError {
  return new AwsError(code, message);
}

export type Tags = ReadonlyMap<string, string>;

const MAX_TAGS = 50;

/** @throws AwsError unless the value is a list of 1 to 50 tags. */
export function tagsIn(value: unknown): Tags {
  const list: unknown[] = Array.isArray(value) ? value : [undefined];
  const entries = list.map((tag): [string, string] => {
    const { Key, Value } = (tag ?? {}) as Json;
    if (typeof Key === "string" && /^(?!aws:).{1,128}$/i.test(Key) && typeof Value === "string")
      return [Key, Value];
    throw invalid("InvalidParameterValueException", `${JSON.stringify(tag)} is not a tag.`);
  });
  return checked(new Map(entries));
}

/** Applies TagResource (`Tags`) or UntagResource (`TagKeys`) to an alarm's tags. */
export function changeTags(tags: Tags, { Tags: added, TagKeys: removed }: Json): Tags {
  if (added !== undefined) return checked(new Map([...tags, ...tagsIn(added)]));
  if (!Array.isArray(removed)) throw invalid("MissingRequiredParameterException", "TagKeys is required.");
  return new Map([...tags].filter(([key]) => !removed.includes(key)));
}

export function tagList(tags: Tags): { Key: string; Value: string }[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }));
}

function checked(tags: Tags): Tags {
  if (tags.size <= MAX_TAGS) return tags;
  throw invalid("InvalidParameterValueException", `${tags.size} tags; an alarm has at most ${MAX_TAGS}.`);
}
