import type { DeliveryAlarms, StreamGuard } from "./args";
import { type Check, type InputName, integerWithin, matching, type Violation, violation } from "./validation";

// The format of each value in itself. rules.ts holds the rules between inputs.

/** ARN of a data stream. Its groups are the region, the account and the name. */
export const STREAM_ARN = /^arn:aws:kinesis:([a-z0-9-]+):(\d{12}):stream\/([a-zA-Z0-9_.-]{1,128})$/;

const IAM_PRINCIPAL = /^arn:aws:iam::\d{12}:(root|(role|user)\/[\w+=,.@/-]{0,512}[\w+=,.@-]{1,64})$/;
const PRINCIPAL_FORMAT = matching(
  IAM_PRINCIPAL,
  "the ARN of an IAM account root, role or user (arn:aws:iam::ACCOUNT:root, :role/NAME or :user/NAME), without wildcards",
);

/** The partition, service and account must be literal. Only the name may contain wildcards. */
export const IAM_PRINCIPAL_PATTERN = /^arn:aws:iam::(\d{12}):(role|user)\/[\w+=,.@/*?-]{1,576}$/;

/** Source: AWS, KMS Developer Guide, "Key identifiers (KeyId)": a UUID, or `mrk-` and 32 digits for a multi-Region key. */
export const KMS_KEY_ARN =
  /^arn:aws:kms:([a-z0-9-]+):\d{12}:key\/(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

export const BOUNDARY_ARN = /^arn:aws:iam::(aws|\d{12}):policy\/[\w+=,.@/-]{0,512}[\w+=,.@-]{1,128}$/;

/** Formats of the inputs with one value. */
export const VALUE_FORMATS = {
  existingStreamArn: matching(
    STREAM_ARN,
    "the ARN of a data stream (arn:aws:kinesis:REGION:ACCOUNT:stream/NAME); roles in another partition can't trust Amplitude",
  ),
  streamName: matching(/^[a-zA-Z0-9_.-]{1,128}$/, "1 to 128 letters, digits, '_', '.' or '-'"),
  streamMode: matching(/^(ON_DEMAND|PROVISIONED)$/, "ON_DEMAND or PROVISIONED"),
  shardCount: integerWithin(1, 1_000_000, "shards"),
  retentionHours: integerWithin(24, 8760, "hours"),
  maxRecordSizeKib: integerWithin(1024, 10_240, "KiB"),
  maxSessionSeconds: integerWithin(3600, 43_200, "seconds"),
  kmsKeyArn: matching(
    KMS_KEY_ARN,
    "the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID); the role's policy can't name an alias or a key id",
  ),
  roleName: matching(/^[\w+=,.@-]{1,64}$/, "1 to 64 letters, digits or any of _+=,.@-"),
  // The AWS provider appends 26 characters, up to IAM's 64.
  roleNamePrefix: matching(/^[\w+=,.@-]{1,38}$/, "1 to 38 letters, digits or any of _+=,.@-"),
  // The policy has the same path. Source: AWS, IAM API Reference, CreatePolicy, Path: stricter than CreateRole's.
  rolePath: matching(
    /^\/([A-Za-z0-9.,+@=_-]+\/)*$/,
    "a path that begins and ends with '/', of letters, digits or any of .,+@=_-, such as /amplitude/",
  ),
  permissionsBoundaryArn: matching(
    BOUNDARY_ARN,
    "the ARN of a managed policy (arn:aws:iam::ACCOUNT:policy/NAME)",
  ),
  externalId: matching(/^[\w+=,.@:/-]{2,1224}$/, "2 to 1224 letters, digits or any of _+=,.@:/-"),
  amplitudeAccountId: matching(/^\d{12}$/, "an AWS account id of 12 digits, as a string"),
} satisfies Partial<Record<InputName, Check>>;

/** Source: AWS, Kinesis API Reference, EnableEnhancedMonitoring. */
const SHARD_LEVEL_METRICS = [
  "IncomingBytes",
  "IncomingRecords",
  "OutgoingBytes",
  "OutgoingRecords",
  "WriteProvisionedThroughputExceeded",
  "ReadProvisionedThroughputExceeded",
  "IteratorAgeMilliseconds",
];

/** Formats of the items of the lists. */
export const ITEM_FORMATS = {
  amplitudePrincipalArns: PRINCIPAL_FORMAT,
  amplitudePrincipalArnPatterns: matching(
    IAM_PRINCIPAL_PATTERN,
    "the ARN of an IAM role or user with wildcards in its name only (arn:aws:iam::ACCOUNT:role/NAME-*)",
  ),
  testPrincipalArns: PRINCIPAL_FORMAT,
  shardLevelMetrics: (value) =>
    SHARD_LEVEL_METRICS.some((metric) => metric === value)
      ? undefined
      : violation(value, `must be one of ${SHARD_LEVEL_METRICS.join(", ")}`),
} satisfies Partial<Record<InputName, Check>>;

/** An alarm evaluates at most one day in periods of a minute. Source: AWS, CloudWatch API Reference, PutMetricAlarm. */
const MAX_MINUTES = 1_440;

/**
 * A topic or another alarm action. The group is the region, which only a response plan's ARN lacks.
 * Source: AWS, CloudWatch API Reference, PutMetricAlarm, AlarmActions.
 */
export const ACTION_ARN = /^arn:aws:(?:ssm-incidents:|[a-z0-9-]+:([a-z0-9-]+)):\d{12}:\S{1,900}$/;
const TOPIC_ARN = /^arn:aws:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/;
const ACTION_RULE = "the ARN of an alarm action, such as arn:aws:sns:REGION:ACCOUNT:TOPIC";
/** Format of an item of `alarms.actionArns` and `guard.actionArns`. */
export const ACTION_FORMAT: Check = (arn) =>
  matching(String(arn).startsWith("arn:aws:sns:") ? TOPIC_ARN : ACTION_ARN, ACTION_RULE)(arn);

/** Formats of the alarms' inputs with one value. */
export const ALARM_FORMATS = {
  silenceMinutes: integerWithin(1, MAX_MINUTES, "minutes"),
  throttledMinutes: integerWithin(1, MAX_MINUTES, "minutes"),
  capacityPercent: integerWithin(1, 100, "percent"),
  capacityShards: integerWithin(1, 1_000_000, "shards"),
} satisfies Record<Exclude<keyof DeliveryAlarms, "actionArns">, Check>;

/** Source: AWS, CloudWatch Logs API Reference, PutRetentionPolicy. */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Formats of the guard's inputs with one value. */
export const GUARD_FORMATS = {
  logRetentionDays: (days) =>
    RETENTION_DAYS.some((allowed) => allowed === days)
      ? undefined
      : violation(days, `must be one of ${RETENTION_DAYS.join(", ")} (days)`),
} satisfies Record<Exclude<keyof StreamGuard, "projectIds" | "actionArns">, Check>;

/** Format of an item of `guard.projectIds`. */
export const PROJECT_ID_FORMAT: Check = (id) =>
  Number.isSafeInteger(id) && Number(id) >= 1
    ? undefined
    : violation(id, "must be a positive integer, the id of an Amplitude project");

/** The tag that holds the destination's name. */
export const OWN_TAG = "amplitude-kinesis:destination";
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Returns how a tag violates the rules of AWS or of the component, or undefined. */
export function tagViolation(key: string, value: unknown): Violation | string | undefined {
  if (key.length < 1 || key.length > 128 || !TAG_TEXT.test(key)) {
    return "the key must be 1 to 128 letters, digits, spaces or any of _.:/=+-@";
  }
  if (/^aws:/i.test(key)) return "the key must not begin with aws:, which AWS reserves";
  if (key === OWN_TAG) return "the component sets this tag itself";
  if (typeof value !== "string") return violation(value, "must be a string");
  return value.length > 256 || !TAG_TEXT.test(value)
    ? violation(value, "must be at most 256 letters, digits, spaces or any of _.:/=+-@")
    : undefined;
}
