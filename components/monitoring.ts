import type { LogGroup, MetricAlarmArgs } from "@pulumi/aws/cloudwatch";
import * as iam from "@pulumi/aws/iam";
import type { PipeArgs } from "@pulumi/aws/pipes";
import * as pulumi from "@pulumi/pulumi";
import {
  type AmplitudeKinesisDestinationArgs,
  DEFAULTS,
  type DeliveryAlarms,
  type StreamGuard,
} from "./args";
import { GUARD_NAMESPACE, guardMetric, guardPattern } from "./contract";
import { guardPolicy, guardTrustPolicy } from "./policies";
import { requireAwsPartition, type StreamFacts } from "./region";
import { inputError, orDefault, withoutUndefined } from "./validation";

/** The stream that is watched. */
interface MonitoredStream extends Pick<StreamFacts, "arn" | "name"> {
  /** The stream's region, unless it is the provider's. */
  region?: pulumi.Output<string> | undefined;
  /** Number of shards of a `PROVISIONED` stream. */
  shardCount?: pulumi.Input<number> | undefined;
}

/** The metric that an alarm watches, summed per minute, and its limit. */
interface AlarmSpec {
  metricName: "IncomingRecords" | "IncomingBytes" | "WriteProvisionedThroughputExceeded";
  alarmDescription: pulumi.Output<string>;
  comparisonOperator: "LessThanThreshold" | "GreaterThanThreshold" | "GreaterThanOrEqualToThreshold";
  threshold: pulumi.Input<number>;
  evaluationPeriods: pulumi.Input<number>;
  datapointsToAlarm: pulumi.Input<number>;
  treatMissingData: "breaching" | "notBreaching";
}

/** Loads the module only for a stack with alarms or a guard, because loading it slows every preview down. */
const cloudwatch = (): typeof import("@pulumi/aws/cloudwatch") => require("@pulumi/aws/cloudwatch");

/** Write capacity of a shard per second. Source: AWS, "Quotas and limits" (Kinesis Developer Guide). */
const SHARD_LIMITS = { IncomingRecords: 1_000, IncomingBytes: 1_000_000 } as const;

/** Options and tags that the component's resources share. */
export interface SharedArgs {
  options: pulumi.CustomResourceOptions & { parent: pulumi.Resource };
  tags: pulumi.Output<Record<string, string>>;
}

/**
 * Creates the alarms and the guard that the inputs ask for.
 *
 * @returns The component's outputs about the guard. Undefined without a guard.
 */
export function createMonitoring(
  name: string,
  inputs: AmplitudeKinesisDestinationArgs,
  stream: MonitoredStream,
  shared: SharedArgs,
) {
  if (inputs.alarms !== undefined) createAlarms(name, inputs.alarms, stream, shared);
  return inputs.guard === undefined ? undefined : createGuard(name, inputs.guard, inputs, stream, shared);
}

/** Creates the alarms: `NAME-silence`, `NAME-throttled`, `NAME-record-limit`, `NAME-byte-limit`. */
function createAlarms(
  name: string,
  alarms: DeliveryAlarms,
  stream: MonitoredStream,
  { options, tags }: SharedArgs,
): void {
  const actions = pulumi.output(alarms.actionArns).apply((arns) => arns ?? []);
  for (const [suffix, spec] of Object.entries(alarmSpecs(alarms, stream))) {
    const args: MetricAlarmArgs = {
      ...spec,
      namespace: "AWS/Kinesis",
      dimensions: { StreamName: stream.name },
      period: 60,
      statistic: "Sum",
      alarmActions: actions,
      okActions: actions,
      tags,
      ...(stream.region && { region: stream.region }),
    };
    new (cloudwatch().MetricAlarm)(`${name}-${suffix}`, args, options);
  }
}

function alarmSpecs(alarms: DeliveryAlarms, stream: MonitoredStream): Record<string, AlarmSpec> {
  const shards = stream.shardCount ?? alarms.capacityShards;
  const capacity = shards === undefined ? {} : capacityAlarms(alarms, stream, shards);
  return { silence: silenceAlarm(alarms, stream), throttled: throttledAlarm(alarms, stream), ...capacity };
}

function silenceAlarm(alarms: DeliveryAlarms, { name }: MonitoredStream): AlarmSpec {
  const silenceMinutes = orDefault(alarms.silenceMinutes, DEFAULTS.silenceMinutes);
  return {
    metricName: "IncomingRecords",
    alarmDescription: pulumi.interpolate`${name} has received no record for ${silenceMinutes} minutes: check that Amplitude's destination is enabled, and run amplitude-kinesis verify.`,
    comparisonOperator: "LessThanThreshold",
    threshold: 1,
    evaluationPeriods: silenceMinutes,
    datapointsToAlarm: silenceMinutes,
    treatMissingData: "breaching",
  };
}

function throttledAlarm(alarms: DeliveryAlarms, { name }: MonitoredStream): AlarmSpec {
  const throttledMinutes = orDefault(alarms.throttledMinutes, DEFAULTS.throttledMinutes);
  return {
    metricName: "WriteProvisionedThroughputExceeded",
    alarmDescription: pulumi.interpolate`${name} has throttled records for ${throttledMinutes} minutes: add shards, or switch to ON_DEMAND.`,
    comparisonOperator: "GreaterThanThreshold",
    threshold: 0,
    evaluationPeriods: throttledMinutes,
    datapointsToAlarm: throttledMinutes,
    treatMissingData: "notBreaching",
  };
}

function capacityAlarms(
  alarms: DeliveryAlarms,
  { name }: MonitoredStream,
  shards: pulumi.Input<number>,
): Record<string, AlarmSpec> {
  const capacityPercent = orDefault(alarms.capacityPercent, DEFAULTS.capacityPercent);
  const spec = (metricName: keyof typeof SHARD_LIMITS, unit: string): AlarmSpec => ({
    metricName,
    alarmDescription: pulumi.interpolate`${name} receives ${capacityPercent} percent of the ${unit} that its capacity allows (shards: ${shards}): add shards before it throttles records.`,
    comparisonOperator: "GreaterThanOrEqualToThreshold",
    threshold: pulumi
      .all([capacityPercent, shards])
      .apply(([percent, count]) => minuteLimit(metricName, percent, count)),
    evaluationPeriods: 5,
    datapointsToAlarm: 3,
    treatMissingData: "notBreaching",
  });
  return {
    "record-limit": spec("IncomingRecords", "records"),
    "byte-limit": spec("IncomingBytes", "bytes"),
  };
}

/**
 * Returns a percentage of the shards' write capacity per minute, in records or in bytes.
 *
 * @throws pulumi.InputPropertiesError if the number of shards resolved to undefined, because its alarms exist already.
 */
export function minuteLimit(
  metricName: keyof typeof SHARD_LIMITS,
  percent: number,
  shards: number | undefined,
): number {
  if (shards === undefined) {
    throw inputError(
      "alarms",
      "capacityShards and shardCount resolved to undefined: remove both, or give one a value",
    );
  }
  return Math.round((percent / 100) * shards * SHARD_LIMITS[metricName] * 60);
}

/** Loads the module only for a stack with a guard, because loading it slows every preview down. */
const pipes = (): typeof import("@pulumi/aws/pipes") => require("@pulumi/aws/pipes");

/** The event's fields that reach the log group. */
const LOGGED =
  '{"app": <$.data.app>, "eventType": <$.data.event_type>, "sequenceNumber": <$.sequenceNumber>}';

/**
 * Creates the guard: the log group `NAME-guard-log`, its role, its metric with the alarm, and last the pipe `NAME-guard`,
 * because AWS tests the role's permissions when a pipe is created.
 */
function createGuard(
  name: string,
  guard: StreamGuard,
  inputs: AmplitudeKinesisDestinationArgs,
  stream: MonitoredStream,
  shared: SharedArgs,
) {
  const { options, tags } = shared;
  const region = stream.region && { region: stream.region };
  const source = stream.arn.apply(requireAwsPartition);
  const logGroup = new (cloudwatch().LogGroup)(
    `${name}-guard-log`,
    { retentionInDays: orDefault(guard.logRetentionDays, DEFAULTS.logRetentionDays), tags, ...region },
    options,
  );
  const { role, attachment } = createGuardRole(name, inputs, source, logGroup, shared);
  const actions = pulumi
    .all([guard.actionArns, inputs.alarms?.actionArns])
    .apply(([own, ofAlarms]) => own ?? ofAlarms ?? []);
  const metric = createGuardMetric(name, stream, logGroup, actions, shared);
  const projectIds = pulumi.output(guard.projectIds);
  const pipe = new (pipes().Pipe)(
    `${name}-guard`,
    { ...pipeArgs(projectIds), source, target: logGroup.arn, roleArn: role.arn, tags, ...region },
    { ...options, dependsOn: [attachment, ...metric] },
  );
  return { guardPipeArn: pipe.arn, guardProjectIds: projectIds };
}

/** Creates `NAME-guard-role`, which reads the stream and writes to the log group, `-policy` and `-attachment`. */
function createGuardRole(
  name: string,
  { rolePath: path, permissionsBoundaryArn: permissionsBoundary, kmsKeyArn }: AmplitudeKinesisDestinationArgs,
  streamArn: pulumi.Output<string>,
  logGroup: LogGroup,
  { options, tags }: SharedArgs,
) {
  const role = new iam.Role(
    `${name}-guard-role`,
    {
      ...withoutUndefined({ path, permissionsBoundary }),
      description: "Assumed by the EventBridge pipe that guards a Kinesis data stream",
      assumeRolePolicy: streamArn.apply((arn) => JSON.stringify(guardTrustPolicy(arn, `${name}-guard`))),
      tags,
    },
    options,
  );
  const document = pulumi
    .all([streamArn, logGroup.arn, kmsKeyArn])
    .apply(([arn, logGroupArn, keyArn]) =>
      JSON.stringify(guardPolicy({ streamArn: arn, logGroupArn, kmsKeyArn: keyArn })),
    );
  const policy = new iam.Policy(
    `${name}-guard-policy`,
    {
      ...withoutUndefined({ path }),
      description: "Lets a pipe read one Kinesis data stream and write to one log group",
      policy: document,
      tags,
    },
    options,
  );
  const attachment = new iam.RolePolicyAttachment(
    `${name}-guard-attachment`,
    { role: role.name, policyArn: policy.arn },
    { parent: options.parent },
  );
  return { role, attachment };
}

/** Creates `NAME-guard-filter`, which counts the log group's lines in a metric, and `NAME-guard-alarm` on that metric. */
function createGuardMetric(
  name: string,
  stream: MonitoredStream,
  logGroup: LogGroup,
  actions: pulumi.Output<string[]>,
  { options, tags }: SharedArgs,
): pulumi.Resource[] {
  const region = stream.region && { region: stream.region };
  const filter = new (cloudwatch().LogMetricFilter)(
    `${name}-guard-filter`,
    {
      logGroupName: logGroup.name,
      // Every line of the group is about an event of another project, even one whose fields are missing.
      pattern: "",
      metricTransformation: { namespace: GUARD_NAMESPACE, name: stream.name.apply(guardMetric), value: "1" },
      ...region,
    },
    { parent: options.parent },
  );
  const alarm = new (cloudwatch().MetricAlarm)(
    `${name}-guard-alarm`,
    { ...guardAlarmArgs(stream, logGroup.name, actions), tags, ...region },
    options,
  );
  return [filter, alarm];
}

function guardAlarmArgs(
  stream: MonitoredStream,
  logGroupName: pulumi.Output<string>,
  actions: pulumi.Output<string[]>,
): MetricAlarmArgs {
  return {
    alarmDescription: pulumi.interpolate`${stream.name} has received events of another Amplitude project: read the log group ${logGroupName}, and replace the role, whose ARN somebody else has entered in Amplitude.`,
    namespace: GUARD_NAMESPACE,
    metricName: stream.name.apply(guardMetric),
    statistic: "Sum",
    period: 60,
    comparisonOperator: "GreaterThanThreshold",
    threshold: 0,
    evaluationPeriods: 1,
    treatMissingData: "notBreaching",
    alarmActions: actions,
    okActions: actions,
  };
}

/**
 * A record that can't be written is tried 100 times and then skipped, so that no single record blocks its shard. Reading
 * begins with the oldest record, because records may arrive before the pipe reads.
 */
function pipeArgs(projectIds: pulumi.Output<number[]>): Omit<PipeArgs, "source" | "target" | "roleArn"> {
  const pattern = projectIds.apply((ids) => guardPattern(ids));
  return {
    description: "Reports events of other Amplitude projects",
    desiredState: "RUNNING",
    sourceParameters: {
      filterCriteria: { filters: [{ pattern }] },
      kinesisStreamParameters: {
        startingPosition: "TRIM_HORIZON",
        batchSize: 100,
        maximumRetryAttempts: 100,
        onPartialBatchItemFailure: "AUTOMATIC_BISECT",
      },
    },
    targetParameters: { inputTemplate: LOGGED },
  };
}
