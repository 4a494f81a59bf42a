import { AwsError } from "../protocol";

export type Json = Record<string, unknown>;

/** What PutMetricAlarm takes here: an alarm on one metric of a service, with a fixed threshold. */
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
  (longest: number): Check =>
  (value) =>
    typeof value === "string" && value.length >= 1 && value.length <= longest;
const wholeFrom =
  (least: number): Check =>
  (value) =>
    Number.isInteger(value) && Number(value) >= least;
const oneOf =
  (...words: string[]): Check =>
  (value) =>
    words.includes(String(value));
const listOf =
  (most: number, each: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(each);
const isArn: Check = (value) => text(1024)(value) && /^arn:aws:[a-z0-9-]+:[^:]*:[^:]*:./.test(String(value));
const isDimension: Check = (value) => {
  const { Name, Value, ...others } = (value ?? {}) as Json;
  return text(255)(Name) && text(1024)(Value) && Object.keys(others).length === 0;
};

interface Member {
  rule: string;
  isGood: Check;
  required?: true;
}

/** Source: AWS, CloudWatch API Reference, PutMetricAlarm. Members that are not here are refused. */
const MEMBERS: Record<keyof Alarm, Member> = {
  AlarmName: { rule: "1 to 255 characters", isGood: text(255), required: true },
  AlarmDescription: { rule: "at most 1024 characters", isGood: (value) => value === "" || text(1024)(value) },
  ActionsEnabled: { rule: "true or false", isGood: (value) => typeof value === "boolean" },
  OKActions: { rule: "at most 5 ARNs", isGood: listOf(5, isArn) },
  AlarmActions: { rule: "at most 5 ARNs", isGood: listOf(5, isArn) },
  InsufficientDataActions: { rule: "at most 5 ARNs", isGood: listOf(5, isArn) },
  MetricName: { rule: "1 to 255 characters", isGood: text(255), required: true },
  Namespace: { rule: "1 to 255 characters", isGood: text(255), required: true },
  Statistic: {
    rule: "SampleCount, Average, Sum, Minimum or Maximum",
    isGood: oneOf("SampleCount", "Average", "Sum", "Minimum", "Maximum"),
    required: true,
  },
  Dimensions: { rule: "at most 30 names with their values", isGood: listOf(30, isDimension) },
  Period: {
    rule: "10, 20, 30 or a multiple of 60 seconds",
    isGood: (value) =>
      [10, 20, 30].includes(Number(value)) || (wholeFrom(60)(value) && Number(value) % 60 === 0),
    required: true,
  },
  EvaluationPeriods: { rule: "a whole number from 1", isGood: wholeFrom(1), required: true },
  DatapointsToAlarm: { rule: "a whole number from 1", isGood: wholeFrom(1) },
  Threshold: { rule: "a number", isGood: Number.isFinite, required: true },
  ComparisonOperator: {
    rule: "a comparison with one threshold",
    isGood: oneOf(
      "GreaterThanOrEqualToThreshold",
      "GreaterThanThreshold",
      "LessThanThreshold",
      "LessThanOrEqualToThreshold",
    ),
    required: true,
  },
  TreatMissingData: {
    rule: "breaching, notBreaching, ignore or missing",
    isGood: oneOf("breaching", "notBreaching", "ignore", "missing"),
  },
};

/** The alarm that a request asks for, all of it kept. */
export function alarmOf(request: Json, region: string): Alarm {
  for (const name of Object.keys(request)) {
    if (name === "Tags" || name in MEMBERS) continue;
    throw invalid("InvalidParameterCombinationException", `The sandbox's CloudWatch does not keep ${name}.`);
  }
  for (const [name, { rule, isGood, required }] of Object.entries(MEMBERS)) {
    const value = request[name];
    if (value === undefined && required) {
      throw invalid(
        "MissingRequiredParameterException",
        `The parameter ${name} is required for an alarm on a metric.`,
      );
    }
    if (value !== undefined && !isGood(value)) {
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

/** A day at most, or a week with periods of an hour or more. */
function checkWindow({ Period, EvaluationPeriods, DatapointsToAlarm = EvaluationPeriods }: Alarm): void {
  const longest = Period >= 3600 ? 604_800 : 86_400;
  if (Period * EvaluationPeriods > longest) {
    throw invalid(
      "InvalidParameterCombinationException",
      `EvaluationPeriods × Period is ${Period * EvaluationPeriods} seconds; at most ${longest} are allowed.`,
    );
  }
  if (DatapointsToAlarm > EvaluationPeriods) {
    throw invalid(
      "InvalidParameterCombinationException",
      "DatapointsToAlarm must not exceed EvaluationPeriods.",
    );
  }
}

/** CloudWatch tells topics of its own region only. */
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

const MOST_TAGS = 50;

/** @throws AwsError for what is no list of 1 to 50 tags. */
export function tagsIn(value: unknown): Tags {
  const list: unknown[] = Array.isArray(value) ? value : [undefined];
  const entries = list.map((tag): [string, string] => {
    const { Key, Value } = (tag ?? {}) as Json;
    if (typeof Key === "string" && /^(?!aws:).{1,128}$/i.test(Key) && typeof Value === "string")
      return [Key, Value];
    throw invalid("InvalidParameterValueException", `${JSON.stringify(tag)} is no tag.`);
  });
  return checked(new Map(entries));
}

/** What TagResource (`Tags`) or UntagResource (`TagKeys`) makes of an alarm's tags. */
export function changeTags(tags: Tags, { Tags: added, TagKeys: removed }: Json): Tags {
  if (added !== undefined) return checked(new Map([...tags, ...tagsIn(added)]));
  if (!Array.isArray(removed)) throw invalid("MissingRequiredParameterException", "TagKeys is required.");
  return new Map([...tags].filter(([key]) => !removed.includes(key)));
}

export function tagList(tags: Tags): { Key: string; Value: string }[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }));
}

function checked(tags: Tags): Tags {
  if (tags.size <= MOST_TAGS) return tags;
  throw invalid("InvalidParameterValueException", `${tags.size} tags; an alarm has at most ${MOST_TAGS}.`);
}
