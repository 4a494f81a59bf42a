import { SettingsError } from "../common/errors";
import { isObject } from "../common/values";
import type { AwsOptions, AwsService, RoleToAssume } from "./profile";

/**
 * A stack's configuration by key, such as `aws:profile`: the output of `pulumi config --json`, or the result of the
 * Automation API's `getAllConfig`. A secret that was not decrypted has no value.
 */
export type StackConfig = Readonly<Record<string, StackSetting>>;

/** A setting of a stack. */
export interface StackSetting {
  /** Text, or JSON of a list or a map. Absent if it is a secret that was not decrypted. */
  value?: string | undefined;
  /** Whether it is encrypted in the stack's file. */
  secret?: boolean | undefined;
}

/** Options of `awsOptionsFrom`. */
export interface ProviderConfigOptions {
  /** Name of the stack, for messages. */
  stack: string;
  /** Profile in place of the stack's keys, profile, shared files and roles. Default: the stack's. */
  profile?: string | undefined;
  /** Returns the absolute path of a shared file that the stack names. Default: the path as it is. */
  resolvePath?: (path: string) => string;
}

/** Settings that decide who calls AWS. */
const CREDENTIALS = [
  "accessKey",
  "secretKey",
  "token",
  "profile",
  "sharedConfigFiles",
  "sharedCredentialsFiles",
  "assumeRoles",
  "assumeRole",
];
const OTHERS = ["endpoints", "allowedAccountIds", "forbiddenAccountIds"];

/** Settings that change neither who calls AWS nor how it is reached, and settings of resources. */
const WITHOUT_EFFECT =
  /^(region|stsRegion|defaultTags|ignoreTags|insecure|maxRetries|retryMode|s3\w*|skip\w*|tagPolicyCompliance|tokenBucketRateLimiterCapacity|userAgents?)$/;

/** Settings that this process takes only from the environment, and the variable for each. */
const FROM_ENVIRONMENT: Readonly<Record<string, string>> = {
  customCaBundle: "AWS_CA_BUNDLE",
  ec2MetadataServiceEndpoint: "AWS_EC2_METADATA_SERVICE_ENDPOINT",
  ec2MetadataServiceEndpointMode: "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
  httpProxy: "HTTP_PROXY",
  httpsProxy: "HTTPS_PROXY",
  noProxy: "NO_PROXY",
  useDualstackEndpoint: "AWS_USE_DUALSTACK_ENDPOINT",
  useFipsEndpoint: "AWS_USE_FIPS_ENDPOINT",
};

/** Whether a setting such as `aws:profile` decides who calls AWS. */
export function isCredentialSetting(key: unknown): boolean {
  return typeof key === "string" && CREDENTIALS.some((name) => key === `aws:${name}`);
}

/** Whether a setting that is needed was not decrypted. With a profile, the settings that it replaces are not needed. */
export function hasHiddenSettings(config: StackConfig, profile: string | undefined): boolean {
  const needed = profile === undefined ? [...CREDENTIALS, ...OTHERS] : OTHERS;
  return needed.some((name) => isHidden(config[`aws:${name}`]));
}

/** An environment (ESC) that was not opened has `[unknown]` in place of a value. */
function isHidden(setting: StackConfig[string] | undefined): boolean {
  return setting !== undefined && (setting.value === undefined || setting.value.includes("[unknown]"));
}

/**
 * Returns how the stack's AWS provider reaches AWS. As in the provider, keys take precedence over a profile, and a profile over
 * the environment. The first role is assumed with these credentials, and each further role with the session before it.
 *
 * @throws SettingsError for a setting that is malformed, was not decrypted, or isn't supported although it may change who calls
 * AWS.
 */
export function awsOptionsFrom(config: StackConfig, options: ProviderConfigOptions): AwsOptions {
  const { stack, profile } = options;
  const read = <T>(name: string, parse: (text: string) => T): T | undefined => {
    const setting = config[`aws:${name}`];
    const problem = (text: string) => new SettingsError(`aws:${name} of stack "${stack}" ${text}`);
    if (isHidden(setting)) throw problem("was not decrypted. Read the configuration with its secrets");
    if (isEmpty(setting)) return undefined;
    try {
      return parse(setting?.value ?? "");
    } catch (cause) {
      if (cause instanceof Malformed) throw problem(`${cause.message}. Correct it with \`pulumi config\``);
      throw cause;
    }
  };
  rejectUnsupported(config, options);
  return {
    ...(profile === undefined ? credentialsFrom(read, options) : { profile }),
    endpoints: read("endpoints", endpointsIn),
    allowedAccountIds: read("allowedAccountIds", accountIdsIn),
    forbiddenAccountIds: read("forbiddenAccountIds", accountIdsIn),
  };
}

type Read = <T>(name: string, parse: (text: string) => T) => T | undefined;

/** A value that a setting can't have. The message continues the setting's name, and never contains the value, which may be secret. */
class Malformed extends Error {}

function isEmpty(setting: StackConfig[string] | undefined): boolean {
  return ["", "false", "null", "[]", "{}"].includes(setting?.value?.trim() ?? "");
}

function rejectUnsupported(config: StackConfig, { stack, profile }: ProviderConfigOptions): void {
  for (const [key, setting] of Object.entries(config)) {
    const name = key.slice("aws:".length);
    if (!key.startsWith("aws:") || WITHOUT_EFFECT.test(name)) continue;
    if (isEmpty(setting) && !isHidden(setting)) continue;
    const variable = FROM_ENVIRONMENT[name];
    if (variable !== undefined) {
      if (process.env[variable] || process.env[variable.toLowerCase()]) continue;
      throw new SettingsError(
        `${key} of stack "${stack}" is not read, because this command takes it from the environment. Set ${variable}`,
      );
    }
    if (profile === undefined && ![...CREDENTIALS, ...OTHERS].includes(name))
      throw new SettingsError(
        `${key} of stack "${stack}" is not supported, and may change who calls AWS. Choose the credentials with --profile`,
      );
  }
}

function credentialsFrom(
  read: Read,
  { stack, resolvePath = (path) => path }: ProviderConfigOptions,
): AwsOptions {
  const accessKeyId = read("accessKey", String);
  const secretAccessKey = read("secretKey", String);
  const sessionToken = read("token", String);
  const hasKeys = accessKeyId !== undefined && secretAccessKey !== undefined;
  const hasSomeKey = (accessKeyId ?? secretAccessKey ?? sessionToken) !== undefined;
  if (hasSomeKey && !hasKeys)
    throw new SettingsError(
      `aws:accessKey and aws:secretKey of stack "${stack}" are needed together. Set both, or neither`,
    );
  const profile = hasKeys ? undefined : read("profile", String);
  const sharedFile = (name: string) => read(name, (text) => resolvePath(singleFileIn(text)));
  const config = sharedFile("sharedConfigFiles");
  const credentials = sharedFile("sharedCredentialsFiles");
  const assumeRoles = read("assumeRoles", rolesIn) ?? read("assumeRole", rolesIn);
  const source = hasKeys ? "aws:accessKey" : profile === undefined ? undefined : `profile "${profile}"`;
  const role = assumeRoles?.at(-1)?.roleArn;
  const name =
    role === undefined ? source : `role ${role}${source === undefined ? "" : `, assumed with ${source},`}`;
  return {
    ...(hasKeys && { credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) } }),
    profile,
    ...((config ?? credentials) !== undefined && { sharedFiles: { config, credentials } }),
    assumeRoles,
    credentialsName: name === undefined ? undefined : `${name} of stack "${stack}"`,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Malformed("is not JSON");
  }
}

/** The provider takes one object for a list of one. */
function objectsIn(text: string): Record<string, unknown>[] {
  const values = [parseJson(text)].flat();
  if (values.every(isObject)) return values;
  throw new Malformed("is not a list of objects");
}

const SERVICES: readonly AwsService[] = ["cloudwatch", "iam", "kinesis", "kms", "sts"];

function endpointsIn(text: string): AwsOptions["endpoints"] {
  const named: Record<string, unknown> = Object.assign({}, ...objectsIn(text));
  const entries = SERVICES.filter((service) => named[service]).map((service) => {
    const url = String(named[service]);
    if (!URL.canParse(url) || !/^https?:/.test(url)) throw new Malformed(`has no URL for ${service}`);
    return [service, url];
  });
  return Object.fromEntries(entries);
}

function accountIdsIn(text: string): string[] {
  const ids = [parseJson(text)].flat().map(String);
  if (ids.every((id) => /^\d{12}$/.test(id))) return ids;
  throw new Malformed("is not a list of account ids, which have 12 digits. Quote an id that starts with 0");
}

function singleFileIn(text: string): string {
  const [file, ...more] = [parseJson(text)].flat();
  if (more.length > 0) throw new Malformed("lists several files, and only one is supported");
  return String(file);
}

function rolesIn(text: string): RoleToAssume[] {
  return objectsIn(text).map((role) => {
    const fields = Object.entries(role).filter(([, value]) => value !== null && value !== "");
    const unknown = fields.find(([name]) => !Object.hasOwn(ROLE_FIELDS, name))?.[0];
    if (unknown !== undefined) throw new Malformed(`has the field ${unknown}, which is not supported`);
    const parsed: Record<string, unknown> = {};
    for (const [name, value] of fields)
      parsed[name === "duration" ? "durationSeconds" : name] = ROLE_FIELDS[name]?.(value, name);
    if (!/^arn:aws:iam::\d{12}:role\//.test(String(parsed.roleArn)))
      throw new Malformed("has a role without a roleArn such as arn:aws:iam::111122223333:role/deployer");
    return parsed as unknown as RoleToAssume;
  });
}

/** Parses a value of the field of this name. */
type FieldParser = (value: unknown, name: string) => unknown;

const asText = (value: unknown, name: string) => {
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw new Malformed(`has a value of ${name} that is not text`);
};
const asTexts: FieldParser = (value, name) => [value].flat().map((each) => asText(each, name));
const asTextMap: FieldParser = (value, name) => {
  if (!isObject(value)) throw new Malformed(`has ${name} that are not a map`);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asText(each, key)]));
};

const UNIT_SECONDS: Record<string, number> = {
  h: 3_600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
};

/** Source: Go, package time, "ParseDuration", which the provider uses: `1h`, `1h30m`, `5400s`. */
const asSeconds: FieldParser = (value, name) => {
  const parts = String(value).split(/(?<=[a-zµ])(?=\d)/);
  const seconds = parts.reduce((sum, part) => {
    const [, count, unit = ""] = /^(\d{1,9}(?:\.\d{1,9})?)(ms|us|µs|ns|h|m|s)$/.exec(part) ?? [];
    return sum + Number(count) * (UNIT_SECONDS[unit] ?? Number.NaN);
  }, 0);
  if (seconds >= 900 && seconds <= 43_200) return Math.round(seconds);
  throw new Malformed(`has a ${name} that is not from 15m to 12h, such as 1h30m`);
};

/** Fields of a role to assume, by their names in the provider. */
const ROLE_FIELDS: Readonly<Record<string, FieldParser>> = {
  roleArn: asText,
  externalId: asText,
  sessionName: asText,
  duration: asSeconds,
  policy: asText,
  policyArns: asTexts,
  sourceIdentity: asText,
  tags: asTextMap,
  transitiveTagKeys: asTexts,
};
