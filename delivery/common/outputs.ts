import { SettingsError } from "./errors";
import { isObject } from "./values";

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
}

/** A place where outputs were looked for, such as `--region` or `outputs.json`. */
export interface OutputsOrigin {
  /** For messages: `--role-arn`, `outputs.json`, `stack "acme"`. */
  description: string;
  values: Partial<Record<keyof StackOutputs, unknown>>;
}

type RequiredOutput = "roleArn" | "region" | "streamName";

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
  if (errors.length > 0) throw new SettingsError(errors.join("\n"));
  const existing = origins
    .map(({ values }) => values.existingStreamArn)
    .find((arn) => typeof arn === "string");
  const ignoredChanges = origins.map(({ values }) => values.ignoredChanges).find(isStrings);
  return {
    ...outputs,
    ...(ignoredChanges !== undefined && { ignoredChanges }),
    ...(typeof existing === "string" && existing !== "" && { existingStreamArn: existing }),
  };
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
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
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new SettingsError(
      `${description} is not JSON. Give it the output of \`pulumi stack output --json\``,
      { cause },
    );
  }
  if (!isObject(parsed)) {
    throw new SettingsError(
      `${description} is not a JSON object. Give it the output of \`pulumi stack output --json\``,
    );
  }
  return { description, values: parsed };
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

/** Returns the outputs that reports repeat. */
export function namesOf({ roleArn, region, streamName }: StackOutputs) {
  return { roleArn, region, streamName };
}
