import {
  GetResourcePolicyCommand,
  ListTagsForResourceCommand,
  type StreamDescriptionSummary,
} from "@aws-sdk/client-kinesis";
import { DescribeKeyCommand } from "@aws-sdk/client-kms";
import { WRITE_ACTIONS } from "../../components/contract";
import { type ClientOptions, connect, iamClient, kinesisClient, kmsClient, stsClient } from "../aws/clients";
import { callerIdentity } from "../aws/credentials";
import { describeError } from "../aws/errors";
import type { AwsOptions } from "../aws/profile";
import { accountOf, roleNameOf, streamArnOf } from "../common/arn";
import { systemClock } from "../common/clock";
import { SettingsError } from "../common/errors";
import { type Finding, present } from "../common/findings";
import { resolveOutputs, type StackOutputs } from "../common/outputs";
import { counted, shellWord } from "../common/text";
import { withoutUndefined } from "../common/values";
import { ACTIONS } from "../deployment/iam/actions";
import { parseStatements, strings } from "../deployment/iam/policy";
import { failureRemedy, grantRemedy, inspect } from "../deployment/inspection";
import { type RolePolicy, readPolicies, readRole } from "../deployment/role";
import { checkStream, streamOf } from "../deployment/stream";

/** A property that the component would change, so that it has to be ignored. */
export interface IgnoredProperty {
  /** Such as `stream.tags`. */
  property: string;
  /** Its value in AWS, and why no input expresses it. */
  reason: string;
}

/** How a stack takes over a stream and a role without changing them. */
export interface Adoption extends StackOutputs {
  /** Rises if a field changes its meaning or goes; a new field doesn't raise it. */
  reportVersion: 1;
  /** Inputs of the component, which are also the settings of a checkout's stack. */
  inputs: Record<string, unknown>;
  /** Properties in `inputs.adopt.ignoreChanges`, and the reason for each. */
  ignored: IgnoredProperty[];
  /** Facts about the resources that stay outside the stack, one phrase each. */
  notAdopted: string[];
}

/** Options of `describeAdoption`. Only `outputs` is required. */
export interface AdoptOptions extends AwsOptions {
  /** The role and the stream that were made by hand. */
  outputs: StackOutputs;
}

/** Inputs for one resource, and what they don't express. */
interface Part {
  inputs: Record<string, unknown>;
  ignored: IgnoredProperty[];
  notAdopted: string[];
}

/**
 * Reads a stream and a role that were made by hand, and returns the component's inputs with which a stack takes them over
 * without changing anything. Nothing is written.
 *
 * @throws DeliveryError `settings` if one of them doesn't exist, can't be read or can't be adopted; `credentials` if AWS
 * rejects the caller, or if the credentials belong to another account than the role.
 */
export async function describeAdoption(options: AdoptOptions): Promise<Adoption> {
  const outputs = resolveOutputs([{ description: "options.outputs", values: { ...options.outputs } }]);
  const operator = connect({ ...options, region: outputs.region });
  try {
    if (options.allowedAccountIds ?? options.forbiddenAccountIds)
      await callerIdentity(stsClient(operator), operator);
    const stream = await streamPart(outputs, operator);
    const role = await rolePart(outputs, operator);
    const tags = commonTags(stream.tags, role.tags);
    const parts = [stream, role, await policyPart(outputs, operator)];
    const ignored = parts.flatMap((part) => part.ignored);
    const { policyArn, ...inputs } = Object.assign({}, ...parts.map((part) => part.inputs));
    const ignoreChanges = ignored.map(({ property }) => property);
    const { streamName, roleName } = inputs;
    const adopt = withoutUndefined({ streamName, roleName, policyArn, ignoreChanges });
    return {
      reportVersion: 1,
      ...outputs,
      inputs: { ...inputs, ...(Object.keys(tags).length > 0 && { tags }), adopt },
      ignored,
      notAdopted: parts.flatMap((part) => part.notAdopted),
    };
  } finally {
    operator.requestHandler.destroy();
  }
}

const AT_ONCE = { clock: systemClock, waitMs: 0 };
const OWN_TAG = "the component would add its tag amplitude-kinesis:destination";

async function streamPart(outputs: StackOutputs, operator: ClientOptions) {
  const streamArn = streamArnOf(outputs);
  const kinesis = kinesisClient(operator);
  const { summary, findings } = await checkStream(kinesis, outputs, AT_ONCE, operator);
  if (summary === undefined) throw unreadable(findings);
  const { mode, openShards, retentionHours } = streamOf(summary, streamArn);
  // A stream that was created without a maximum has none, and an import would set it.
  const { MaxRecordSizeInKiB: maxRecordSizeKib } = summary;
  const metrics = (summary.EnhancedMonitoring ?? []).flatMap((each) => each.ShardLevelMetrics ?? []);
  const key = await keyPart(summary, operator);
  const tags = await required("the stream's tags", ACTIONS.readStreamTags, "the stream", async () =>
    tagMap((await kinesis.send(new ListTagsForResourceCommand({ ResourceARN: streamArn }))).Tags),
  );
  const { Policy: policy = "{}" } = await required(
    "the stream's policy",
    ACTIONS.readStreamPolicy,
    "the stream",
    () => kinesis.send(new GetResourcePolicyCommand({ ResourceARN: streamArn })),
  );
  const consumers = summary.ConsumerCount ?? 0;
  return {
    tags,
    inputs: withoutUndefined({
      streamName: outputs.streamName,
      streamMode: mode,
      shardCount: mode === "PROVISIONED" ? openShards : undefined,
      retentionHours,
      maxRecordSizeKib,
      shardLevelMetrics: metrics.length > 0 ? metrics.sort() : undefined,
      ...key.inputs,
    }),
    ignored: [...key.ignored, { property: "stream.tags", reason: `${tagCount(tags)}; ${OWN_TAG}` }],
    notAdopted: present([
      policy !== "{}" && "the stream's resource policy",
      consumers > 0 && `the stream's registered consumers (${consumers})`,
    ]),
  };
}

/** A policy can name a key only by its ARN, so the ARN is an input although the stream may name the key otherwise. */
async function keyPart(
  { EncryptionType, KeyId }: StreamDescriptionSummary,
  operator: ClientOptions,
): Promise<Omit<Part, "notAdopted">> {
  if (EncryptionType !== "KMS" || KeyId === undefined) {
    const reason = "the stream is not encrypted; the component would encrypt it";
    return {
      inputs: {},
      ignored: ["stream.encryptionType", "stream.kmsKeyId"].map((property) => ({ property, reason })),
    };
  }
  if (KeyId === "alias/aws/kinesis") return { inputs: {}, ignored: [] };
  if (/^arn:aws:kms:[^:]+:\d{12}:key\//.test(KeyId)) return { inputs: { kmsKeyArn: KeyId }, ignored: [] };
  const { KeyMetadata: key } = await required(`the stream's key ${KeyId}`, ACTIONS.readKey, "the key", () =>
    kmsClient(operator).send(new DescribeKeyCommand({ KeyId })),
  );
  const isOwn = key?.KeyManager === "CUSTOMER";
  const reason = `the stream names its key ${KeyId}; the component takes only a key's ARN`;
  return {
    inputs: isOwn ? { kmsKeyArn: key?.Arn } : {},
    ignored: [{ property: "stream.kmsKeyId", reason }],
  };
}

/** The component gives the policy the same path. Source: AWS, IAM API Reference, CreatePolicy, Path. */
const POLICY_PATH = /^\/([A-Za-z0-9.,+@=_-]+\/)*$/;

async function rolePart({ roleArn }: StackOutputs, operator: ClientOptions) {
  const { description, findings, error } = await readRole(iamClient(operator), roleArn, AT_ONCE);
  if (error !== undefined) throw notReadable("the role", error, ACTIONS.readRole, roleArn);
  if (description === undefined || findings.length > 0) throw unreadable(findings);
  const { Path: rolePath = "/", Description = "", MaxSessionDuration, PermissionsBoundary } = description;
  if (!POLICY_PATH.test(rolePath)) {
    throw new SettingsError(
      `The role's path ${rolePath} can't be adopted, because the write policy gets the same path and IAM rejects it. Use existingStreamArn, which creates a new role`,
    );
  }
  const tags = tagMap(description.Tags);
  return {
    tags,
    inputs: withoutUndefined({
      roleName: roleNameOf(roleArn),
      rolePath,
      maxSessionSeconds: MaxSessionDuration,
      permissionsBoundaryArn: PermissionsBoundary?.PermissionsBoundaryArn,
    }),
    ignored: [
      {
        property: "role.assumeRolePolicy",
        reason: "the trust policy stays as it was written; check judges it",
      },
      { property: "role.description", reason: `it is ${JSON.stringify(Description)}; no input sets it` },
      { property: "role.tags", reason: `${tagCount(tags)}; ${OWN_TAG}` },
    ],
    notAdopted: [],
  };
}

/** Adopts the policy that lets the role write, unless something else uses it: the stack would delete it at its end. */
async function policyPart({ roleArn }: StackOutputs, operator: ClientOptions): Promise<Part> {
  const needed = [...ACTIONS.readRolePolicies, ...ACTIONS.readPolicies];
  const policies = await required("the role's policies", needed, "the role and its policies", () =>
    readPolicies(iamClient(operator), roleNameOf(roleArn)),
  );
  const candidates = policies.filter(
    (policy) =>
      accountOf(policy.arn ?? "") === accountOf(roleArn) && policy.uses === 1 && allowsWriting(policy),
  );
  const [adopted] = candidates.length === 1 ? candidates : [];
  const others = policies
    .filter((policy) => policy !== adopted)
    .map(({ arn, name }) => `the role's policy ${arn ?? `${name}, which is inline`}`);
  const reason = "the policy stays as it was written; check judges it";
  const properties = ["name", "path", "description", "policy", "tags"].map((name) => `policy.${name}`);
  const created =
    "no write policy: none is attached to only this role, so the update creates one next to the others";
  return adopted === undefined
    ? { inputs: {}, ignored: [], notAdopted: [...others, created] }
    : {
        inputs: { policyArn: adopted.arn },
        ignored: properties.map((property) => ({ property, reason })),
        notAdopted: others,
      };
}

function allowsWriting({ document }: RolePolicy): boolean {
  const actions = (parseStatements(document) ?? [])
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ Action }) => strings(Action).map((action) => action.toLowerCase()));
  return WRITE_ACTIONS.some((action) => actions.includes(action.toLowerCase()));
}

function tagMap(tags: { Key?: string | undefined; Value?: string | undefined }[] = []) {
  return Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));
}

/** Returns the tags that both have, without AWS's and the component's own, which no input may set. */
function commonTags(stream: Record<string, string>, role: Record<string, string>): Record<string, string> {
  const isCommon = ([key, value]: [string, string]) =>
    role[key] === value && !/^(aws:|amplitude-kinesis:)/i.test(key);
  return Object.fromEntries(Object.entries(stream).filter(isCommon));
}

function tagCount(tags: Record<string, string>): string {
  return `it has ${counted(Object.keys(tags).length, "tag")}`;
}

/** Whatever can't be read could be changed by the import, so that it ends the command. */
function required<T>(
  what: string,
  actions: readonly string[],
  resource: string,
  read: () => Promise<T>,
): Promise<T> {
  return inspect(read, (error) => {
    throw notReadable(what, error, actions, resource);
  });
}

function notReadable(
  what: string,
  error: unknown,
  actions: readonly string[],
  resource: string,
): SettingsError {
  const remedy = failureRemedy(error, grantRemedy(actions, resource, "adopt"));
  return new SettingsError(`${what} can't be read: ${describeError(error)}. ${remedy}`, { cause: error });
}

function unreadable(findings: Finding[]): SettingsError {
  return new SettingsError(
    findings.map(({ message, where, remedy }) => `${where}: ${message}. ${remedy}`).join("\n"),
  );
}

/** Returns the commands that adopt the resources, for a shell, with everything else as comments. */
export function adoptionText({ region, inputs, ignored, notAdopted }: Adoption): string {
  return [
    "# Settings with which a stack takes over the stream and the role without changing them:",
    settingLine("aws:region", region),
    ...Object.entries(inputs).flatMap(([name, value]) => settingLines(name, value)),
    "",
    "# Properties that stay as they are, because the settings don't express them:",
    ...ignored.map(({ property, reason }) => `#   ${property}: ${reason}`),
    ...(notAdopted.length === 0 ? [] : ["", "# Not adopted:", ...notAdopted.map((each) => `#   ${each}`)]),
    "",
    "# Import. The preview must list imports without a change:",
    "pulumi preview",
    "pulumi up",
  ].join("\n");
}

function settingLines(path: string, value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => settingLines(`${path}[${index}]`, item));
  if (typeof value !== "object" || value === null) return [settingLine(path, String(value))];
  return Object.entries(value).flatMap(([key, inner]) =>
    settingLines(/^\w+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`, inner),
  );
}

function settingLine(path: string, value: string): string {
  const option = /[.[]/.test(path) ? "--path " : "";
  return `pulumi config set ${option}${quoted(path)} ${quoted(value)}`;
}

/** A value after `--` may begin with a dash. */
function quoted(word: string): string {
  return `${word.startsWith("-") ? "-- " : ""}${shellWord(word)}`;
}
