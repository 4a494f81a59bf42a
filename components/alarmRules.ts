import type { DeliveryAlarms } from "./alarms";
import { breach, errorsAt, integerWithin, itemErrors, matching, type PropertyError } from "./propertyError";

/** An alarm looks back a day at most with periods of a minute. Source: AWS, CloudWatch API Reference, PutMetricAlarm. */
const MOST_MINUTES = 1_440;
/** Source: AWS, CloudWatch API Reference, PutMetricAlarm, AlarmActions. */
const MOST_ACTIONS = 5;

const CHECKS = {
  actionArns: actionErrors,
  silenceMinutes: minuteErrors,
  throttledMinutes: minuteErrors,
  capacityPercent: numberErrors(1, 100, "percent"),
  capacityShards: numberErrors(1, 1_000_000, "shards"),
} satisfies Record<keyof DeliveryAlarms, (path: string, value: unknown) => PropertyError[]>;

export interface AlarmedInputs {
  alarms?: unknown;
  shardCount?: unknown;
}

export function alarmErrors({ alarms, shardCount }: AlarmedInputs): PropertyError[] {
  if (alarms === undefined || !isMap(alarms)) return []; // What isn't one is refused where the inputs are plain.
  const ofEach = Object.entries(alarms).flatMap(([input, value]) => {
    const path = `alarms.${input}`;
    if (!isInput(input)) return errorsAt(path, `no such input; there are ${Object.keys(CHECKS).join(", ")}`);
    return value === undefined ? [] : CHECKS[input](path, value);
  });
  return [...ofEach, ...capacityErrors(alarms, shardCount)];
}

function capacityErrors(alarms: Record<string, unknown>, shardCount: unknown): PropertyError[] {
  const { capacityPercent, capacityShards } = alarms;
  if (capacityShards !== undefined && shardCount !== undefined) {
    return errorsAt("alarms.capacityShards", "leave it out: shardCount says the capacity");
  }
  const isUnknown = capacityShards === undefined && shardCount === undefined;
  return isUnknown && capacityPercent !== undefined
    ? errorsAt("alarms.capacityPercent", "percent of what? Set alarms.capacityShards, or shardCount")
    : [];
}

function isInput(input: string): input is keyof typeof CHECKS {
  return Object.hasOwn(CHECKS, input);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function minuteErrors(path: string, value: unknown): PropertyError[] {
  return errorsAt(path, integerWithin(1, MOST_MINUTES, "minutes")(value));
}

function numberErrors(least: number, most: number, what: string) {
  const check = integerWithin(least, most, what);
  return (path: string, value: unknown) => errorsAt(path, check(value));
}

const actionCheck = matching(
  /^arn:aws:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:\S{1,900}$/,
  "the ARN of what CloudWatch is to tell, such as arn:aws:sns:REGION:ACCOUNT:TOPIC",
);

function actionErrors(path: string, value: unknown): PropertyError[] {
  if (!Array.isArray(value)) return errorsAt(path, breach(value, "must be a list of strings"));
  const tooMany =
    value.length > MOST_ACTIONS ? `${value.length} ARNs; CloudWatch allows ${MOST_ACTIONS}` : undefined;
  return [...errorsAt(path, tooMany), ...itemErrors(path, value, actionCheck)];
}
