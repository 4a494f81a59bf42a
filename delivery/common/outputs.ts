import { SettingsError } from "./errors";
import { isObject } from "./values";

/** The three outputs of the stack, which are also the three values of Amplitude's form. */
export interface StackOutputs {
  /** `arn:aws:iam::ACCOUNT:role/[PATH/]NAME`. */
  roleArn: string;
  /** Such as `eu-central-1`. */
  region: string;
  /** 1–128 letters, digits, '_', '.' or '-'. */
  streamName: string;
}

/** A place that outputs were looked for in, the surest first: `--region`, then `outputs.json`. */
export interface OutputsOrigin {
  /** For messages: `--role-arn`, `outputs.json`, `stack "acme"`. */
  description: string;
  values: Partial<Record<keyof StackOutputs, unknown>>;
}

const PATTERNS: Record<keyof StackOutputs, { pattern: RegExp; rule: string }> = {
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
 * The outputs from the first origin that has each of them.
 *
 * @throws SettingsError naming every missing or malformed value, and where it was looked for.
 */
export function resolveOutputs(origins: OutputsOrigin[]): StackOutputs {
  const outputs: StackOutputs = { roleArn: "", region: "", streamName: "" };
  const errors: string[] = [];
  for (const name of Object.keys(PATTERNS) as (keyof StackOutputs)[]) {
    const origin = origins.find(({ values }) => values[name] !== undefined);
    const problem = problemWith(name, origin, origins);
    if (problem !== undefined) errors.push(problem);
    else outputs[name] = origin?.values[name] as string;
  }
  if (errors.length > 0) throw new SettingsError(errors.join("\n"));
  return outputs;
}

function problemWith(
  name: keyof StackOutputs,
  origin: OutputsOrigin | undefined,
  all: OutputsOrigin[],
): string | undefined {
  if (origin === undefined) {
    const places = all.map(({ description }) => description).join(", ");
    return `${name} is missing (looked for in: ${places}). Is it the stack of an AmplitudeKinesisDestination, and has \`pulumi up\` finished?`;
  }
  const value = origin.values[name];
  const { pattern, rule } = PATTERNS[name];
  if (typeof value === "string" && pattern.test(value)) return undefined;
  const hint = value === "[secret]" ? " (`pulumi stack output --json --show-secrets` prints it)" : "";
  return `${name} of ${origin.description} is ${shown(value)}, not ${rule}${hint}`;
}

/** What is not a string may hold anything, a secret too. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 200));
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/**
 * The outputs in what `pulumi stack output --json` prints.
 *
 * @throws SettingsError where it is not a JSON object.
 */
export function parseOutputs(json: string, description: string): OutputsOrigin {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new SettingsError(
      `${description} is not JSON: give it what \`pulumi stack output --json\` prints`,
      { cause },
    );
  }
  if (!isObject(parsed)) {
    throw new SettingsError(
      `${description} is not a JSON object: give it what \`pulumi stack output --json\` prints`,
    );
  }
  return { description, values: parsed };
}

/** What a stack may say of itself beside the three outputs; each is held against what is there. */
export interface FurtherOutputs {
  /** ARN of the stream. */
  streamArn?: string | undefined;
  /** Name of the role. */
  roleName?: string | undefined;
  /** ARN of the write policy. */
  policyArn?: string | undefined;
}
