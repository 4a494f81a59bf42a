import { validateIdentityPolicy, validateTrustPolicy } from "@cloud-copilot/iam-policy";
import { AwsError } from "../protocol";

/** The parameters of a query request: `RoleName=…`, lists as `Tags.member.1.Key=…`. */
export class Parameters {
  readonly #form: URLSearchParams;

  constructor(body: string) {
    this.#form = new URLSearchParams(body);
  }

  optional(name: string): string | undefined {
    return this.#form.get(name) ?? undefined;
  }

  required(name: string): string {
    const value = this.optional(name);
    if (value) return value;
    throw invalid(name, "Member must not be null");
  }

  integer(name: string): number | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    if (/^\d+$/.test(value)) return Number(value);
    throw invalid(name, "Member must be an integer");
  }

  /** Returns the list's values in the order of their numbers: `Name.member.1`, `Name.member.2`, … */
  list(name: string): string[] {
    const values: string[] = [];
    for (let number = 1; ; number++) {
      const value = this.optional(`${name}.member.${number}`);
      if (value === undefined) return values;
      values.push(value);
    }
  }

  /** Returns the list's structures, each as parameters. */
  structures(name: string): Parameters[] {
    const structures: Parameters[] = [];
    for (let number = 1; ; number++) {
      const prefix = `${name}.member.${number}.`;
      const fields = [...this.#form].filter(([field]) => field.startsWith(prefix));
      if (fields.length === 0) return structures;
      const form = new URLSearchParams(
        fields.map(([field, value]): [string, string] => [field.slice(prefix.length), value]),
      );
      structures.push(new Parameters(form.toString()));
    }
  }

  /** @throws AwsError for a parameter that would change the result but that this server doesn't support. */
  refuse(...names: string[]): void {
    for (const name of names) {
      const isGiven = [...this.#form.keys()].some((key) => key === name || key.startsWith(`${name}.`));
      if (isGiven)
        throw new AwsError("ValidationError", `The sandbox does not support the parameter ${name}.`);
    }
  }
}

export function invalid(member: string, constraint: string): AwsError {
  const name = member.charAt(0).toLowerCase() + member.slice(1);
  return new AwsError(
    "ValidationError",
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: ${constraint}`,
  );
}

/** Lengths and patterns: IAM API reference, CreateRole, CreatePolicy and TagRole; "IAM and AWS STS quotas". */
const NAME = /^[\w+=,.@-]+$/;
const PATH = /^\/([\u0021-\u007e]+\/)?$/;
const MAX_PATH_LENGTH = 512;
const MAX_DESCRIPTION_LENGTH = 1000;
const MAX_TAGS = 50;
const MAX_IDENTITY_POLICY_LENGTH = 6144;
const MAX_TRUST_POLICY_LENGTH = 2048;
const MIN_SESSION_SECONDS = 3600;
const MAX_SESSION_SECONDS = 43200;

export function roleName(parameters: Parameters): string {
  return nameOf(parameters, "RoleName", 64);
}

export function policyName(parameters: Parameters): string {
  return nameOf(parameters, "PolicyName", 128);
}

export function path(parameters: Parameters): string {
  const value = parameters.optional("Path") ?? "/";
  if (value.length <= MAX_PATH_LENGTH && PATH.test(value)) return value;
  throw invalid("Path", "Member must begin and end with / and have at most 512 characters");
}

export function description(parameters: Parameters): string | undefined {
  const value = parameters.optional("Description");
  if (value === undefined || value.length <= MAX_DESCRIPTION_LENGTH) return value;
  throw invalid("Description", `Member must have length less than or equal to ${MAX_DESCRIPTION_LENGTH}`);
}

export function maxSessionDuration(parameters: Parameters): number | undefined {
  const seconds = parameters.integer("MaxSessionDuration");
  if (seconds === undefined || (seconds >= MIN_SESSION_SECONDS && seconds <= MAX_SESSION_SECONDS))
    return seconds;
  throw invalid(
    "MaxSessionDuration",
    `Member must be between ${MIN_SESSION_SECONDS} and ${MAX_SESSION_SECONDS}`,
  );
}

/** Adds the request's tags to existing ones, up to the quota. */
export function mergeTags(tags: Map<string, string>, parameters: Parameters): Map<string, string> {
  const merged = new Map(tags);
  for (const tag of parameters.structures("Tags")) {
    const key = tag.required("Key");
    const value = tag.optional("Value") ?? "";
    if (key.length > 128 || value.length > 256)
      throw invalid("Tags", "Key has 128 and Value 256 characters at most");
    merged.set(key, value);
  }
  if (merged.size <= MAX_TAGS) return merged;
  throw new AwsError("LimitExceeded", `Cannot exceed quota for TagsPerResource: ${MAX_TAGS}`, 409);
}

export function trustPolicy(parameters: Parameters, name: string): string {
  const text = document(parameters, name, validateTrustPolicy);
  if (text.length <= MAX_TRUST_POLICY_LENGTH) return text;
  throw tooLong("ACLSizePerRole", MAX_TRUST_POLICY_LENGTH);
}

export function identityPolicy(parameters: Parameters): string {
  const text = document(parameters, "PolicyDocument", validateIdentityPolicy);
  if (text.replace(/\s/g, "").length <= MAX_IDENTITY_POLICY_LENGTH) return text;
  throw tooLong("PolicySize", MAX_IDENTITY_POLICY_LENGTH);
}

type Validator = (policy: unknown) => { message: string; path: string }[];

function document(parameters: Parameters, name: string, validate: Validator): string {
  const text = parameters.required(name);
  const findings = validate(parse(text)).map(({ path: at, message }) => (at ? `${at}: ${message}` : message));
  if (findings.length === 0) return text;
  throw malformed(`Syntax errors in policy. ${findings.join("; ")}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(`This policy contains invalid Json. ${cause instanceof Error ? cause.message : ""}`);
  }
}

function nameOf(parameters: Parameters, parameter: string, maxLength: number): string {
  const value = parameters.required(parameter);
  if (!NAME.test(value)) {
    throw new AwsError(
      "ValidationError",
      `The specified value for ${parameter.charAt(0).toLowerCase() + parameter.slice(1)} is invalid. ` +
        "It must contain only alphanumeric characters and/or the following: +=,.@_-",
    );
  }
  if (value.length <= maxLength) return value;
  throw invalid(parameter, `Member must have length less than or equal to ${maxLength}`);
}

function malformed(message: string): AwsError {
  return new AwsError("MalformedPolicyDocument", message);
}

function tooLong(quota: string, limit: number): AwsError {
  return new AwsError("LimitExceeded", `Cannot exceed quota for ${quota}: ${limit}`, 409);
}
