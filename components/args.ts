import type * as pulumi from "@pulumi/pulumi";

/** Capacity modes of a stream. */
export const StreamMode = {
  /** AWS scales the shards. The shard count can't be set. */
  OnDemand: "ON_DEMAND",
  /** The number of shards is fixed. */
  Provisioned: "PROVISIONED",
} as const;
export type StreamMode = (typeof StreamMode)[keyof typeof StreamMode];

/** Defaults of the inputs. The component leaves other inputs that are not set to AWS. */
export const DEFAULTS = {
  streamMode: StreamMode.OnDemand,
  retentionHours: 168,
  kmsKeyId: "alias/aws/kinesis",
  maxSessionSeconds: 3600,
  silenceMinutes: 60,
  throttledMinutes: 5,
  capacityPercent: 80,
  logRetentionDays: 365,
} as const;

/** Inputs of the component. All are optional: the defaults follow Amplitude's documentation and AWS Security Hub. */
export interface AmplitudeKinesisDestinationArgs {
  /**
   * ARN of an existing stream in the role's account. The component doesn't modify or delete it. It can't be combined with
   * an input that describes a new stream (`streamName`, `streamMode`, `shardCount`, `retentionHours`, `maxRecordSizeKib`,
   * `shardLevelMetrics`, `retainStream`, `requireTls`). If the stream is encrypted with a customer-managed key, set
   * `kmsKeyArn` to that key. A stream in another account is rejected, because Amplitude receives only its name and looks
   * for it in the role's account. Default: a new stream.
   */
  existingStreamArn?: pulumi.Input<string> | undefined;
  /**
   * The stream's name: 1–128 letters, digits, '_', '.' or '-'. Changing it replaces the stream.
   * Default: the component's name, `-stream-` and a random suffix.
   */
  streamName?: pulumi.Input<string> | undefined;
  /** Capacity mode, `ON_DEMAND` or `PROVISIONED`. Default: `ON_DEMAND`. */
  streamMode?: pulumi.Input<StreamMode> | undefined;
  /**
   * Number of shards, at least 1. Required with `PROVISIONED`, rejected with `ON_DEMAND`. One shard accepts
   * 1,000 records/s and 1 MB/s.
   */
  shardCount?: pulumi.Input<number> | undefined;
  /** Retention of the records in hours: 24–8760. Default: 168 (seven days, required by Security Hub's control Kinesis.3). */
  retentionHours?: pulumi.Input<number> | undefined;
  /**
   * Maximum size of a record in KiB, including its partition key: 1024–10240. Default: AWS's default, 1024 (1 MiB).
   */
  maxRecordSizeKib?: pulumi.Input<number> | undefined;
  /**
   * Metrics that CloudWatch records per shard, at extra cost: `IncomingBytes`, `IncomingRecords`, `OutgoingBytes`,
   * `OutgoingRecords`, `WriteProvisionedThroughputExceeded`, `ReadProvisionedThroughputExceeded`,
   * `IteratorAgeMilliseconds`. Default: none.
   */
  shardLevelMetrics?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * Whether the stream and its records stay in AWS when the stack is destroyed or the stream is replaced. Deploy it before
   * either happens. Must be a plain boolean. Default: false.
   */
  retainStream?: boolean | undefined;
  /**
   * Whether the stream's resource policy denies requests on its records that don't use TLS. Amplitude and the AWS SDKs use
   * TLS. The policy replaces the resource policy of an adopted stream, and doesn't cover registered consumers (enhanced
   * fan-out), which have separate policies. Must be a plain boolean. Default: false.
   */
  requireTls?: boolean | undefined;
  /**
   * ARN of a customer-managed KMS key in the stream's region. An alias or a key id is rejected. The role gets
   * `kms:GenerateDataKey` on the key, limited to this stream. The key policy must let the account's IAM policies grant
   * access. Default: the AWS-managed key `alias/aws/kinesis`, which requires no permission.
   */
  kmsKeyArn?: pulumi.Input<string> | undefined;
  /**
   * The role's name: 1–64 letters, digits or any of _+=,.@-. Anyone who knows the role's ARN can enter it in another
   * Amplitude project, so prefer a name that can't be guessed. Default: the component's name, `-role-` and a random suffix.
   */
  roleName?: pulumi.Input<string> | undefined;
  /**
   * Prefix of the role's name: 1–38 letters, digits or any of _+=,.@-. The AWS provider appends the creation time and a
   * counter (26 characters). Such a name is about as hard to guess as Pulumi's default name (28 bits), and easier than
   * the name in this project's own stack (80 bits). Changing it replaces the role. It can't be combined with `roleName`.
   * Default: none.
   */
  roleNamePrefix?: pulumi.Input<string> | undefined;
  /** IAM path of the role and its policy: at most 512 characters, and '/' at both ends. Default: `/`. */
  rolePath?: pulumi.Input<string> | undefined;
  /** Maximum duration of a role session in seconds: 3600–43200. Default: 3600. */
  maxSessionSeconds?: pulumi.Input<number> | undefined;
  /**
   * ARN of the role's permissions boundary: a policy of the role's account or of AWS. It must allow everything that the
   * write policy allows. The guard's role has the same boundary. Default: none.
   */
  permissionsBoundaryArn?: pulumi.Input<string> | undefined;
  /**
   * External id that a caller must send to assume the role: 2–1224 characters. Amplitude's form has no documented field
   * for it: with it set, **Amplitude can't assume the role and delivers nothing**, unless Amplitude has agreed to send it.
   * Default: none.
   */
  externalId?: pulumi.Input<string> | undefined;
  /**
   * AWS account that Amplitude writes from, 12 digits. The account of Amplitude's EU region is undocumented: ask
   * Amplitude for it. It can't be combined with `amplitudePrincipalArns`. Default: 358203115967.
   */
  amplitudeAccountId?: pulumi.Input<string> | undefined;
  /**
   * Amplitude's principals that the role trusts instead of Amplitude's account: ARNs of an account root, role or user.
   * Delivery stops if Amplitude uses another principal. A role or user must exist, or IAM rejects the trust policy.
   * Default: the root of `amplitudeAccountId`.
   */
  amplitudePrincipalArns?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * Patterns that restrict the trusted accounts to principals with a matching ARN (`aws:PrincipalArn`, with the wildcards
   * `*` and `?`, such as `arn:aws:iam::358203115967:role/export-*`). Amplitude's principal is undocumented, and delivery
   * stops if no pattern matches it: ask Amplitude first. Default: every principal that the trusted accounts allow.
   */
  amplitudePrincipalArnPatterns?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * Further principals that may assume the role, to test delivery as Amplitude does it: ARNs of an account root, role or
   * user. Each of them can write to the stream. Default: none.
   */
  testPrincipalArns?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /** CloudWatch alarms on the stream. `{}` creates them with their defaults. Default: none. */
  alarms?: DeliveryAlarms | undefined;
  /**
   * Guard that raises an alarm if events of another Amplitude project arrive: the trust policy can't tell Amplitude's
   * customers apart. Default: none.
   */
  guard?: StreamGuard | undefined;
  /**
   * Tags for the stream, the roles, the policies, the alarms, the pipe and the log group; at most 49. Keys have 1–128 characters and don't begin with
   * `aws:`. Values have at most 256. Letters, digits, spaces and any of _.:/=+-@ are allowed. The component adds the tag
   * `amplitude-kinesis:destination`, which holds its name. Default: none besides that tag.
   */
  tags?: pulumi.Input<Record<string, pulumi.Input<string>>> | undefined;
  /**
   * Resources made by hand that the stack takes over. `amplitude-kinesis adopt` prints it together with the other inputs.
   * Default: none.
   */
  adopt?: AdoptedResources | undefined;
}

/**
 * Resources made by hand that the stack takes over. An update, and so the first one that imports them, changes what differs
 * from the inputs, except for the properties in `ignoreChanges`. Destroying the stack deletes the resources.
 */
export interface AdoptedResources {
  /** Name of a stream to import. It must be the same as the input `streamName`, a plain string. Default: none. */
  streamName?: string | undefined;
  /** Name of a role to import, without its path. It must be the same as the input `roleName`, a plain string. Default: none. */
  roleName?: string | undefined;
  /**
   * ARN of a customer-managed policy that is attached to the role, to import in place of creating the write policy.
   * Requires `roleName`. Default: none.
   */
  policyArn?: string | undefined;
  /**
   * Properties that stay as they are in AWS, by their names in Pulumi's AWS provider: `stream.tags`, `role.description`,
   * `policy.policy`, … Default: none.
   */
  ignoreChanges?: string[] | undefined;
}

/**
 * CloudWatch alarms on the stream. AWS charges for each. `{}` creates two. Two alarms on the capacity follow if it is known:
 * from `shardCount` for a `PROVISIONED` stream, otherwise from `capacityShards`.
 */
export interface DeliveryAlarms {
  /**
   * ARNs that CloudWatch notifies when an alarm starts and ends, such as SNS topics in the stream's region: 1–5.
   * CloudWatch can't publish to a topic encrypted with `alias/aws/sns`. Default: no notifications.
   */
  actionArns?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * Consecutive minutes without a record before the silence alarm starts: 1–1440. Missing data counts as silence, and
   * CloudWatch may take a few minutes longer because it looks back further if data is missing. Default: 60.
   */
  silenceMinutes?: pulumi.Input<number> | undefined;
  /** Consecutive minutes with throttled records before the throttling alarm starts: 1–1440. Default: 5. */
  throttledMinutes?: pulumi.Input<number> | undefined;
  /**
   * Percentage of the stream's write capacity, in records or in bytes, that starts an alarm if it is reached in 3 of 5
   * minutes: 1–100. Default: 80.
   */
  capacityPercent?: pulumi.Input<number> | undefined;
  /**
   * Number of shards used to compute the capacity, with 1,000 records/s and 1 MB/s each. Set it for an existing stream, or
   * for an `ON_DEMAND` stream, which AWS scales without notice (a new one has the capacity of 4 shards). It can't be
   * combined with `shardCount`. Default: `shardCount`; without either, there is no alarm on the capacity.
   */
  capacityShards?: pulumi.Input<number> | undefined;
}

/**
 * A guard on the stream: an EventBridge pipe lets only records of other Amplitude projects through (`app` is missing or not
 * one of `projectIds`). It writes their project id, event type and sequence number to a log group, whose metric raises an
 * alarm. No code runs in the account. It sees only records that hold one event as JSON.
 *
 * The pipe shares the stream's read throughput with other consumers: it reads every byte once, so up to half of a shard's
 * 2 MB/s, and polls about once per second, so one of a shard's 5 reads per second. A new guard first reads the records
 * that the stream still holds. AWS charges for the alarm, and per record of another project. Expected records cost nothing.
 */
export interface StreamGuard {
  /** Ids of the Amplitude projects (`app`) whose events are expected: 1–50 positive integers without duplicates. */
  projectIds: pulumi.Input<pulumi.Input<number>[]>;
  /**
   * Retention of the log group in days: one of those that CloudWatch Logs allows, from 1 to 3653. Default: 365 (at least
   * that is required by Security Hub's control CloudWatch.16).
   */
  logRetentionDays?: pulumi.Input<number> | undefined;
  /**
   * ARNs that CloudWatch notifies when events of another project arrive, such as SNS topics in the stream's region: 1–5.
   * Default: `alarms.actionArns`.
   */
  actionArns?: pulumi.Input<pulumi.Input<string>[]> | undefined;
}
