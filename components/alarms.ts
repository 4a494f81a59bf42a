import type { MetricAlarmArgs } from "@pulumi/aws/cloudwatch";
import * as pulumi from "@pulumi/pulumi";
import type { StreamFacts } from "./existingStream";
import { orDefault } from "./known";
import { refusal } from "./propertyError";

/**
 * CloudWatch alarms on the stream, which AWS bills each. Two are made of `{}`; those on the capacity where it is known:
 * a `PROVISIONED` stream's from its shards, any other's from `capacityShards`.
 */
export interface DeliveryAlarms {
  /**
   * ARNs of what CloudWatch tells when an alarm is raised and when it is over, such as SNS topics of the stream's
   * region: 1–5. A topic encrypted with `alias/aws/sns` never hears of it. Default: nobody is told.
   */
  actionArns?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * Minutes in a row without a record after which the silence alarm is raised: 1–1440. Missing data counts as silence.
   * A few minutes may be added by CloudWatch, which looks further back where data is missing. Default: 60.
   */
  silenceMinutes?: pulumi.Input<number> | undefined;
  /** Minutes in a row with records rejected for throughput after which that alarm is raised: 1–1440. Default: 5. */
  throttledMinutes?: pulumi.Input<number> | undefined;
  /**
   * Share of the stream's write capacity, in records or in bytes, that raises an alarm when it is reached in 3 of 5
   * minutes: 1–100 percent. Default: 80.
   */
  capacityPercent?: pulumi.Input<number> | undefined;
  /**
   * Shards that the capacity is reckoned from, of 1,000 records/s and 1 MB/s each: for a stream that is `ON_DEMAND`, which
   * AWS scales in silence (a new one takes what 4 shards do), or that exists already. Default: `shardCount`; without
   * either, no alarm on the capacity.
   */
  capacityShards?: pulumi.Input<number> | undefined;
}

export interface AlarmedStream extends Pick<StreamFacts, "name"> {
  /** Where the stream doesn't lie in the region of the provider. */
  region?: pulumi.Output<string> | undefined;
  /** Of a stream with a fixed capacity. */
  shardCount?: pulumi.Input<number> | undefined;
}

/** What one alarm watches: a metric of the stream, summed over each minute. */
interface Watch {
  metricName: "IncomingRecords" | "IncomingBytes" | "WriteProvisionedThroughputExceeded";
  alarmDescription: pulumi.Output<string>;
  comparisonOperator: "LessThanThreshold" | "GreaterThanThreshold" | "GreaterThanOrEqualToThreshold";
  threshold: pulumi.Input<number>;
  evaluationPeriods: pulumi.Input<number>;
  datapointsToAlarm: pulumi.Input<number>;
  treatMissingData: "breaching" | "notBreaching";
}

/** Loaded by a stack that has alarms alone: every preview would pay for it. */
const cloudwatch = (): typeof import("@pulumi/aws/cloudwatch") => require("@pulumi/aws/cloudwatch");

/** What a shard takes in a second. Source: AWS, "Quotas and limits" (Kinesis Developer Guide). */
const SHARD_LIMITS = { IncomingRecords: 1_000, IncomingBytes: 1_000_000 } as const;

/** Makes the alarms as children of `parent`, named for it: `NAME-silence`, `-throttled`, `-record-limit`, `-byte-limit`. */
export function createAlarms(
  { name, parent }: { name: string; parent: pulumi.Resource },
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
    new (cloudwatch().MetricAlarm)(`${name}-${suffix}`, args, { parent });
  }
}

function watches(alarms: DeliveryAlarms, stream: AlarmedStream): Record<string, Watch> {
  const shards = stream.shardCount ?? alarms.capacityShards;
  const onCapacity = shards === undefined ? {} : capacityWatches(alarms, stream, shards);
  return { silence: silence(alarms, stream), throttled: throttled(alarms, stream), ...onCapacity };
}

function silence(alarms: DeliveryAlarms, { name }: AlarmedStream): Watch {
  const silenceMinutes = orDefault(alarms.silenceMinutes, 60);
  return {
    metricName: "IncomingRecords",
    alarmDescription: pulumi.interpolate`No record has come to ${name} for ${silenceMinutes} minutes: see whether Amplitude's destination is enabled, and run amplitude-kinesis verify.`,
    comparisonOperator: "LessThanThreshold",
    threshold: 1,
    evaluationPeriods: silenceMinutes,
    datapointsToAlarm: silenceMinutes,
    treatMissingData: "breaching",
  };
}

function throttled(alarms: DeliveryAlarms, { name }: AlarmedStream): Watch {
  const throttledMinutes = orDefault(alarms.throttledMinutes, 5);
  return {
    metricName: "WriteProvisionedThroughputExceeded",
    alarmDescription: pulumi.interpolate`${name} has rejected records for its throughput for ${throttledMinutes} minutes: add shards, or make it ON_DEMAND.`,
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
  const capacityPercent = orDefault(alarms.capacityPercent, 80);
  const watch = (metricName: keyof typeof SHARD_LIMITS, what: string): Watch => ({
    metricName,
    alarmDescription: pulumi.interpolate`${name} gets ${capacityPercent} percent of the ${what} that ${shards} shards take: add shards before it rejects records.`,
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
 * A share of what the shards take in a minute, in records or in bytes.
 *
 * @throws pulumi.InputPropertiesError where the number of shards turned out not to be set: its alarms were made for it.
 */
export function minuteLimit(
  metricName: keyof typeof SHARD_LIMITS,
  percent: number,
  shards: number | undefined,
): number {
  if (shards === undefined) {
    throw refusal("alarms", "neither capacityShards nor shardCount turned out to be set: leave both out");
  }
  return Math.round((percent / 100) * shards * SHARD_LIMITS[metricName] * 60);
}
