import { SettingsError } from "./errors";
import { listed } from "./findings";
import { isObject, withoutUndefined } from "./values";

/** The three outputs of the stack, which Amplitude's form asks for. */
export interface StackOutputs {
  /** `arn:aws:iam::ACCOUNT:role/[PATH/]NAME`. */
  roleArn: string;
  /** Such as `eu-central-1`. */
  region: string;
  /** 1–128 letters, digits, '_', '.' or '-'. */
  streamName: string;
  /** ARN of the stream if the stack uses one that exists outside of it. Remedies depend on it. */
  existingStreamArn?: string | undefined;
  /** Properties of adopted resources that the stack doesn't change, such as `role.tags`. Remedies depend on them. */
  ignoredChanges?: readonly string[] | undefined;
  /** ARN of the guard's pipe if the stack has a guard. `check` inspects the guard. */
  guardPipeArn?: string | undefined;
  /** Ids of the projects that the guard expects. */
  guardProjectIds?: readonly number[] | undefined;
}

/** A place where outputs were looked for, such as `--region` or `outputs.json`. */
export interface OutputsOrigin {
  /** For messages: `--role-arn`, `outputs.json`, `stack "acme"`. */
  description: string;
  values: Partial<Record<keyof StackOutputs, unknown>>;
  /** Sentence about outputs that could not be looked into. It is added to an error about a missing output. */
  hint?: string | undefined;
}

export type RequiredOutput = "roleArn" | "region" | "streamName";

const PATTERNS: Record<RequiredOutput, { pattern: RegExp; rule: string }> = {
  roleArn: {
    pattern: /^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]*[\w+=,.@-]$/,
    rule: "the ARN of an IAM role: arn:aws:iam::ACCOUNT:role/NAME",
  },
  region: { pattern: /^[a-z]{2}(-[a-z]+)+-\d$/, rule: "an AWS region, such as us-east-1" },
  streamName: {
    pattern: /^[a-zA-Z0-9_.-]{1,128}$/,
    rule: "a stream name: 1 to 128 letters, digits, '_', '.' or '-'",
  },
};

/**
 * Takes each output from the first origin that has it.
 *
 * @throws SettingsError that names every missing or malformed value, and where it was looked for.
 */
export function resolveOutputs(origins: OutputsOrigin[]): StackOutputs {
  const outputs: StackOutputs = { roleArn: "", region: "", streamName: "" };
  const errors: string[] = [];
  for (const name of Object.keys(PATTERNS) as RequiredOutput[]) {
    const origin = origins.find(({ values }) => values[name] !== undefined);
    const problem = problemWith(name, origin, origins);
    if (problem !== undefined) errors.push(problem);
    else outputs[name] = origin?.values[name] as string;
  }
  if (errors.some((error) => error.includes(" is missing ")))
    errors.push(...origins.flatMap(({ hint = [] }) => hint));
  if (errors.length > 0) throw new SettingsError(errors.join("\n"));
  const further = withoutUndefined({
    ignoredChanges: firstOf(origins, "ignoredChanges", isTexts),
    guardPipeArn: firstOf(origins, "guardPipeArn", isPipeArn),
    guardProjectIds: firstOf(origins, "guardProjectIds", isNumbers),
    existingStreamArn: firstOf(origins, "existingStreamArn", isText) || undefined,
  });
  return { ...outputs, ...further };
}

/** Returns the output of the first origin that has it in a valid form. */
function firstOf<Value>(
  origins: OutputsOrigin[],
  name: keyof StackOutputs | keyof FurtherOutputs,
  isValid: (value: unknown) => value is Value,
): Value | undefined {
  return origins.map(({ values }) => (values as Record<string, unknown>)[name]).find(isValid);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => typeof each === "number");
}

function isPipeArn(value: unknown): value is string {
  return isText(value) && /^arn:aws:pipes:[a-z0-9-]+:\d{12}:pipe\/[\w.-]{1,64}$/.test(value);
}

function problemWith(
  name: RequiredOutput,
  origin: OutputsOrigin | undefined,
  all: OutputsOrigin[],
): string | undefined {
  if (origin === undefined) {
    const places = all.map(({ description }) => description).join(", ");
    return `${name} is missing (looked for in: ${places}). Check that the stack contains an AmplitudeKinesisDestination, and that \`pulumi up\` finished`;
  }
  const value = origin.values[name];
  const { pattern, rule } = PATTERNS[name];
  if (typeof value === "string" && pattern.test(value)) return undefined;
  const hint = value === "[secret]" ? " (`pulumi stack output --json --show-secrets` prints it)" : "";
  return `${name} of ${origin.description} is ${shown(value)}, not ${rule}${hint}`;
}

/** A value that is not a string may contain a secret, so only its type is shown. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 200));
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/**
 * Parses the output of `pulumi stack output --json`.
 *
 * @throws SettingsError if it is not a JSON object.
 */
export function parseOutputs(json: string, description: string): OutputsOrigin {
  const remedy = "Give it the output of `pulumi stack output --json`";
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new SettingsError(`${description} is not JSON. ${remedy}`, { cause });
  }
  if (isObject(parsed)) return { description, values: parsed };
  throw new SettingsError(`${description} is not a JSON object. ${remedy}`);
}

/** Outputs of a stack besides the three. Each is compared with the deployment. */
export interface FurtherOutputs {
  /** ARN of the stream. */
  streamArn?: string | undefined;
  /** Name of the role. */
  roleName?: string | undefined;
  /** ARN of the write policy. */
  policyArn?: string | undefined;
}

/** Returns the stack's optional outputs, each from the first origin that has it. */
export function furtherOutputsFrom(origins: OutputsOrigin[]): FurtherOutputs {
  return withoutUndefined({
    streamArn: firstOf(origins, "streamArn", isText),
    roleName: firstOf(origins, "roleName", isText),
    policyArn: firstOf(origins, "policyArn", isText),
  });
}

/**
 * Returns the outputs of the destination: those at the top if all three are there, or else the only object that has all three.
 * Without any, the top is returned, because other origins may complete it.
 *
 * @param name Path of an object in the outputs, such as `acme`, `customers.acme` or `customers[0]`.
 * @throws SettingsError if several objects are destinations, or if none has the name.
 */
export function destinationIn({ description, values: top }: OutputsOrigin, name?: string): OutputsOrigin {
  const values = withOwnNames(top);
  if (name === undefined && isDestination(values)) return { description, values };
  const nested = [...walk(top)];
  const destinations = nested.filter(({ value }) => isDestination(value));
  const chosen =
    name === undefined
      ? withoutRepeats(destinations)
      : destinations.filter(({ path }) => isNamed(path, name));
  const [only, ...more] = chosen;
  if (only === undefined && name === undefined) return { description, values, ...hintAbout(nested) };
  if (only === undefined) throw new SettingsError(unknownOutput(description, name ?? "", nested));
  if (more.length > 0)
    throw new SettingsError(
      `${description} has ${chosen.length} destinations: ${pathsOf(chosen)}. Choose one with --output NAME`,
    );
  return {
    description: `output "${only.path}" of ${description}`,
    values: only.value as OutputsOrigin["values"],
  };
}

/**
 * Returns the outputs of the destination among the outputs of a stack, such as the Automation API returns them.
 *
 * @param name As for `destinationIn`. Default: the only destination.
 * @throws SettingsError if an output is missing or malformed, if several objects are destinations, or if none has the name.
 */
export function destinationOutputs(
  values: Readonly<Record<string, unknown>>,
  name?: string,
): StackOutputs & FurtherOutputs {
  const origins = [destinationIn({ description: "the outputs", values }, name)];
  return { ...furtherOutputsFrom(origins), ...resolveOutputs(origins) };
}

/** Value within the outputs. */
interface NestedValue {
  /** `acme`, `customers.acme`, `customers[0]`. */
  path: string;
  value: unknown;
}

/** Paths that a message shows. */
const MAX_PATHS = 20;
/** Deeper objects are not looked at. */
const MAX_DEPTH = 16;

/** Returns every value, except for those inside a destination or a reference. */
function* walk(value: unknown, path = "", depth = 0): Generator<NestedValue> {
  const own = isObject(value) ? withOwnNames(value) : value;
  if (depth > 0) yield { path, value: own };
  if (depth === MAX_DEPTH || isReference(value) || (depth > 0 && isDestination(own))) return;
  if (Array.isArray(value))
    for (const [index, each] of value.entries()) yield* walk(each, `${path}[${index}]`, depth + 1);
  else if (isObject(value))
    for (const [key, each] of Object.entries(value))
      yield* walk(each, depth === 0 ? key : `${path}.${key}`, depth + 1);
}

function isDestination(value: unknown): boolean {
  return isObject(value) && Object.keys(PATTERNS).every((name) => (value[name] ?? null) !== null);
}

const OUTPUT_NAMES = [
  "roleArn",
  "region",
  "streamName",
  "streamArn",
  "roleName",
  "policyArn",
  "existingStreamArn",
  "ignoredChanges",
];

/** Adds the outputs that a Python program exports as `role_arn` and so on. */
function withOwnNames(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const renamed: Record<string, unknown> = { ...values };
  for (const name of OUTPUT_NAMES)
    renamed[name] ??= values[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
  return withoutUndefined(renamed);
}

/** Keeps the first of several exports of one destination. */
function withoutRepeats(destinations: NestedValue[]): NestedValue[] {
  const byNames = new Map<string, NestedValue>();
  for (const each of destinations) {
    const key = JSON.stringify(namesOf(each.value as StackOutputs));
    if (!byNames.has(key)) byNames.set(key, each);
  }
  return [...byNames.values()];
}

function pathsOf(values: NestedValue[]): string {
  const paths = values.map(({ path }) => path);
  return listed(paths, MAX_PATHS);
}

function isNamed(path: string, name: string): boolean {
  const dotted = (text: string) => text.replace(/\[(\d+)\]/g, ".$1");
  return dotted(path) === dotted(name);
}

/** Source: Pulumi, sdk/go/common/resource/sig, the signature of a reference to a resource. */
const REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";

/** Whether the value refers to a resource, whose outputs only the stack's state has. Go and YAML programs export such values. */
export function isReference(value: unknown): value is { urn: string } {
  return hasSignature(value, REFERENCE);
}

/** Whether the value is of the kind that the signature names. Source: Pulumi, sdk/go/common/resource/sig, `Key`. */
export function hasSignature(value: unknown, signature: string): boolean {
  return isObject(value) && value["4dabf18193072939515e22adb298388d"] === signature;
}

function hintAbout(nested: NestedValue[]): { hint?: string } {
  const names = (isHidden: (value: unknown) => boolean) =>
    pathsOf(nested.filter(({ value }) => isHidden(value)));
  const secret = names((value) => value === "[secret]");
  if (secret !== "")
    return {
      hint: `Secret outputs can't be looked into: ${secret}. Print them with \`pulumi stack output --json --show-secrets\`, and pass that to --outputs`,
    };
  const references = names(isReference);
  if (references === "") return {};
  return {
    hint: `Outputs that refer to resources can't be looked into: ${references}. Name the stack with --stack, or export roleArn, region and streamName`,
  };
}

function unknownOutput(description: string, name: string, nested: NestedValue[]): string {
  const { hint } = hintAbout(nested.filter(({ path }) => isNamed(path, name)));
  if (hint !== undefined)
    return `${description} has no readable destination ${JSON.stringify(name)}. ${hint}`;
  const known = nested.filter(({ value }) => isDestination(value));
  const others =
    known.length > 0
      ? `Its destinations are ${pathsOf(known)}`
      : "None of its outputs is an object with roleArn, region and streamName, so leave out --output";
  return `${description} has no destination ${JSON.stringify(name)}. ${others}`;
}

/** Returns the outputs that reports repeat. */
export function namesOf({ roleArn, region, streamName }: StackOutputs) {
  return { roleArn, region, streamName };
}
