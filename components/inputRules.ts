import type { AmplitudeKinesisDestinationArgs } from "./amplitudeKinesisDestination";
import { AMPLITUDE_ACCOUNT_ID, accountRootArn } from "./contract";
import { trustPolicy } from "./policies";

export type PropertyName = keyof AmplitudeKinesisDestinationArgs;
/** Inputs with all Outputs resolved, as they came: nothing is known of their types. */
export type Values = Partial<Record<PropertyName, unknown>>;

export interface PropertyError {
  propertyPath: string;
  reason: string;
}

/** Decides over the properties that it names, all of which are resolved when it runs. */
export interface Rule {
  properties: PropertyName[];
  check(values: Values): PropertyError[];
}

// --- rules of one property -------------------------------------------------------------------------------------

/** The reason why a value is bad, or undefined. */
type Check = (value: unknown) => string | undefined;

const matching =
  (pattern: RegExp, rule: string): Check =>
  (value) =>
    typeof value === "string" && pattern.test(value) ? undefined : `${shown(value)} must be ${rule}`;

const integerWithin =
  (least: number, most: number, what: string): Check =>
  (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `${shown(value)} must be a whole number of ${what} from ${least} to ${most}`;

const IAM_PRINCIPAL = /^arn:aws:iam::\d{12}:(root|(role|user)\/[\w+=,.@/-]{1,576})$/;

const PROPERTY_CHECKS = {
  streamName: matching(/^[a-zA-Z0-9_.-]{1,128}$/, "1 to 128 letters, digits, '_', '.' or '-'"),
  streamMode: matching(/^(ON_DEMAND|PROVISIONED)$/, "ON_DEMAND or PROVISIONED"),
  shardCount: integerWithin(1, 1_000_000, "shards"),
  retentionHours: integerWithin(24, 8760, "hours"),
  kmsKeyArn: matching(
    /^arn:aws:kms:[a-z0-9-]+:\d{12}:key\/[a-zA-Z0-9-]+$/,
    "the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID): an alias or a bare id can't be named in the role's policy",
  ),
  roleName: matching(/^[\w+=,.@-]{1,64}$/, "1 to 64 letters, digits or any of _+=,.@-"),
  // Source: AWS, IAM API Reference, CreatePolicy, Path: stricter than CreateRole's, and the policy lies there too.
  rolePath: matching(
    /^\/([A-Za-z0-9.,+@=_-]+\/)*$/,
    "a path that begins and ends with '/', of letters, digits or any of .,+@=_-, such as /amplitude/",
  ),
  permissionsBoundaryArn: matching(
    /^arn:aws:iam::(aws|\d{12}):policy\/[\w+=,.@/-]+$/,
    "the ARN of a managed policy (arn:aws:iam::ACCOUNT:policy/NAME)",
  ),
  externalId: matching(/^[\w+=,.@:/-]{2,1224}$/, "2 to 1224 letters, digits or any of _+=,.@:/-"),
  amplitudeAccountId: matching(/^\d{12}$/, "an AWS account id of 12 digits, as a string"),
} satisfies Partial<Record<PropertyName, Check>>;

const LIST_CHECKS = {
  amplitudePrincipalArns: matching(IAM_PRINCIPAL, principalRule()),
  testPrincipalArns: matching(IAM_PRINCIPAL, principalRule()),
} satisfies Partial<Record<PropertyName, Check>>;

function principalRule(): string {
  return "the ARN of an IAM account root, role or user (arn:aws:iam::ACCOUNT:root, :role/NAME or :user/NAME), without wildcards";
}

export const RULES: Rule[] = [
  ...Object.entries(PROPERTY_CHECKS).map(([property, check]) =>
    propertyRule(property as PropertyName, check),
  ),
  ...Object.entries(LIST_CHECKS).map(([property, check]) => listRule(property as PropertyName, check)),
  { properties: ["rolePath"], check: ({ rolePath }) => pathLengthErrors(rolePath) },
  { properties: ["streamMode", "shardCount"], check: capacityErrors },
  { properties: ["amplitudeAccountId", "amplitudePrincipalArns"], check: principalErrors },
  {
    properties: ["amplitudeAccountId", "amplitudePrincipalArns", "testPrincipalArns", "externalId"],
    check: trustPolicyErrors,
  },
  { properties: ["tags"], check: ({ tags }) => tagErrors(tags) },
];

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
      if (!Array.isArray(value)) return errorsAt(property, `${shown(value)} must be a list of strings`);
      return value.flatMap((item, index) => {
        const isRepeated = value.indexOf(item) < index;
        return errorsAt(`${property}[${index}]`, isRepeated ? `${shown(item)} is there twice` : check(item));
      });
    },
  };
}

function errorsAt(propertyPath: string, reason: string | undefined): PropertyError[] {
  return reason === undefined ? [] : [{ propertyPath, reason }];
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

// --- rules between properties ----------------------------------------------------------------------------------

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

function principalErrors({ amplitudeAccountId, amplitudePrincipalArns }: Values): PropertyError[] {
  if (!Array.isArray(amplitudePrincipalArns)) return [];
  if (amplitudePrincipalArns.length === 0) {
    return errorsAt(
      "amplitudePrincipalArns",
      "an empty list would let nobody in: leave it out for Amplitude's account",
    );
  }
  return amplitudeAccountId === undefined
    ? []
    : errorsAt(
        "amplitudePrincipalArns",
        "set it or amplitudeAccountId, not both: the ARNs name their accounts",
      );
}

/**
 * 2,048 characters unless AWS raised the account's quota, to 4,096 at most; white space does not count.
 * Source: AWS, "IAM and AWS STS quotas", role trust policy length.
 */
const LONGEST_TRUST_POLICY = 4_096;

function trustPolicyErrors(values: Values): PropertyError[] {
  const { amplitudeAccountId, amplitudePrincipalArns, testPrincipalArns, externalId } = values;
  const document = trustPolicy({
    amplitudePrincipalArns: strings(amplitudePrincipalArns) ?? [
      accountRootArn(String(amplitudeAccountId ?? AMPLITUDE_ACCOUNT_ID)),
    ],
    testPrincipalArns: strings(testPrincipalArns) ?? [],
    ...(typeof externalId === "string" ? { externalId } : {}),
  });
  const { length } = JSON.stringify(document);
  if (length <= LONGEST_TRUST_POLICY) return [];
  const path = strings(testPrincipalArns)?.length ? "testPrincipalArns" : "amplitudePrincipalArns";
  return errorsAt(
    path,
    `the trust policy would have ${length} characters; IAM allows at most ${LONGEST_TRUST_POLICY}`,
  );
}

function strings(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.map(String) : undefined;
}

/** Source: AWS, IAM API Reference, CreateRole: a path has at most 512 characters. */
function pathLengthErrors(rolePath: unknown): PropertyError[] {
  const tooLong = typeof rolePath === "string" && rolePath.length > 512;
  return tooLong ? errorsAt("rolePath", `${rolePath.length} characters; IAM allows at most 512`) : [];
}

/** Holds the destination's name. */
export const OWN_TAG = "amplitude-kinesis:destination";
/** 50 tags a resource, less the one that the component sets itself. Source: AWS, "Tag naming limits and requirements". */
const MOST_TAGS = 49;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

function tagErrors(tags: unknown): PropertyError[] {
  if (tags === undefined) return [];
  if (typeof tags !== "object" || tags === null || Array.isArray(tags)) {
    return errorsAt("tags", `${shown(tags)} must be a map of strings`);
  }
  const entries = Object.entries(tags);
  const tooMany =
    entries.length > MOST_TAGS
      ? `${entries.length} tags; AWS allows ${MOST_TAGS} beside the component's own`
      : undefined;
  return [
    ...errorsAt("tags", tooMany),
    ...entries.flatMap(([key, value]) => tagError(key, value)),
    ...alikeKeys(entries.map(([key]) => key)),
  ];
}

/** Source: AWS, IAM User Guide, "Tags for IAM resources": the keys of one role or policy don't differ in case alone. */
function alikeKeys(keys: string[]): PropertyError[] {
  const folded = keys.map((key) => key.toLowerCase());
  return keys
    .filter((_, index) => folded.indexOf(folded[index] ?? "") < index)
    .flatMap((key) =>
      errorsAt(`tags[${shown(key)}]`, "another key differs from it in case alone, which IAM refuses"),
    );
}

function tagError(key: string, value: unknown): PropertyError[] {
  const path = `tags[${shown(key)}]`;
  if (key.length < 1 || key.length > 128 || !TAG_TEXT.test(key)) {
    return errorsAt(path, "a key has 1 to 128 letters, digits, spaces or any of _.:/=+-@");
  }
  if (/^aws:/i.test(key)) return errorsAt(path, "keys that begin with aws: belong to AWS");
  if (key === OWN_TAG) return errorsAt(path, "the component sets this tag itself");
  if (typeof value !== "string" || value.length > 256 || !TAG_TEXT.test(value)) {
    return errorsAt(path, `${shown(value)} must be at most 256 letters, digits, spaces or any of _.:/=+-@`);
  }
  return [];
}

/**
 * The resource name begins the name of the role (64 characters at most), which gets "-role-" and up to 20 random
 * characters behind it.
 */
const LONGEST_NAME = 38;

export function nameErrors(name: string, args: AmplitudeKinesisDestinationArgs): PropertyError[] {
  const longest = args.roleName === undefined ? LONGEST_NAME : 100;
  const isGood = /^[a-zA-Z0-9_.-]+$/.test(name) && name.length <= longest;
  return isGood
    ? []
    : errorsAt(
        "name",
        `${shown(name)} must be 1 to ${longest} letters, digits, '_', '.' or '-': it begins the names of the stream and the role`,
      );
}
