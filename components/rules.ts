import type * as pulumi from "@pulumi/pulumi";
import { adoptionErrors } from "./adoption";
import type { AmplitudeKinesisDestinationArgs } from "./args";
import { AMPLITUDE_ACCOUNT_ID, accountRootArn } from "./contract";
import {
  ACTION_ARN,
  ACTION_FORMAT,
  ALARM_FORMATS,
  BOUNDARY_ARN,
  GUARD_FORMATS,
  IAM_PRINCIPAL_PATTERN,
  ITEM_FORMATS,
  KMS_KEY_ARN,
  PROJECT_ID_FORMAT,
  tagViolation,
  VALUE_FORMATS,
} from "./formats";
import { trustPolicy } from "./policies";
import { configuredRegion, regionErrors, STREAM_ARN } from "./region";
import {
  applyRules,
  type Check,
  errorsAt,
  formatValue,
  type InputName,
  isMap,
  itemErrors,
  NESTED_INPUTS,
  type PropertyError,
  plainViolation,
  type Rule,
  throwErrors,
  unknownName,
  type Values,
  violation,
  withoutNull,
} from "./validation";

/**
 * Validates the component's inputs. Known inputs are validated at once. Outputs are validated in their own chain, so that
 * no resource is created from an invalid value.
 *
 * @throws pulumi.InputPropertiesError with every invalid input that is known, its property path and the violated rule.
 * @returns The inputs. Outputs reject with the same error if they resolve to an invalid value.
 */
export function validateInputs(
  name: string,
  args: AmplitudeKinesisDestinationArgs,
  opts?: pulumi.ComponentResourceOptions,
): AmplitudeKinesisDestinationArgs {
  if (!isMap(args)) throwErrors(String(name), errorsAt("args", plainViolation(args, "map of the inputs")));
  const values = withoutNull(args as Values);
  const region = configuredRegion(opts);
  return applyRules(name, values, RULES, [
    ...unknownInputs(args),
    ...nameErrors(name, values),
    ...plainErrors(values),
    ...adoptionErrors(values),
    ...regionErrors(region),
    ...PLACE_RULES.flatMap((rule) => rule.check({ ...values, region: existingRegion(values) ?? region })),
  ]);
}

// --- all rules -------------------------------------------------------------------------------------------------

/** Inputs that describe a new stream. */
const NEW_STREAM_INPUTS = [
  "streamName",
  "streamMode",
  "shardCount",
  "retentionHours",
  "maxRecordSizeKib",
  "shardLevelMetrics",
] as const satisfies InputName[];

/** Inputs that must be known when the resources are registered, because they decide which ones there are. */
const PLAIN_INPUTS = ["retainStream", "requireTls"] as const satisfies InputName[];

const TRUST_INPUTS = [
  "amplitudeAccountId",
  "amplitudePrincipalArns",
  "amplitudePrincipalArnPatterns",
] as const satisfies InputName[];

const RULES: Rule[] = [
  ...Object.entries(VALUE_FORMATS).map(([input, check]) =>
    ruleOf(input as InputName, (value) => errorsAt(input, check(value))),
  ),
  ...Object.entries(ITEM_FORMATS).map(([input, check]) =>
    ruleOf(input as InputName, (value) => listErrors(input, value, check)),
  ),
  ruleOf("rolePath", pathLengthErrors),
  ruleOf("tags", tagsErrors),
  { inputs: ["roleName", "roleNamePrefix"], check: roleNameErrors },
  { inputs: ["streamMode", "shardCount"], check: shardCountErrors },
  { inputs: ["existingStreamArn", ...NEW_STREAM_INPUTS], check: existingStreamErrors },
  { inputs: ["amplitudeAccountId", "amplitudePrincipalArns"], check: principalErrors },
  { inputs: [...TRUST_INPUTS], check: patternErrors },
  { inputs: [...TRUST_INPUTS, "testPrincipalArns", "externalId"], check: trustPolicyErrors },
  { inputs: ["alarms", "shardCount"], check: alarmErrors },
  { inputs: ["guard"], check: guardErrors },
];

/** Names of all inputs. Each has a rule. */
export const INPUT_NAMES: ReadonlySet<string> = new Set([
  ...PLAIN_INPUTS,
  "adopt",
  ...RULES.flatMap(({ inputs }) => inputs),
]);

function ruleOf(input: InputName, check: (value: unknown) => PropertyError[]): Rule {
  return {
    inputs: [input],
    check: ({ [input]: value }) => (value === undefined ? [] : check(value)),
  };
}

function listErrors(path: string, value: unknown, check: Check): PropertyError[] {
  return Array.isArray(value)
    ? itemErrors(path, value, check)
    : errorsAt(path, violation(value, "must be a list of strings"));
}

/** Rejects misspelled inputs, which callers without type checks would not notice. */
function unknownInputs(args: AmplitudeKinesisDestinationArgs): PropertyError[] {
  return Object.keys(args)
    .filter((input) => !INPUT_NAMES.has(input))
    .flatMap((input) => errorsAt(input, unknownName(input, "input", INPUT_NAMES)));
}

function plainErrors(values: Values): PropertyError[] {
  const errors = PLAIN_INPUTS.flatMap((input) => {
    const value = values[input];
    if (value !== undefined && typeof value !== "boolean") {
      return errorsAt(input, plainViolation(value, "boolean"));
    }
    return value && values.existingStreamArn !== undefined ? errorsAt(input, NOT_WITH_EXISTING) : [];
  });
  const unknown = NESTED_INPUTS.filter((input) => values[input] !== undefined && !isMap(values[input]));
  return [
    ...errors,
    ...unknown.flatMap((input) =>
      errorsAt(input, plainViolation(values[input], "map, whose values may be Outputs")),
    ),
  ];
}

/** A role's name has at most 64 characters: the resource name, "-role-" and up to 20 random characters. */
const MAX_NAME_LENGTH = 38;
/** The same with "-guard-role-". */
const MAX_GUARDED_NAME_LENGTH = 32;

function nameErrors(name: string, args: Values): PropertyError[] {
  const isGenerated = args.roleName === undefined && args.roleNamePrefix === undefined;
  const max = args.guard !== undefined ? MAX_GUARDED_NAME_LENGTH : isGenerated ? MAX_NAME_LENGTH : 100;
  if (typeof name === "string" && /^[a-zA-Z0-9_.-]+$/.test(name) && name.length <= max) return [];
  const rule = `must be 1 to ${max} letters, digits, '_', '.' or '-', because the names of the stream and the role begin with it`;
  return errorsAt("name", violation(name, rule));
}

// --- the stream and the role -----------------------------------------------------------------------------------

const NOT_WITH_EXISTING =
  "can't be combined with existingStreamArn, because an existing stream is never modified";

function existingStreamErrors({ existingStreamArn, ...values }: Values): PropertyError[] {
  if (existingStreamArn === undefined) return [];
  return NEW_STREAM_INPUTS.filter((input) => values[input] !== undefined).flatMap((input) =>
    errorsAt(input, NOT_WITH_EXISTING),
  );
}

function shardCountErrors({ streamMode, shardCount }: Values): PropertyError[] {
  if (streamMode === "PROVISIONED" && shardCount === undefined) {
    return errorsAt("shardCount", "is required with streamMode PROVISIONED");
  }
  if (streamMode !== "PROVISIONED" && shardCount !== undefined) {
    return errorsAt(
      "shardCount",
      'can\'t be set for an ON_DEMAND stream: remove it, or set streamMode "PROVISIONED"',
    );
  }
  return [];
}

function roleNameErrors({ roleName, roleNamePrefix }: Values): PropertyError[] {
  const hasBoth = roleName !== undefined && roleNamePrefix !== undefined;
  return hasBoth ? errorsAt("roleNamePrefix", "can't be combined with roleName") : [];
}

/** Source: AWS, IAM API Reference, CreateRole. */
const MAX_PATH_LENGTH = 512;

function pathLengthErrors(path: unknown): PropertyError[] {
  if (typeof path !== "string" || path.length <= MAX_PATH_LENGTH) return [];
  return errorsAt("rolePath", `has ${path.length} characters; IAM allows at most ${MAX_PATH_LENGTH}`);
}

// --- regions and accounts --------------------------------------------------------------------------------------

/** Rules on where the resources are. They run again once the provider's region and account are known. */
export const PLACE_RULES: Rule[] = [
  { inputs: ["region", "kmsKeyArn"], check: keyRegionErrors },
  ...NESTED_INPUTS.map(
    (input): Rule => ({ inputs: ["region", input], check: (values) => actionRegionErrors(input, values) }),
  ),
  { inputs: ["accountId", "permissionsBoundaryArn"], check: boundaryErrors },
];

function existingRegion({ existingStreamArn }: Values): string | undefined {
  return typeof existingStreamArn === "string" ? STREAM_ARN.exec(existingStreamArn)?.[1] : undefined;
}

/** Source: AWS, Kinesis API Reference, StartStreamEncryption: the key must be in the stream's region. */
function keyRegionErrors({ region, kmsKeyArn }: Values): PropertyError[] {
  return placeErrors("kmsKeyArn", kmsKeyArn, KMS_KEY_ARN, region);
}

/** Source: AWS, CloudWatch User Guide, "Amazon CloudWatch alarms": an alarm's actions must be in its region. */
function actionRegionErrors(
  input: (typeof NESTED_INPUTS)[number],
  { region, [input]: nested }: Values,
): PropertyError[] {
  const arns = isMap(nested) && Array.isArray(nested.actionArns) ? Array.from(nested.actionArns) : [];
  return arns.flatMap((arn, index) => placeErrors(`${input}.actionArns[${index}]`, arn, ACTION_ARN, region));
}

/** Skips an ARN that has no region, and a malformed one, which other rules reject. */
function placeErrors(path: string, arn: unknown, pattern: RegExp, region: unknown): PropertyError[] {
  const own = typeof arn === "string" ? pattern.exec(arn)?.[1] : undefined;
  if (!own || typeof region !== "string" || own === region) return [];
  return errorsAt(path, violation(arn, `must be in the stream's region, ${region}`));
}

/** IAM finds only the account's own policies and those of AWS. */
function boundaryErrors({ accountId, permissionsBoundaryArn: arn }: Values): PropertyError[] {
  const owner = typeof arn === "string" ? BOUNDARY_ARN.exec(arn)?.[1] : undefined;
  if (!owner || owner === "aws" || typeof accountId !== "string" || owner === accountId) return [];
  return errorsAt("permissionsBoundaryArn", violation(arn, `must be in the role's account, ${accountId}`));
}

// --- the trust policy ------------------------------------------------------------------------------------------

function principalErrors({ amplitudeAccountId, amplitudePrincipalArns }: Values): PropertyError[] {
  if (!Array.isArray(amplitudePrincipalArns)) return [];
  if (amplitudePrincipalArns.length === 0) {
    return errorsAt("amplitudePrincipalArns", "must not be empty: remove it to trust Amplitude's account");
  }
  return amplitudeAccountId === undefined
    ? []
    : errorsAt(
        "amplitudePrincipalArns",
        "can't be combined with amplitudeAccountId: each ARN names its account",
      );
}

/** Rejects patterns for an account that isn't trusted, because no principal can match them. */
function patternErrors(values: Values): PropertyError[] {
  const patterns = strings(values.amplitudePrincipalArnPatterns);
  if (patterns?.length === 0) {
    return errorsAt("amplitudePrincipalArnPatterns", "must not be empty: remove it to restrict nothing");
  }
  const trusted = new Set(trustedArns(values).map((arn) => arn.split(":")[4]));
  const rule =
    "names an account that is not trusted; trust it with amplitudeAccountId or amplitudePrincipalArns";
  return (patterns ?? []).flatMap((pattern, index) => {
    const account = IAM_PRINCIPAL_PATTERN.exec(pattern)?.[1];
    const isUntrusted = account !== undefined && !trusted.has(account);
    return isUntrusted ? errorsAt(`amplitudePrincipalArnPatterns[${index}]`, violation(pattern, rule)) : [];
  });
}

/**
 * IAM allows 2,048 characters, or up to 4,096 if AWS raised the account's quota. Whitespace does not count.
 * Source: AWS, "IAM and AWS STS quotas", role trust policy length.
 */
const MAX_TRUST_POLICY_LENGTH = 4_096;

function trustPolicyErrors(values: Values): PropertyError[] {
  const { amplitudePrincipalArns, amplitudePrincipalArnPatterns, testPrincipalArns, externalId } = values;
  const document = trustPolicy({
    amplitudePrincipalArns: trustedArns(values),
    amplitudePrincipalArnPatterns: strings(amplitudePrincipalArnPatterns) ?? [],
    testPrincipalArns: strings(testPrincipalArns) ?? [],
    ...(typeof externalId === "string" ? { externalId } : {}),
  });
  const { length } = JSON.stringify(document);
  if (length <= MAX_TRUST_POLICY_LENGTH) return [];
  const lists = { testPrincipalArns, amplitudePrincipalArnPatterns, amplitudePrincipalArns };
  const [path = "externalId"] = Object.entries(lists).flatMap(([key, list]) =>
    strings(list)?.length ? [key] : [],
  );
  return errorsAt(
    path,
    `the trust policy would have ${length} characters; IAM allows at most ${MAX_TRUST_POLICY_LENGTH}`,
  );
}

function trustedArns({ amplitudeAccountId, amplitudePrincipalArns }: Values): string[] {
  return (
    strings(amplitudePrincipalArns) ?? [accountRootArn(String(amplitudeAccountId ?? AMPLITUDE_ACCOUNT_ID))]
  );
}

function strings(value: unknown): string[] | undefined {
  return Array.isArray(value)
    ? Array.from(value, (item) => (typeof item === "string" ? item : formatValue(item)))
    : undefined;
}

// --- the alarms and the guard ----------------------------------------------------------------------------------

/** Source: AWS, CloudWatch API Reference, PutMetricAlarm, AlarmActions. */
const MAX_ACTIONS = 5;

/** Names of the alarms' inputs. */
export const ALARM_INPUTS = ["actionArns", ...Object.keys(ALARM_FORMATS)];

function alarmErrors({ alarms, shardCount }: Values): PropertyError[] {
  if (!isMap(alarms)) return []; // plainErrors rejects other values.
  const { actionArns, ...others } = alarms;
  return [
    ...actionErrors("alarms.actionArns", actionArns),
    ...entryErrors("alarms", others, ALARM_FORMATS, ALARM_INPUTS),
    ...capacityErrors(alarms, shardCount),
  ];
}

/** Names of the guard's inputs. */
export const GUARD_INPUTS = ["projectIds", "actionArns", ...Object.keys(GUARD_FORMATS)];

/** The pattern of the pipe holds the ids, in at most 4,096 characters. Source: AWS, Pipes API Reference, Filter. */
const MAX_PROJECT_IDS = 50;

function guardErrors({ guard }: Values): PropertyError[] {
  if (!isMap(guard)) return []; // plainErrors rejects other values.
  const { actionArns, projectIds, ...others } = guard;
  return [
    ...projectErrors(projectIds),
    ...actionErrors("guard.actionArns", actionArns),
    ...entryErrors("guard", others, GUARD_FORMATS, GUARD_INPUTS),
  ];
}

function projectErrors(ids: unknown): PropertyError[] {
  const path = "guard.projectIds";
  if (ids === undefined) {
    return errorsAt(path, "is required: the ids of the Amplitude projects whose events are expected");
  }
  if (!Array.isArray(ids)) return errorsAt(path, violation(ids, "must be a list of numbers"));
  if (ids.length === 0) return errorsAt(path, "must not be empty: remove guard to guard nothing");
  return [
    ...(ids.length > MAX_PROJECT_IDS
      ? errorsAt(path, `has ${ids.length} ids; at most ${MAX_PROJECT_IDS} are allowed`)
      : []),
    ...itemErrors(path, ids, PROJECT_ID_FORMAT),
  ];
}

/** Checks the entries with one value of a nested input, and rejects unknown names. */
function entryErrors(
  input: string,
  entries: Record<string, unknown>,
  formats: Record<string, Check>,
  names: string[],
): PropertyError[] {
  return Object.entries(entries).flatMap(([name, value]) => {
    const path = `${input}.${name}`;
    const check = Object.hasOwn(formats, name) ? formats[name] : undefined;
    if (check === undefined) return errorsAt(path, unknownName(name, "input", names));
    return value === undefined ? [] : errorsAt(path, check(value));
  });
}

function actionErrors(path: string, arns: unknown): PropertyError[] {
  if (arns === undefined) return [];
  const isTooLong = Array.isArray(arns) && arns.length > MAX_ACTIONS;
  return [
    ...(isTooLong ? errorsAt(path, `has ${arns.length} ARNs; CloudWatch allows ${MAX_ACTIONS}`) : []),
    ...listErrors(path, arns, ACTION_FORMAT),
  ];
}

function capacityErrors(alarms: Record<string, unknown>, shardCount: unknown): PropertyError[] {
  const { capacityPercent, capacityShards } = alarms;
  if (capacityShards !== undefined && shardCount !== undefined) {
    return errorsAt(
      "alarms.capacityShards",
      "can't be combined with shardCount, which determines the capacity",
    );
  }
  const isUnknown = capacityShards === undefined && shardCount === undefined;
  return isUnknown && capacityPercent !== undefined
    ? errorsAt("alarms.capacityPercent", "requires alarms.capacityShards or shardCount")
    : [];
}

// --- the tags --------------------------------------------------------------------------------------------------

/** 50 tags per resource, minus the component's tag. Source: AWS, "Tag naming limits and requirements". */
const MAX_TAGS = 49;

function tagsErrors(tags: unknown): PropertyError[] {
  if (!isMap(tags)) return errorsAt("tags", violation(tags, "must be a map of strings"));
  const entries = Object.entries(tags);
  const rule = `has ${entries.length} tags; AWS allows ${MAX_TAGS} besides the component's tag`;
  return [
    ...(entries.length > MAX_TAGS ? errorsAt("tags", rule) : []),
    ...entries.flatMap(([key, value]) => errorsAt(`tags[${formatValue(key)}]`, tagViolation(key, value))),
    ...caseInsensitiveDuplicates(entries.map(([key]) => key)),
  ];
}

/** Source: AWS, IAM User Guide, "Tags for IAM resources": keys of a role or policy can't differ only in case. */
function caseInsensitiveDuplicates(keys: string[]): PropertyError[] {
  const seen = new Set<string>();
  return keys.flatMap((key) => {
    const isDuplicate = seen.has(key.toLowerCase());
    seen.add(key.toLowerCase());
    const rule = "the key differs from another key only in case, which IAM rejects";
    return isDuplicate ? errorsAt(`tags[${formatValue(key)}]`, rule) : [];
  });
}
