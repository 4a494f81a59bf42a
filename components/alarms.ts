import type { MetricAlarmArgs } from "@pulumi/aws/cloudwatch";
import * as pulumi from "@pulumi/pulumi";
import { DEFAULTS, type DeliveryAlarms } from "./args";
import type { StreamFacts } from "./region";
import { inputError, orDefault } from "./validation";

export interface AlarmedStream extends Pick<StreamFacts, "name"> {
  /** The stream's region, unless it is the provider's. */
  region?: pulumi.Output<string> | undefined;
  /** Number of shards of a `PROVISIONED` stream. */
  shardCount?: pulumi.Input<number> | undefined;
}

/** The metric that an alarm watches, summed per minute, and its limit. */
interface Watch {
  metricName: "IncomingRecords" | "IncomingBytes" | "WriteProvisionedThroughputExceeded";
  alarmDescription: pulumi.Output<string>;
  comparisonOperator: "LessThanThreshold" | "GreaterThanThreshold" | "GreaterThanOrEqualToThreshold";
  threshold: pulumi.Input<number>;
  evaluationPeriods: pulumi.Input<number>;
  datapointsToAlarm: pulumi.Input<number>;
  treatMissingData: "breaching" | "notBreaching";
}

/** Loads the module only for a stack with alarms or a guard, because loading it slows every preview down. */
export const cloudwatch = (): typeof import("@pulumi/aws/cloudwatch") => require("@pulumi/aws/cloudwatch");

/** Write capacity of a shard per second. Source: AWS, "Quotas and limits" (Kinesis Developer Guide). */
const SHARD_LIMITS = { IncomingRecords: 1_000, IncomingBytes: 1_000_000 } as const;

/** Creates the alarms: `NAME-silence`, `NAME-throttled`, `NAME-record-limit`, `NAME-byte-limit`. */
export function createAlarms(
  name: string,
  options: pulumi.CustomResourceOptions,
  alarms: DeliveryAlarms,
  stream: AlarmedStream,
  tags: pulumi.Input<Record<string, pulumi.Input<string>>>,
): void {
  const actions = pulumi.output(alarms.actionArns).apply((arns) => arns ?? []);
  for (const [suffix, watch] of Object.entries(watches(alarms, stream))) {
    const args: MetricAlarmArgs = {
      ...watch,
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

function watches(alarms: DeliveryAlarms, stream: AlarmedStream): Record<string, Watch> {
  const shards = stream.shardCount ?? alarms.capacityShards;
  const capacity = shards === undefined ? {} : capacityWatches(alarms, stream, shards);
  return { silence: silence(alarms, stream), throttled: throttled(alarms, stream), ...capacity };
}

function silence(alarms: DeliveryAlarms, { name }: AlarmedStream): Watch {
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

function throttled(alarms: DeliveryAlarms, { name }: AlarmedStream): Watch {
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

function capacityWatches(
  alarms: DeliveryAlarms,
  { name }: AlarmedStream,
  shards: pulumi.Input<number>,
): Record<string, Watch> {
  const capacityPercent = orDefault(alarms.capacityPercent, DEFAULTS.capacityPercent);
  const watch = (metricName: keyof typeof SHARD_LIMITS, unit: string): Watch => ({
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
    "record-limit": watch("IncomingRecords", "records"),
    "byte-limit": watch("IncomingBytes", "bytes"),
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
