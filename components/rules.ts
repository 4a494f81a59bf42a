import type * as pulumi from "@pulumi/pulumi";
import { adoptionErrors } from "./adoption";
import type { AmplitudeKinesisDestinationArgs } from "./args";
import { AMPLITUDE_ACCOUNT_ID, accountRootArn } from "./contract";
import {
  ACTION_FORMAT,
  ALARM_FORMATS,
  GUARD_FORMATS,
  IAM_PRINCIPAL_PATTERN,
  ITEM_FORMATS,
  PROJECT_ID_FORMAT,
  tagViolation,
  VALUE_FORMATS,
} from "./formats";
import { trustPolicy } from "./policies";
import { configuredRegion, existingRegion, PLACE_RULES, regionErrors } from "./region";
import {
  applyRules,
  type Check,
  errorsAt,
  errorsIf,
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

/** Checks what must be known at once. */
function plainErrors(values: Values): PropertyError[] {
  const booleans = PLAIN_INPUTS.flatMap((input) => {
    const value = values[input] ?? false;
    return typeof value === "boolean"
      ? errorsIf(value && values.existingStreamArn !== undefined, input, NOT_WITH_EXISTING)
      : errorsAt(input, plainViolation(value, "boolean"));
  });
  const unknown = NESTED_INPUTS.filter((input) => values[input] !== undefined && !isMap(values[input]));
  const maps = unknown.flatMap((input) =>
    errorsAt(input, plainViolation(values[input], "map, whose values may be Outputs")),
  );
  return [...booleans, ...maps];
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
  return NEW_STREAM_INPUTS.flatMap((input) =>
    errorsIf(existingStreamArn !== undefined && values[input] !== undefined, input, NOT_WITH_EXISTING),
  );
}

function shardCountErrors({ streamMode, shardCount }: Values): PropertyError[] {
  const isFixed = streamMode === "PROVISIONED";
  if (isFixed === (shardCount !== undefined)) return [];
  return errorsAt(
    "shardCount",
    isFixed
      ? "is required with streamMode PROVISIONED"
      : 'can\'t be set for an ON_DEMAND stream: remove it, or set streamMode "PROVISIONED"',
  );
}

function roleNameErrors({ roleName, roleNamePrefix }: Values): PropertyError[] {
  const hasBoth = roleName !== undefined && roleNamePrefix !== undefined;
  return errorsIf(hasBoth, "roleNamePrefix", "can't be combined with roleName");
}

/** Source: AWS, IAM API Reference, CreateRole. */
const MAX_PATH_LENGTH = 512;

function pathLengthErrors(path: unknown): PropertyError[] {
  const length = typeof path === "string" ? path.length : 0;
  const rule = `has ${length} characters; IAM allows at most ${MAX_PATH_LENGTH}`;
  return errorsIf(length > MAX_PATH_LENGTH, "rolePath", rule);
}

// --- the trust policy ------------------------------------------------------------------------------------------

function principalErrors({ amplitudeAccountId, amplitudePrincipalArns: arns }: Values): PropertyError[] {
  const path = "amplitudePrincipalArns";
  if (!Array.isArray(arns)) return [];
  if (arns.length === 0) return errorsAt(path, "must not be empty: remove it to trust Amplitude's account");
  const rule = "can't be combined with amplitudeAccountId: each ARN names its account";
  return errorsIf(amplitudeAccountId !== undefined, path, rule);
}

/** Rejects patterns for an account that isn't trusted, because no principal can match them. */
function patternErrors(values: Values): PropertyError[] {
  const patterns = strings(values.amplitudePrincipalArnPatterns);
  const path = "amplitudePrincipalArnPatterns";
  if (patterns?.length === 0) return errorsAt(path, "must not be empty: remove it to restrict nothing");
  const trusted = new Set(trustedArns(values).map((arn) => arn.split(":")[4]));
  const rule =
    "names an account that is not trusted; trust it with amplitudeAccountId or amplitudePrincipalArns";
  return (patterns ?? []).flatMap((pattern, index) => {
    const account = IAM_PRINCIPAL_PATTERN.exec(pattern)?.[1];
    const isUntrusted = account !== undefined && !trusted.has(account);
    return errorsIf(isUntrusted, `${path}[${index}]`, violation(pattern, rule));
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
  const lists = { testPrincipalArns, amplitudePrincipalArnPatterns, amplitudePrincipalArns };
  const [path = "externalId"] = Object.entries(lists).flatMap(([key, list]) =>
    strings(list)?.length ? key : [],
  );
  const rule = `the trust policy would have ${length} characters; IAM allows at most ${MAX_TRUST_POLICY_LENGTH}`;
  return errorsIf(length > MAX_TRUST_POLICY_LENGTH, path, rule);
}

function trustedArns({ amplitudeAccountId, amplitudePrincipalArns }: Values): string[] {
  const account = String(amplitudeAccountId ?? AMPLITUDE_ACCOUNT_ID);
  return strings(amplitudePrincipalArns) ?? [accountRootArn(account)];
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
  if (ids === undefined)
    return errorsAt(path, "is required: the ids of the Amplitude projects whose events are expected");
  if (!Array.isArray(ids)) return errorsAt(path, violation(ids, "must be a list of numbers"));
  if (ids.length === 0) return errorsAt(path, "must not be empty: remove guard to guard nothing");
  const rule = `has ${ids.length} ids; at most ${MAX_PROJECT_IDS} are allowed`;
  return [...errorsIf(ids.length > MAX_PROJECT_IDS, path, rule), ...itemErrors(path, ids, PROJECT_ID_FORMAT)];
}

/** Checks the entries with one value of a nested input, and rejects unknown names. */
function entryErrors(
  input: string,
  entries: Record<string, unknown>,
  formats: Record<string, Check>,
  names: string[],
): PropertyError[] {
  const checks = new Map(Object.entries(formats));
  return Object.entries(entries).flatMap(([name, value]) => {
    const path = `${input}.${name}`;
    const check = checks.get(name);
    if (check === undefined) return errorsAt(path, unknownName(name, "input", names));
    return value === undefined ? [] : errorsAt(path, check(value));
  });
}

function actionErrors(path: string, arns: unknown): PropertyError[] {
  if (arns === undefined) return [];
  const length = Array.isArray(arns) ? arns.length : 0;
  const rule = `has ${length} ARNs; CloudWatch allows ${MAX_ACTIONS}`;
  return [...errorsIf(length > MAX_ACTIONS, path, rule), ...listErrors(path, arns, ACTION_FORMAT)];
}

function capacityErrors(alarms: Record<string, unknown>, shardCount: unknown): PropertyError[] {
  const { capacityPercent, capacityShards } = alarms;
  const sources = [capacityShards, shardCount].filter((shards) => shards !== undefined).length;
  return [
    ...errorsIf(
      sources === 2,
      "alarms.capacityShards",
      "can't be combined with shardCount, which determines the capacity",
    ),
    ...errorsIf(
      sources === 0 && capacityPercent !== undefined,
      "alarms.capacityPercent",
      "requires alarms.capacityShards or shardCount",
    ),
  ];
}

// --- the tags --------------------------------------------------------------------------------------------------

/** 50 tags per resource, minus the component's tag. Source: AWS, "Tag naming limits and requirements". */
const MAX_TAGS = 49;

function tagsErrors(tags: unknown): PropertyError[] {
  if (!isMap(tags)) return errorsAt("tags", violation(tags, "must be a map of strings"));
  const entries = Object.entries(tags);
  const rule = `has ${entries.length} tags; AWS allows ${MAX_TAGS} besides the component's tag`;
  return [
    ...errorsIf(entries.length > MAX_TAGS, "tags", rule),
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
    return errorsIf(isDuplicate, `tags[${formatValue(key)}]`, rule);
  });
}
