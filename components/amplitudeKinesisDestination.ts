import * as iam from "@pulumi/aws/iam";
import * as kinesis from "@pulumi/aws/kinesis";
import * as pulumi from "@pulumi/pulumi";
import { adoptionOptions } from "./adoption";
import { type AmplitudeKinesisDestinationArgs, DEFAULTS, type StreamMode } from "./args";
import { AMPLITUDE_ACCOUNT_ID, accountRootArn } from "./contract";
import { OWN_TAG } from "./formats";
import { createMonitoring, type SharedArgs } from "./monitoring";
import { insecureTransportDenial, trustPolicy, writePolicy } from "./policies";
import {
  PLACE_RULES,
  requireAwsPartition,
  resolveAccount,
  resolveExistingStream,
  resolveRegion,
  type StreamFacts,
} from "./region";
import { validateInputs } from "./rules";
import { checkWhenKnown, orDefault, withoutUndefined } from "./validation";

/**
 * A Kinesis data stream that Amplitude can deliver to: a new or existing stream, the role that Amplitude assumes, the
 * policy that lets the role write, and its attachment. Outputs resolve only after the policy is attached.
 *
 * Source: Amplitude, "Kinesis Data Stream Event Streaming".
 *
 * @throws pulumi.InputPropertiesError with every invalid input that is known, before anything is created.
 */
export class AmplitudeKinesisDestination extends pulumi.ComponentResource {
  /** ARN of the role that Amplitude assumes: the third value in Amplitude's form. */
  public readonly roleArn: pulumi.Output<string>;
  /** Region of the stream: the first value in Amplitude's form. */
  public readonly region: pulumi.Output<string>;
  /** Name of the stream: the second value in Amplitude's form. */
  public readonly streamName: pulumi.Output<string>;
  /** ARN of the stream. */
  public readonly streamArn: pulumi.Output<string>;
  /** Name of the role. */
  public readonly roleName: pulumi.Output<string>;
  /** ARN of the write policy. */
  public readonly policyArn: pulumi.Output<string>;
  /** ARN of the guard's pipe. Undefined without a guard. */
  public readonly guardPipeArn?: pulumi.Output<string>;
  /** Ids of the projects that the guard expects. Undefined without a guard. */
  public readonly guardProjectIds?: pulumi.Output<number[]>;

  constructor(
    name: string,
    args: AmplitudeKinesisDestinationArgs = {},
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const inputs = validateInputs(name, args, opts);
    super("amplitude-kinesis:index:AmplitudeKinesisDestination", name, inputs, opts);
    const existing = resolveExistingStream(inputs.existingStreamArn, this);
    const tags = tagsOnceChecked(name, inputs, existing, this);
    // The provider repeats the tags in this output. Tags that are known at once are not secret.
    const additionalSecretOutputs = pulumi.Output.isInstance(inputs.tags) ? ["tagsAll"] : [];
    const shared = { options: { parent: this, additionalSecretOutputs }, tags };

    const stream = existing ?? createStream(name, inputs, shared);
    const streamPolicy = inputs.requireTls
      ? new kinesis.ResourcePolicy(`${name}-stream-policy`, streamPolicyArgs(stream), { parent: this })
      : undefined;
    const { role, policy, attachment } = createRole(name, inputs, stream, shared);
    const monitored = {
      arn: stream.arn,
      name: stream.name,
      region: existing?.region,
      shardCount: inputs.shardCount,
    };
    const guard = createMonitoring(name, inputs, monitored, shared);

    // The attachment's URN resolves once the engine has created it. Unlike its id, it is known in a preview.
    const afterAttachment = <T>(output: pulumi.Output<T>) =>
      pulumi.all([output, attachment.urn, streamPolicy?.urn]).apply(([value]) => value);
    this.roleArn = afterAttachment(role.arn);
    this.region = afterAttachment(stream.region);
    this.streamName = afterAttachment(stream.name);
    this.streamArn = afterAttachment(stream.arn);
    this.roleName = afterAttachment(role.name);
    this.policyArn = afterAttachment(policy.arn);
    if (guard !== undefined) {
      this.guardPipeArn = guard.guardPipeArn;
      this.guardProjectIds = guard.guardProjectIds;
    }
    const { roleArn, region, streamName, streamArn, roleName, policyArn } = this;
    const outputs = { roleArn, region, streamName, streamArn, roleName, policyArn, ...guard };
    // A stack reads its exports only later. Until then nothing would handle their rejections, and Node warns about that.
    pulumi.output(outputs);
    this.registerOutputs(outputs);
  }
}

type Tags = SharedArgs["tags"];

/** Returns the tags of every new resource, once every input is checked: no resource is created from an invalid one. */
function tagsOnceChecked(
  name: string,
  inputs: AmplitudeKinesisDestinationArgs,
  existing: StreamFacts | undefined,
  component: pulumi.Resource,
): Tags {
  const checks = pulumi.all([existing?.arn, ...checksOf(name, inputs, existing, component)]);
  return pulumi
    .all([inputs.tags, checks])
    .apply(([own]): Record<string, string> => ({ [OWN_TAG]: name, ...own }));
}

/** Returns Outputs that reject if an input turns out to be invalid, for its place or in itself. */
function checksOf(
  name: string,
  inputs: AmplitudeKinesisDestinationArgs,
  existing: StreamFacts | undefined,
  component: pulumi.Resource,
): pulumi.Output<unknown>[] {
  const region = existing?.region ?? resolveRegion(component);
  const accountId = inputs.permissionsBoundaryArn === undefined ? undefined : resolveAccount(component);
  const values = { ...inputs, region, accountId };
  const placed = PLACE_RULES.map((rule) => checkWhenKnown(name, rule, values));
  // In a preview, whose failed checks end the program, an input that is not known yet must not make the tags unknown.
  if (pulumi.runtime.isDryRun()) return [];
  const checks: pulumi.Output<unknown>[] = [region, ...placed, pulumi.output(inputs)];
  return checks.map((check) => pulumi.unsecret(check));
}

function createStream(
  name: string,
  inputs: AmplitudeKinesisDestinationArgs,
  { options, tags }: SharedArgs,
): kinesis.Stream {
  return new kinesis.Stream(`${name}-stream`, streamArgs(inputs, tags), {
    ...options,
    ...adoptionOptions(inputs.adopt, "stream"),
    // Pulumi does not pass the component's retainOnDelete on to its children.
    retainOnDelete: inputs.retainStream ?? false,
  });
}

/** Creates the role that Amplitude assumes, its write policy, and their attachment. */
function createRole(
  name: string,
  inputs: AmplitudeKinesisDestinationArgs,
  stream: StreamFacts,
  { options, tags }: SharedArgs,
) {
  const role = new iam.Role(`${name}-role`, roleArgs(inputs, tags), {
    ...options,
    ...adoptionOptions(inputs.adopt, "role"),
  });
  const policy = new iam.Policy(`${name}-policy`, policyArgs(inputs, { stream, role }, tags), {
    ...options,
    ...adoptionOptions(inputs.adopt, "policy"),
  });
  const attachment = new iam.RolePolicyAttachment(
    `${name}-attachment`,
    { role: role.name, policyArn: policy.arn },
    { parent: options.parent, ...adoptionOptions(inputs.adopt, "attachment") },
  );
  return { role, policy, attachment };
}

function streamArgs(inputs: AmplitudeKinesisDestinationArgs, tags: Tags): kinesis.StreamArgs {
  return {
    ...withoutUndefined({
      name: inputs.streamName,
      shardCount: inputs.shardCount,
      maxRecordSizeInKib: inputs.maxRecordSizeKib,
      shardLevelMetrics: inputs.shardLevelMetrics,
    }),
    streamModeDetails: { streamMode: orDefault<StreamMode>(inputs.streamMode, DEFAULTS.streamMode) },
    retentionPeriod: orDefault(inputs.retentionHours, DEFAULTS.retentionHours),
    encryptionType: "KMS",
    kmsKeyId: orDefault(inputs.kmsKeyArn, DEFAULTS.kmsKeyId),
    tags,
  };
}

function streamPolicyArgs(stream: StreamFacts): kinesis.ResourcePolicyArgs {
  const policy = stream.arn.apply((arn) => JSON.stringify(insecureTransportDenial(requireAwsPartition(arn))));
  return { resourceArn: stream.arn, policy };
}

function roleArgs(inputs: AmplitudeKinesisDestinationArgs, tags: Tags): iam.RoleArgs {
  const trust = pulumi
    .all([
      inputs.amplitudePrincipalArns,
      inputs.amplitudeAccountId,
      inputs.amplitudePrincipalArnPatterns,
      inputs.testPrincipalArns,
      inputs.externalId,
    ])
    .apply(([principals, accountId, patterns, testPrincipals, externalId]) =>
      trustPolicy({
        amplitudePrincipalArns: principals ?? [accountRootArn(accountId ?? AMPLITUDE_ACCOUNT_ID)],
        amplitudePrincipalArnPatterns: patterns ?? [],
        testPrincipalArns: testPrincipals ?? [],
        externalId,
      }),
    );
  return {
    ...withoutUndefined({
      name: inputs.roleName,
      namePrefix: inputs.roleNamePrefix,
      path: inputs.rolePath,
      permissionsBoundary: inputs.permissionsBoundaryArn,
    }),
    description: "Assumed by Amplitude to deliver events to a Kinesis data stream",
    assumeRolePolicy: trust.apply((document) => JSON.stringify(document)),
    maxSessionDuration: orDefault(inputs.maxSessionSeconds, DEFAULTS.maxSessionSeconds),
    tags,
  };
}

function policyArgs(
  inputs: AmplitudeKinesisDestinationArgs,
  { stream, role }: { stream: StreamFacts; role: iam.Role },
  tags: Tags,
): iam.PolicyArgs {
  const document = pulumi
    .all([stream.arn, role.arn, inputs.kmsKeyArn])
    .apply(([streamArn, roleArn, kmsKeyArn]) =>
      writePolicy({ streamArn: requireAwsPartition(streamArn), roleArn, kmsKeyArn }),
    );
  return {
    ...withoutUndefined({ path: inputs.rolePath }),
    description: "Lets Amplitude write events to one Kinesis data stream",
    policy: document.apply((written) => JSON.stringify(written)),
    tags,
  };
}
