import * as pulumi from "@pulumi/pulumi";
import type { AmplitudeKinesisDestinationArgs } from "./amplitudeKinesisDestination";

type PropertyName = keyof AmplitudeKinesisDestinationArgs;
type Values = Partial<Record<PropertyName, unknown>>;

interface PropertyError {
  propertyPath: string;
  reason: string;
}

/** Decides over the properties it names, all of which are resolved when it runs. */
interface Rule {
  properties: PropertyName[];
  check(values: Values): PropertyError[];
}

/**
 * The component's inputs, checked. What is known is checked at once; what is an Output is checked inside its own
 * chain, so that no resource is made from a bad value.
 *
 * @throws pulumi.InputPropertiesError at once with every known-bad input, each with its property path and the rule
 * that it breaks; the same error from the returned Outputs for what becomes known later.
 */
export function checkedInputs(
  name: string,
  args: AmplitudeKinesisDestinationArgs,
): AmplitudeKinesisDestinationArgs {
  const isDue = (rule: Rule) => rule.properties.every((property) => isKnown(args[property]));
  const errors = [...unknownProperties(args), ...nameErrors(name, args)];
  for (const rule of RULES.filter(isDue)) errors.push(...rule.check(args));
  throwAny(name, errors);

  const deferred = RULES.filter((rule) => !isDue(rule));
  const gated = Object.entries(args).map(([property, value]) => {
    const gates = deferred.filter((rule) => rule.properties.includes(property as PropertyName));
    return [property, isKnown(value) ? value : gatedBy(name, value, args, gates)];
  });
  return Object.fromEntries(gated) as AmplitudeKinesisDestinationArgs;
}

function gatedBy(
  name: string,
  value: unknown,
  args: AmplitudeKinesisDestinationArgs,
  rules: Rule[],
): pulumi.Output<unknown> {
  const passed = rules.map((rule) => {
    const values = Object.fromEntries(rule.properties.map((property) => [property, args[property]]));
    return pulumi.output(values).apply((resolved) => throwAny(name, rule.check(resolved as Values)));
  });
  return pulumi.all([pulumi.output(value), ...passed]).apply(([resolved]) => resolved);
}

function throwAny(name: string, errors: PropertyError[]): void {
  if (errors.length === 0) return;
  const lines = errors.map(({ propertyPath, reason }) => `  ${propertyPath}: ${reason}`);
  const message = `AmplitudeKinesisDestination "${name}" has ${errors.length} bad input(s):\n${lines.join("\n")}`;
  throw new pulumi.InputPropertiesError({ message, errors });
}

function isKnown(value: unknown): boolean {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return false;
  if (typeof value === "object" && value !== null) return Object.values(value).every(isKnown);
  return true;
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
  rolePath: matching(/^\/([!-.0-~]+\/)*$/, "a path that begins and ends with '/', such as /amplitude/"),
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

const RULES: Rule[] = [
  ...Object.entries(PROPERTY_CHECKS).map(([property, check]) =>
    propertyRule(property as PropertyName, check),
  ),
  ...Object.entries(LIST_CHECKS).map(([property, check]) => listRule(property as PropertyName, check)),
  { properties: ["rolePath"], check: ({ rolePath }) => pathLengthErrors(rolePath) },
  { properties: ["streamMode", "shardCount"], check: capacityErrors },
  { properties: ["amplitudeAccountId", "amplitudePrincipalArns"], check: principalErrors },
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
      return value.flatMap((item, index) => errorsAt(`${property}[${index}]`, check(item)));
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

/** Source: AWS, IAM API Reference, CreateRole: a path has at most 512 characters. */
function pathLengthErrors(rolePath: unknown): PropertyError[] {
  const tooLong = typeof rolePath === "string" && rolePath.length > 512;
  return tooLong ? errorsAt("rolePath", `${rolePath.length} characters; IAM allows at most 512`) : [];
}

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
  return [...errorsAt("tags", tooMany), ...entries.flatMap(([key, value]) => tagError(key, value))];
}

function tagError(key: string, value: unknown): PropertyError[] {
  const path = `tags[${shown(key)}]`;
  if (key.length < 1 || key.length > 128 || !TAG_TEXT.test(key)) {
    return errorsAt(path, "a key has 1 to 128 letters, digits, spaces or any of _.:/=+-@");
  }
  if (/^aws:/i.test(key)) return errorsAt(path, "keys that begin with aws: belong to AWS");
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

function nameErrors(name: string, args: AmplitudeKinesisDestinationArgs): PropertyError[] {
  const longest = args.roleName === undefined ? LONGEST_NAME : 100;
  const isGood = /^[a-zA-Z0-9_.-]+$/.test(name) && name.length <= longest;
  return isGood
    ? []
    : errorsAt(
        "name",
        `${shown(name)} must be 1 to ${longest} letters, digits, '_', '.' or '-': it begins the names of the stream and the role`,
      );
}

const KNOWN_PROPERTIES = new Set<string>(RULES.flatMap((rule) => rule.properties));

/** A misspelt property would be ignored in silence by callers without type checks. */
function unknownProperties(args: AmplitudeKinesisDestinationArgs): PropertyError[] {
  return Object.keys(args)
    .filter((property) => !KNOWN_PROPERTIES.has(property))
    .map((property) => ({
      propertyPath: property,
      reason: `no such input; there are ${[...KNOWN_PROPERTIES].join(", ")}`,
    }));
}
