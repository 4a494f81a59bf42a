import * as pulumi from "@pulumi/pulumi";
import { AmplitudeKinesisDestination, type AmplitudeKinesisDestinationArgs } from "./components/index";
import { ALARM_INPUTS, GUARD_INPUTS } from "./components/rules";
import { formatValue, isMap, NESTED_INPUTS, unknownName, withFixedMessage } from "./components/validation";

/** Parses a setting. Undefined means "not set": Pulumi.yaml gives every setting a default, which is empty, 0 or false. */
type Parser = (text: string) => unknown;

const text: Parser = (value) => value || undefined;
/** Parses a number. The component rejects other text. */
const number: Parser = (value) => (Number.isNaN(Number(value)) ? value : Number(value) || undefined);
const flag: Parser = (value) => (value === "true" ? true : value === "false" ? undefined : text(value));
/** Parses a list or a map. The component rejects text that isn't JSON. */
const json: Parser = (value) => {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === "object" && Object.keys(parsed ?? {}).length === 0 ? undefined : parsed;
  } catch {
    return text(value);
  }
};
/** `pulumi config set` stores `1` and `true` as a number and a boolean. */
const tags: Parser = (value) => {
  const parsed = json(value);
  if (!isMap(parsed)) return parsed;
  const entries = Object.entries(parsed).map(([key, tag]) => [key, isScalar(tag) ? String(tag) : tag]);
  return Object.fromEntries(entries);
};
const isScalar = (value: unknown) => typeof value === "number" || typeof value === "boolean";
/** `enabled` creates the alarms with their defaults, or none of them. Other values of it are an error. */
const alarms: Parser = (value) => {
  const parsed = json(value);
  if (!isMap(parsed)) return parsed;
  const { enabled, ...inputs } = parsed;
  if (String(enabled) === "false") return undefined;
  return Object.keys(inputs).length > 0 || String(enabled) === "true" ? inputs : undefined;
};

const SETTINGS: Record<keyof AmplitudeKinesisDestinationArgs, Parser> = {
  existingStreamArn: text,
  streamName: text,
  streamMode: text,
  shardCount: number,
  retentionHours: number,
  maxRecordSizeKib: number,
  shardLevelMetrics: json,
  retainStream: flag,
  requireTls: flag,
  kmsKeyArn: text,
  roleName: text,
  roleNamePrefix: text,
  rolePath: text,
  maxSessionSeconds: number,
  permissionsBoundaryArn: text,
  externalId: text,
  amplitudeAccountId: text,
  amplitudePrincipalArns: json,
  amplitudePrincipalArnPatterns: json,
  testPrincipalArns: json,
  alarms,
  guard: json,
  tags,
  adopt: json,
};

const stack = pulumi.getStack();
const namespace = `${pulumi.getProject()}:`;

/**
 * Returns the component's inputs from the stack's settings. A secret setting becomes a secret input.
 *
 * @throws pulumi.RunError with every setting that can't become an input. The component rejects other invalid values.
 */
function inputsFrom(config: Record<string, string>): Record<string, unknown> {
  const entries = Object.entries(SETTINGS).map(([name, parse]) => {
    const key = `${namespace}${name}`;
    return { name, value: parse(config[key] ?? ""), isSecret: isSecret(key) };
  });
  const set = entries.filter(({ value }) => value !== undefined);
  const errors = [
    ...Object.keys(config).flatMap(unknownSetting),
    ...alarmErrors(config[`${namespace}alarms`] ?? ""),
    ...unknownEntries("guard", json(config[`${namespace}guard`] ?? ""), GUARD_INPUTS),
    ...set
      .filter(({ name, value, isSecret }) => isSecret && (typeof value === "boolean" || name === "adopt"))
      .map(({ name }) => `${name}: can't be a secret; set it without --secret`),
  ];
  if (errors.length > 0) throw new pulumi.RunError([`Pulumi.${stack}.yaml:`, ...errors].join("\n  "));
  return Object.fromEntries(
    set.map(({ name, value, isSecret }) => [name, isSecret ? secretInput(name, value) : value]),
  );
}

function unknownSetting(key: string): string[] {
  const name = key.slice(namespace.length);
  if (!key.startsWith(namespace) || Object.hasOwn(SETTINGS, name)) return [];
  const [map = "", ...path] = name.split(/[.[]/);
  const remedy =
    path.length > 0 && Object.hasOwn(SETTINGS, map)
      ? `to set an item of ${map}, pass --path to \`pulumi config set\``
      : unknownName(name, "setting", Object.keys(SETTINGS));
  const end = remedy.endsWith("?") ? "" : ".";
  return [`${name}: ${remedy}${end} Remove it with \`pulumi config rm ${name}\``];
}

/** Rejects what only the setting has, which is `enabled`, and names that are unknown to the setting. */
function alarmErrors(setting: string): string[] {
  const parsed = json(setting);
  if (!isMap(parsed)) return [];
  const { enabled, ...inputs } = parsed;
  return [
    ...(/^(true|false|null|undefined)$/.test(String(enabled))
      ? []
      : [`alarms.enabled: ${formatValue(enabled)} must be true or false`]),
    ...unknownEntries("alarms", inputs, ["enabled", ...ALARM_INPUTS]),
  ];
}

function unknownEntries(setting: string, value: unknown, names: string[]): string[] {
  const unknown = isMap(value) ? Object.keys(value).filter((name) => !names.includes(name)) : [];
  return unknown.map((name) => `${setting}.${name}: ${unknownName(name, "setting", names)}`);
}

/** Pulumi's types omit the function. Its own Config calls it to warn about a secret that is read as plain text. */
function isSecret(key: string): boolean {
  const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret?(key: string): boolean };
  return isConfigSecret?.(key) ?? true;
}

function secretInput(name: string, value: unknown): unknown {
  if (!NESTED_INPUTS.some((nested) => nested === name) || !isMap(value)) return pulumi.secret(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, pulumi.secret(inner)]));
}

/**
 * Rejects if the stack was deployed with settings and now has none: its file is missing, and the update would undo them all.
 * Pulumi may have created the file again by now, so its existence proves nothing. Undefined if there is nothing to check.
 */
function requireSettings(set: string[]): pulumi.Output<void> | undefined {
  if (set.length > 0) return undefined;
  const deployed = new pulumi.StackReference(`${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`);
  return pulumi
    .all([deployed.getOutput("settings"), deployed.getOutput("region")])
    .apply(([before, region]) => {
      if (!Array.isArray(before) || before.length === 0) return;
      const refusal = new pulumi.RunError(
        `Pulumi.${stack}.yaml has no settings: the stack was deployed with ${before.join(", ")}, and this update would undo that.\n` +
          "Restore the file from version control, or run `pulumi config refresh`. " +
          `To return to the defaults on purpose, run \`pulumi config set aws:region ${region}\``,
      );
      throw withFixedMessage(refusal);
    });
}

const config = pulumi.runtime.allConfig();
const inputs: AmplitudeKinesisDestinationArgs = inputsFrom(config);
const providerSettings = Object.keys(config).filter((key) => key.startsWith("aws:"));
/** Names of the settings that are not at their defaults. */
export const settings = [...providerSettings, ...Object.keys(inputs)].sort();
const checked = requireSettings(settings);
if (checked !== undefined) inputs.tags = checked.apply(() => ({}));

const destination = new AmplitudeKinesisDestination("amplitude", inputs);

export const { roleArn, region, streamName, streamArn, roleName, policyArn } = destination;
/** Set only for an existing stream: `amplitude-kinesis` then gives remedies for it that `pulumi up` can't. */
if (inputs.existingStreamArn !== undefined) module.exports.existingStreamArn = inputs.existingStreamArn;
/** Set only with a guard: `amplitude-kinesis check` then inspects it. */
if (inputs.guard !== undefined) {
  module.exports.guardPipeArn = destination.guardPipeArn;
  module.exports.guardProjectIds = destination.guardProjectIds;
}
const { ignoreChanges } = inputs.adopt ?? {};
/** Set only for adopted resources, for the same reason. */
if (ignoreChanges !== undefined) module.exports.ignoredChanges = ignoreChanges;
export const readme = pulumi.interpolate`# ${stack}: Amplitude destination

Type these three values into Amplitude, under **Data Destinations › Kinesis Data Stream - Event Stream**:

| Amplitude's field | value |
|---|---|
| AWS region | \`${region}\` |
| stream name | \`${streamName}\` |
| role name (ARN) | \`${roleArn}\` |

1. Enter a sync name and click **Create Sync**.
2. Click **Edit** and enter the three values above. The form has no field for an external id.
3. Choose the events under *Send events*.
4. Test that the stream works, from a shell with credentials for this account:
   \`npx amplitude-kinesis verify --stack ${stack}\`
5. Enable the destination and save. Amplitude sends only events that arrive after that.
`;
