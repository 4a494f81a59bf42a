import * as iam from "@pulumi/aws/iam";
import * as kinesis from "@pulumi/aws/kinesis";
import * as pulumi from "@pulumi/pulumi";
import { createAlarms, type DeliveryAlarms } from "./alarms";
import { AMPLITUDE_ACCOUNT_ID, accountRootArn } from "./contract";
import { checkedExistingStream, type StreamFacts } from "./existingStream";
import { orDefault } from "./known";
import { checkedRegion, inPartition } from "./partition";
import { insecureTransportDenial, trustPolicy, writePolicy } from "./policies";
import { OWN_TAG } from "./tagRules";
import { checkedInputs } from "./validation";

/** How the stream's capacity is set. */
export const StreamMode = {
  /** AWS scales the shards; no shard count may be given. */
  OnDemand: "ON_DEMAND",
  /** A fixed number of shards. */
  Provisioned: "PROVISIONED",
} as const;
export type StreamMode = (typeof StreamMode)[keyof typeof StreamMode];

/** What can be set. Every property is optional: the defaults follow Amplitude's documentation and AWS Security Hub. */
export interface AmplitudeKinesisDestinationArgs {
  /**
   * ARN of a stream that exists already, in the account of the role: nothing of it is created, changed or deleted. Not
   * together with an input that describes a new stream (`streamName`, `streamMode`, `shardCount`, `retentionHours`,
   * `maxRecordSizeKib`, `shardLevelMetrics`, `retainStream`, `requireTls`); `kmsKeyArn` has to name its key where that
   * is a customer's own. A stream of another account is refused: Amplitude is given its name alone, and looks for it in
   * the role's account. Default: a stream is created.
   */
  existingStreamArn?: pulumi.Input<string> | undefined;
  /**
   * The stream's name: 1–128 letters, digits, '_', '.' or '-'. Changing it replaces the stream.
   * Default: the resource name with a random suffix.
   */
  streamName?: pulumi.Input<string> | undefined;
  /** Capacity mode, `ON_DEMAND` or `PROVISIONED`. Default: `ON_DEMAND`. */
  streamMode?: pulumi.Input<StreamMode> | undefined;
  /** Number of shards, from 1. Needed with `PROVISIONED`, refused with `ON_DEMAND`. One shard takes 1,000 records/s and 1 MB/s. */
  shardCount?: pulumi.Input<number> | undefined;
  /** How long records can be read, in hours: 24–8760. Default: 168 (seven days, which Security Hub's Kinesis.3 asks for). */
  retentionHours?: pulumi.Input<number> | undefined;
  /**
   * Largest record that the stream takes, in KiB, partition key included: 1024–10240. Default: AWS's, 1024 (1 MiB).
   */
  maxRecordSizeKib?: pulumi.Input<number> | undefined;
  /**
   * Metrics that CloudWatch keeps for each shard, at extra cost: `IncomingBytes`, `IncomingRecords`, `OutgoingBytes`,
   * `OutgoingRecords`, `WriteProvisionedThroughputExceeded`, `ReadProvisionedThroughputExceeded`,
   * `IteratorAgeMilliseconds`. Default: none.
   */
  shardLevelMetrics?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * Leave the stream and its records in AWS when the stack is destroyed, or when the stream is replaced. It has to be set
   * before that. Default: false.
   */
  retainStream?: boolean | undefined;
  /**
   * Deny every request on the stream's records that doesn't come over TLS, by a policy of the stream's own. Amplitude's
   * and the AWS SDKs' requests do. It has to be known at once. Default: false.
   */
  requireTls?: boolean | undefined;
  /**
   * ARN of the customer's own KMS key in the stream's region (an alias or a bare id is refused). The role then gets
   * `kms:GenerateDataKey` on that key, for this stream alone; the key's own policy has to let the account's IAM policies
   * decide. Default: the AWS-managed key `alias/aws/kinesis`, which needs no permission.
   */
  kmsKeyArn?: pulumi.Input<string> | undefined;
  /**
   * The role's name: 1–64 letters, digits or any of _+=,.@-. Whoever learns the role's ARN can point their own Amplitude
   * project at it, so a name that can be guessed is the weaker choice. Default: the resource name with a random suffix.
   */
  roleName?: pulumi.Input<string> | undefined;
  /**
   * What the role's name begins with: 1–38 letters, digits or any of _+=,.@-. The AWS provider adds when it was made and a
   * counter, 26 characters: about as hard to guess as Pulumi's default name (28 bits), and easier than the 80 bits of this
   * project's own stack. Changing it replaces the role. Not together with `roleName`. Default: none.
   */
  roleNamePrefix?: pulumi.Input<string> | undefined;
  /** IAM path of the role and its policy, beginning and ending with '/'. Default: `/`. */
  rolePath?: pulumi.Input<string> | undefined;
  /** How long a session of the role may last, in seconds: 3600–43200. Default: 3600. */
  maxSessionSeconds?: pulumi.Input<number> | undefined;
  /** ARN of the managed policy that bounds the role. It has to allow what the write policy allows. Default: none. */
  permissionsBoundaryArn?: pulumi.Input<string> | undefined;
  /**
   * External id that a caller must give to assume the role: 2–1224 characters. Amplitude's form has no field for one
   * (as of its documentation): with it set, **Amplitude can't assume the role and nothing is delivered**, unless Amplitude
   * has agreed to send it. Default: none.
   */
  externalId?: pulumi.Input<string> | undefined;
  /**
   * The AWS account that Amplitude writes from, 12 digits. The account of Amplitude's EU region is undocumented: ask
   * Amplitude for it. Not together with `amplitudePrincipalArns`. Default: 358203115967.
   */
  amplitudeAccountId?: pulumi.Input<string> | undefined;
  /**
   * Trust these of Amplitude's principals instead of its account: ARNs of an account root, role or user. A principal that
   * Amplitude doesn't use stops delivery. A role or user must exist: IAM refuses the trust policy otherwise.
   * Default: the root of `amplitudeAccountId`.
   */
  amplitudePrincipalArns?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * Of the trusted accounts, let in only principals whose ARN is like one of these (`aws:PrincipalArn`, with the
   * wildcards `*` and `?`, such as `arn:aws:iam::358203115967:role/export-*`). Which principal Amplitude uses is
   * undocumented: a pattern that it isn't like stops delivery, so ask Amplitude first. Default: every principal that
   * the trusted accounts allow.
   */
  amplitudePrincipalArnPatterns?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * Further principals that may assume the role, to test delivery as Amplitude would: ARNs of an account root, role or
   * user. Each of them can write to the stream. Default: none.
   */
  testPrincipalArns?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /** CloudWatch alarms on the stream; `{}` makes them with their defaults. Default: none. */
  alarms?: DeliveryAlarms | undefined;
  /** Tags for the stream, the role, the policy and the alarms; 49 at most. A tag of the component's own, `amplitude-kinesis:destination`, holds its name. */
  tags?: pulumi.Input<Record<string, pulumi.Input<string>>> | undefined;
}

/**
 * A Kinesis data stream that Amplitude can deliver to: the stream (or one that exists already), the role that Amplitude assumes, the policy that
 * lets the role write, and its attachment. No output resolves before the policy is attached.
 *
 * Source: Amplitude, "Kinesis Data Stream Event Streaming".
 *
 * @throws pulumi.InputPropertiesError with every known-bad input, before anything is created.
 */
export class AmplitudeKinesisDestination extends pulumi.ComponentResource {
  /** ARN of the role that Amplitude assumes: the third value of Amplitude's form. */
  public readonly roleArn: pulumi.Output<string>;
  /** Region of the stream: the first value of Amplitude's form. */
  public readonly region: pulumi.Output<string>;
  /** Name of the stream: the second value of Amplitude's form. */
  public readonly streamName: pulumi.Output<string>;
  /** ARN of the stream. */
  public readonly streamArn: pulumi.Output<string>;
  /** Name of the role. */
  public readonly roleName: pulumi.Output<string>;
  /** ARN of the write policy. */
  public readonly policyArn: pulumi.Output<string>;

  constructor(
    name: string,
    args: AmplitudeKinesisDestinationArgs = {},
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const inputs = checkedInputs(name, args, opts);
    super("amplitude-kinesis:index:AmplitudeKinesisDestination", name, inputs, opts);
    const existing = checkedExistingStream(inputs.existingStreamArn, this);
    // All that is made is tagged, and so waits for what is checked here.
    const tags: Tags = pulumi
      .all([inputs.tags, existing?.arn, checkedRegion(this)])
      .apply(([own]): Record<string, string> => ({ [OWN_TAG]: name, ...own }));

    const stream =
      existing ??
      new kinesis.Stream(`${name}-stream`, streamArgs(inputs, tags), {
        parent: this,
        // The component's own option of this name does not reach its children.
        retainOnDelete: inputs.retainStream ?? false,
      });
    const streamPolicy = inputs.requireTls
      ? new kinesis.ResourcePolicy(`${name}-stream-policy`, streamPolicyArgs(stream), { parent: this })
      : undefined;
    const role = new iam.Role(`${name}-role`, roleArgs(inputs, tags), { parent: this });
    const policy = new iam.Policy(`${name}-policy`, policyArgs(inputs, { stream, role }, tags), {
      parent: this,
    });
    const attachment = new iam.RolePolicyAttachment(
      `${name}-attachment`,
      { role: role.name, policyArn: policy.arn },
      { parent: this },
    );

    if (inputs.alarms !== undefined) {
      const { shardCount } = inputs;
      const alarmed = { name: stream.name, region: existing?.region, shardCount };
      createAlarms({ name, parent: this }, inputs.alarms, alarmed, tags);
    }

    // The attachment's URN resolves when the engine has created it, and is known in a preview, as its id is not.
    const onceAttached = <T>(output: pulumi.Output<T>) =>
      pulumi.all([output, attachment.urn, streamPolicy?.urn]).apply(([value]) => value);
    this.roleArn = onceAttached(role.arn);
    this.region = onceAttached(stream.region);
    this.streamName = onceAttached(stream.name);
    this.streamArn = onceAttached(stream.arn);
    this.roleName = onceAttached(role.name);
    this.policyArn = onceAttached(policy.arn);
    this.registerOutputs({
      roleArn: this.roleArn,
      region: this.region,
      streamName: this.streamName,
      streamArn: this.streamArn,
      roleName: this.roleName,
      policyArn: this.policyArn,
    });
  }
}

type Tags = pulumi.Output<Record<string, string>>;

function streamArgs(inputs: AmplitudeKinesisDestinationArgs, tags: Tags): kinesis.StreamArgs {
  return {
    ...given({
      name: inputs.streamName,
      shardCount: inputs.shardCount,
      maxRecordSizeInKib: inputs.maxRecordSizeKib,
      shardLevelMetrics: inputs.shardLevelMetrics,
    }),
    streamModeDetails: { streamMode: orDefault<StreamMode>(inputs.streamMode, StreamMode.OnDemand) },
    retentionPeriod: orDefault(inputs.retentionHours, 168),
    encryptionType: "KMS",
    kmsKeyId: orDefault(inputs.kmsKeyArn, "alias/aws/kinesis"),
    tags,
  };
}

function streamPolicyArgs(stream: StreamFacts): kinesis.ResourcePolicyArgs {
  const policy = stream.arn.apply((arn) => JSON.stringify(insecureTransportDenial(inPartition(arn))));
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
    ...given({
      name: inputs.roleName,
      namePrefix: inputs.roleNamePrefix,
      path: inputs.rolePath,
      permissionsBoundary: inputs.permissionsBoundaryArn,
    }),
    description: "Assumed by Amplitude to deliver events to a Kinesis data stream",
    assumeRolePolicy: trust.apply((document) => JSON.stringify(document)),
    maxSessionDuration: orDefault(inputs.maxSessionSeconds, 3600),
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
      writePolicy({ streamArn: inPartition(streamArn), roleArn, kmsKeyArn }),
    );
  return {
    ...given({ path: inputs.rolePath }),
    description: "Lets Amplitude write events to one Kinesis data stream",
    policy: document.apply((written) => JSON.stringify(written)),
    tags,
  };
}

/** The properties that have a value: an absent property and an undefined one are not the same to a provider. */
function given<T extends Record<string, unknown>>(
  properties: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(properties).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
