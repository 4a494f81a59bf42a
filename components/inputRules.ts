import { alarmErrors } from "./alarmRules";
import type { AmplitudeKinesisDestinationArgs } from "./amplitudeKinesisDestination";
import { STREAM_ARN } from "./existingStream";
import { isDeferred } from "./known";
import {
  breach,
  type Check,
  errorsAt,
  integerWithin,
  itemErrors,
  matching,
  type PropertyError,
} from "./propertyError";
import { tagErrors } from "./tagRules";
import { IAM_PRINCIPAL_PATTERN, patternErrors, principalErrors, trustPolicyErrors } from "./trustRules";

export type PropertyName = keyof AmplitudeKinesisDestinationArgs;
/** Inputs with all Outputs resolved, as they came: nothing is known of their types. */
export type Values = Partial<Record<PropertyName, unknown>>;

/** Decides over the properties that it names, all of which are resolved when it runs. */
export interface Rule {
  properties: PropertyName[];
  check(values: Values): PropertyError[];
}

// --- rules of one property -------------------------------------------------------------------------------------

const IAM_PRINCIPAL = /^arn:aws:iam::\d{12}:(root|(role|user)\/[\w+=,.@/-]{0,512}[\w+=,.@-]{1,64})$/;

const KMS_KEY_ARN = /^arn:aws:kms:([a-z0-9-]+):\d{12}:key\/[a-zA-Z0-9-]+$/;

const PROPERTY_CHECKS = {
  existingStreamArn: matching(
    STREAM_ARN,
    "the ARN of a data stream (arn:aws:kinesis:REGION:ACCOUNT:stream/NAME); Amplitude can't be trusted from another partition",
  ),
  streamName: matching(/^[a-zA-Z0-9_.-]{1,128}$/, "1 to 128 letters, digits, '_', '.' or '-'"),
  streamMode: matching(/^(ON_DEMAND|PROVISIONED)$/, "ON_DEMAND or PROVISIONED"),
  shardCount: integerWithin(1, 1_000_000, "shards"),
  retentionHours: integerWithin(24, 8760, "hours"),
  maxRecordSizeKib: integerWithin(1024, 10_240, "KiB"),
  maxSessionSeconds: integerWithin(3600, 43_200, "seconds"),
  kmsKeyArn: matching(
    KMS_KEY_ARN,
    "the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID): an alias or a bare id can't be named in the role's policy",
  ),
  roleName: matching(/^[\w+=,.@-]{1,64}$/, "1 to 64 letters, digits or any of _+=,.@-"),
  // The AWS provider adds 26 characters of the 64.
  roleNamePrefix: matching(/^[\w+=,.@-]{1,38}$/, "1 to 38 letters, digits or any of _+=,.@-"),
  // Source: AWS, IAM API Reference, CreatePolicy, Path: stricter than CreateRole's, and the policy lies there too.
  rolePath: matching(
    /^\/([A-Za-z0-9.,+@=_-]+\/)*$/,
    "a path that begins and ends with '/', of letters, digits or any of .,+@=_-, such as /amplitude/",
  ),
  permissionsBoundaryArn: matching(
    /^arn:aws:iam::(aws|\d{12}):policy\/[\w+=,.@/-]{0,512}[\w+=,.@-]{1,128}$/,
    "the ARN of a managed policy (arn:aws:iam::ACCOUNT:policy/NAME)",
  ),
  externalId: matching(/^[\w+=,.@:/-]{2,1224}$/, "2 to 1224 letters, digits or any of _+=,.@:/-"),
  amplitudeAccountId: matching(/^\d{12}$/, "an AWS account id of 12 digits, as a string"),
} satisfies Partial<Record<PropertyName, Check>>;

const LIST_CHECKS = {
  amplitudePrincipalArns: matching(IAM_PRINCIPAL, principalRule()),
  amplitudePrincipalArnPatterns: matching(
    IAM_PRINCIPAL_PATTERN,
    "like the ARN of an IAM role or user, with wildcards in its name alone (arn:aws:iam::ACCOUNT:role/NAME-*)",
  ),
  testPrincipalArns: matching(IAM_PRINCIPAL, principalRule()),
  // Source: AWS, Kinesis API Reference, EnableEnhancedMonitoring.
  shardLevelMetrics: matching(
    /^(Incoming(Bytes|Records)|Outgoing(Bytes|Records)|(Write|Read)ProvisionedThroughputExceeded|IteratorAgeMilliseconds)$/,
    "a shard-level metric of Kinesis, such as IncomingBytes",
  ),
} satisfies Partial<Record<PropertyName, Check>>;

function principalRule(): string {
  return "the ARN of an IAM account root, role or user (arn:aws:iam::ACCOUNT:root, :role/NAME or :user/NAME), without wildcards";
}

/** Inputs that say what a new stream is to be like. */
const NEW_STREAM_INPUTS = [
  "streamName",
  "streamMode",
  "shardCount",
  "retentionHours",
  "maxRecordSizeKib",
  "shardLevelMetrics",
] as const satisfies PropertyName[];

export const RULES: Rule[] = [
  ...Object.entries(PROPERTY_CHECKS).map(([property, check]) =>
    propertyRule(property as PropertyName, check),
  ),
  ...Object.entries(LIST_CHECKS).map(([property, check]) => listRule(property as PropertyName, check)),
  { properties: ["rolePath"], check: ({ rolePath }) => pathLengthErrors(rolePath) },
  { properties: ["roleName", "roleNamePrefix"], check: roleNameErrors },
  { properties: ["streamMode", "shardCount"], check: capacityErrors },
  { properties: ["amplitudeAccountId", "amplitudePrincipalArns"], check: principalErrors },
  { properties: ["existingStreamArn", ...NEW_STREAM_INPUTS], check: existingStreamErrors },
  { properties: ["existingStreamArn", "kmsKeyArn"], check: keyRegionErrors },
  {
    properties: ["amplitudeAccountId", "amplitudePrincipalArns", "amplitudePrincipalArnPatterns"],
    check: patternErrors,
  },
  {
    properties: [
      "amplitudeAccountId",
      "amplitudePrincipalArns",
      "amplitudePrincipalArnPatterns",
      "testPrincipalArns",
      "externalId",
    ],
    check: trustPolicyErrors,
  },
  { properties: ["alarms", "shardCount"], check: alarmErrors },
  { properties: ["tags"], check: ({ tags }) => tagErrors(tags) },
];

/** What has to be known when the resources are registered: an Output would come too late. */
const PLAIN_INPUTS = ["retainStream", "requireTls"] as const satisfies PropertyName[];

/** All inputs: each has a rule. */
export const INPUT_NAMES: ReadonlySet<string> = new Set([
  ...PLAIN_INPUTS,
  ...RULES.flatMap(({ properties }) => properties),
]);

export function plainErrors(values: Values): PropertyError[] {
  return [
    ...alarmsErrors(values.alarms),
    ...PLAIN_INPUTS.flatMap((input) => {
      const value = values[input];
      if (value !== undefined && typeof value !== "boolean") {
        return errorsAt(input, "it must be true or false at once, and no Output");
      }
      const isForNewStream = value === true && "existingStreamArn" in values;
      return isForNewStream && values.existingStreamArn !== undefined ? errorsAt(input, NOT_OURS) : [];
    }),
  ];
}

/** Which alarms there are has to be known at once; what they are like may come later. */
function alarmsErrors(alarms: unknown): PropertyError[] {
  const isMap = typeof alarms === "object" && alarms !== null && !Array.isArray(alarms);
  if (alarms === undefined || (isMap && !isDeferred(alarms))) return [];
  return errorsAt("alarms", "it must be a map of its inputs at once, and no Output: they may be Outputs");
}

function propertyRule(property: PropertyName, check: Check): Rule {
  return {
    properties: [property],
    check: (values) => {
      const value = values[property];
      return value === undefined ? [] : errorsAt(property, check(value));
    },
  };
}

function listRule(property: PropertyName, check: Check): Rule {
  return {
    properties: [property],
    check: (values) => {
      const value = values[property];
      if (value === undefined) return [];
      if (!Array.isArray(value)) return errorsAt(property, breach(value, "must be a list of strings"));
      return itemErrors(property, value, check);
    },
  };
}

// --- rules between properties ----------------------------------------------------------------------------------

const NOT_OURS = "nothing of an existing stream is changed: leave it out, or leave existingStreamArn out";

function existingStreamErrors({ existingStreamArn, ...values }: Values): PropertyError[] {
  if (existingStreamArn === undefined) return [];
  return NEW_STREAM_INPUTS.filter((input) => values[input] !== undefined).flatMap((input) =>
    errorsAt(input, NOT_OURS),
  );
}

/** Source: AWS, Kinesis API Reference, StartStreamEncryption: the key lies in the stream's region. */
function keyRegionErrors({ existingStreamArn, kmsKeyArn }: Values): PropertyError[] {
  if (typeof existingStreamArn !== "string" || typeof kmsKeyArn !== "string") return [];
  const [region, ofKey] = [STREAM_ARN.exec(existingStreamArn)?.[1], KMS_KEY_ARN.exec(kmsKeyArn)?.[1]];
  const isElsewhere = region !== undefined && ofKey !== undefined && region !== ofKey;
  return isElsewhere
    ? errorsAt("kmsKeyArn", breach(kmsKeyArn, `must lie in the stream's region, ${region}`))
    : [];
}

function roleNameErrors({ roleName, roleNamePrefix }: Values): PropertyError[] {
  const areBoth = roleName !== undefined && roleNamePrefix !== undefined;
  return areBoth ? errorsAt("roleNamePrefix", "set it or roleName, not both") : [];
}

function capacityErrors({ streamMode, shardCount }: Values): PropertyError[] {
  if (streamMode === "PROVISIONED" && shardCount === undefined) {
    return errorsAt("shardCount", "a PROVISIONED stream needs a number of shards");
  }
  if (streamMode !== "PROVISIONED" && shardCount !== undefined) {
    return errorsAt(
      "shardCount",
      'an ON_DEMAND stream has no fixed number of shards: leave it out, or set streamMode "PROVISIONED"',
    );
  }
  return [];
}

/** Source: AWS, IAM API Reference, CreateRole: a path has at most 512 characters. */
function pathLengthErrors(rolePath: unknown): PropertyError[] {
  const tooLong = typeof rolePath === "string" && rolePath.length > 512;
  return tooLong ? errorsAt("rolePath", `${rolePath.length} characters; IAM allows at most 512`) : [];
}

/**
 * The resource name begins the name of the role (64 characters at most), which gets "-role-" and up to 20 random
 * characters behind it.
 */
const LONGEST_NAME = 38;

export function nameErrors(name: string, args: AmplitudeKinesisDestinationArgs): PropertyError[] {
  const isGenerated = args.roleName === undefined && args.roleNamePrefix === undefined;
  const longest = isGenerated ? LONGEST_NAME : 100;
  const isGood = /^[a-zA-Z0-9_.-]+$/.test(name) && name.length <= longest;
  return isGood
    ? []
    : errorsAt(
        "name",
        breach(
          name,
          `must be 1 to ${longest} letters, digits, '_', '.' or '-': it begins the names of the stream and the role`,
        ),
      );
}
