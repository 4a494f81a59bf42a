import type { MetricAlarmArgs } from "@pulumi/aws/cloudwatch";
import * as iam from "@pulumi/aws/iam";
import type { PipeArgs } from "@pulumi/aws/pipes";
import * as pulumi from "@pulumi/pulumi";
import { cloudwatch } from "./alarms";
import { DEFAULTS, type StreamGuard } from "./args";
import { GUARD_NAMESPACE, guardMetric, guardPattern } from "./contract";
import { guardPolicy, guardTrustPolicy } from "./policies";
import { requireAwsPartition, type StreamFacts } from "./region";
import { orDefault, withoutUndefined } from "./validation";

/** Loads the module only for a stack with a guard, because loading it slows every preview down. */
const pipes = (): typeof import("@pulumi/aws/pipes") => require("@pulumi/aws/pipes");

/** The event's fields that reach the log group. */
const LOGGED =
  '{"app": <$.data.app>, "eventType": <$.data.event_type>, "sequenceNumber": <$.sequenceNumber>}';

export interface GuardedStream extends Pick<StreamFacts, "arn" | "name"> {
  /** The stream's region, unless it is the provider's. */
  region?: pulumi.Output<string> | undefined;
}

export interface GuardSurroundings {
  options: pulumi.CustomResourceOptions & { parent: pulumi.Resource };
  tags: pulumi.Output<Record<string, string>>;
  /** IAM path that the destination's role and policy have too. */
  path: pulumi.Input<string> | undefined;
  permissionsBoundary: pulumi.Input<string> | undefined;
  kmsKeyArn: pulumi.Input<string> | undefined;
  /** Default for the guard's own. */
  actionArns: pulumi.Input<pulumi.Input<string>[]> | undefined;
}

export interface GuardOutputs {
  pipeArn: pulumi.Output<string>;
  projectIds: pulumi.Output<number[]>;
}

/**
 * Creates the guard: its role, policy and attachment (`NAME-guard-role`, …), the log group `NAME-guard-log`, its metric
 * filter, the alarm, and last the pipe `NAME-guard`, because AWS tests the role's permissions when a pipe is created.
 */
export function createGuard(
  name: string,
  guard: StreamGuard,
  stream: GuardedStream,
  { options, tags, ...surroundings }: GuardSurroundings,
): GuardOutputs {
  const region = stream.region && { region: stream.region };
  const arn = stream.arn.apply(requireAwsPartition);
  const logGroup = new (cloudwatch().LogGroup)(
    `${name}-guard-log`,
    { retentionInDays: orDefault(guard.logRetentionDays, DEFAULTS.logRetentionDays), tags, ...region },
    options,
  );
  const { path, permissionsBoundary, kmsKeyArn } = surroundings;
  const role = new iam.Role(
    `${name}-guard-role`,
    {
      ...withoutUndefined({ path, permissionsBoundary }),
      description: "Assumed by the EventBridge pipe that guards a Kinesis data stream",
      assumeRolePolicy: arn.apply((known) => JSON.stringify(guardTrustPolicy(known, `${name}-guard`))),
      tags,
    },
    options,
  );
  const permissions = pulumi
    .all([arn, logGroup.arn, kmsKeyArn])
    .apply(([streamArn, logGroupArn, keyArn]) =>
      JSON.stringify(guardPolicy({ streamArn, logGroupArn, kmsKeyArn: keyArn })),
    );
  const policy = new iam.Policy(
    `${name}-guard-policy`,
    {
      ...withoutUndefined({ path }),
      description: "Lets a pipe read one Kinesis data stream and write to one log group",
      policy: permissions,
      tags,
    },
    options,
  );
  const attachment = new iam.RolePolicyAttachment(
    `${name}-guard-attachment`,
    { role: role.name, policyArn: policy.arn },
    { parent: options.parent },
  );
  const metricFilter = new (cloudwatch().LogMetricFilter)(
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
  const actions = pulumi
    .all([guard.actionArns, surroundings.actionArns])
    .apply(([own, ofAlarms]) => own ?? ofAlarms ?? []);
  const alarm = new (cloudwatch().MetricAlarm)(
    `${name}-guard-alarm`,
    { ...alarmArgs(stream, logGroup.name, actions), tags, ...region },
    options,
  );
  const projectIds = pulumi.output(guard.projectIds);
  const pipe = new (pipes().Pipe)(
    `${name}-guard`,
    {
      ...pipeArgs(projectIds),
      source: arn,
      target: logGroup.arn,
      roleArn: role.arn,
      tags,
      ...region,
    },
    { ...options, dependsOn: [attachment, metricFilter, alarm] },
  );
  return { pipeArn: pipe.arn, projectIds };
}

function alarmArgs(
  stream: GuardedStream,
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
