import {
  type CloudWatchClient,
  DescribeAlarmsForMetricCommand,
  type MetricAlarm,
} from "@aws-sdk/client-cloudwatch";
import { credentialsProblem } from "../aws/credentials";
import { describeError, isCredentialsError } from "../aws/errors";
import { type Finding, finding } from "../common/findings";

/** The metrics by which Amplitude's silence, throttling and the stream's capacity show. */
const METRICS = ["IncomingRecords", "IncomingBytes", "WriteProvisionedThroughputExceeded"] as const;
type Metric = (typeof METRICS)[number];

export interface AlarmsCheck {
  /** Null where CloudWatch could not be asked. */
  names: string[] | null;
  findings: Finding[];
}

/** The alarms on the stream's metrics; whether somebody hears of a delivery that stops. Delivery works without them. */
export async function checkAlarms(
  client: CloudWatchClient,
  stream: { name: string; arn: string },
): Promise<AlarmsCheck> {
  try {
    const alarms = new Map<Metric, MetricAlarm[]>();
    for (const metric of METRICS) alarms.set(metric, await alarmsOn(client, metric, stream.name));
    const all = [...alarms.values()].flat();
    return {
      names: all.map(({ AlarmName = "" }) => AlarmName),
      findings: [...missing(alarms, stream.arn), ...all.flatMap(alarmFindings)],
    };
  } catch (error) {
    if (isCredentialsError(error)) throw credentialsProblem(error);
    return { names: null, findings: [notReadable(error, stream.arn)] };
  }
}

async function alarmsOn(
  client: CloudWatchClient,
  MetricName: Metric,
  streamName: string,
): Promise<MetricAlarm[]> {
  const { MetricAlarms = [] } = await client.send(
    new DescribeAlarmsForMetricCommand({
      Namespace: "AWS/Kinesis",
      MetricName,
      Dimensions: [{ Name: "StreamName", Value: streamName }],
    }),
  );
  return MetricAlarms;
}

/** Fires on no record at all, which CloudWatch sees as missing data. */
function isOnSilence({ ComparisonOperator, TreatMissingData }: MetricAlarm): boolean {
  return ComparisonOperator?.startsWith("LessThan") === true && TreatMissingData === "breaching";
}

function missing(alarms: Map<Metric, MetricAlarm[]>, where: string): Finding[] {
  const silence = alarms.get("IncomingRecords")?.some(isOnSilence) === true;
  const throttled = (alarms.get("WriteProvisionedThroughputExceeded") ?? []).length > 0;
  const what = [
    ...(silence ? [] : ["the day when no record comes (IncomingRecords below 1, missing data breaching)"]),
    ...(throttled ? [] : ["records that the stream rejects for throughput"]),
  ];
  if (what.length === 0) return [];
  return [
    finding.warning(
      "alarm-missing",
      where,
      `No alarm tells of ${what.join(", nor of ")}: Amplitude has nobody to tell in this account`,
      "`pulumi config set --path 'alarms.actionArns[0]' TOPIC-ARN && pulumi up`, or alarms: { actionArns: [topic.arn] } in your own stack",
    ),
  ];
}

function alarmFindings(alarm: MetricAlarm): Finding[] {
  const where = alarm.AlarmArn ?? alarm.AlarmName ?? "";
  const isMute = alarm.ActionsEnabled === false || (alarm.AlarmActions ?? []).length === 0;
  return [
    ...(isMute ? [tellsNobody(alarm, where)] : []),
    ...(alarm.StateValue === "ALARM" ? [raised(alarm, where)] : []),
  ];
}

function tellsNobody({ AlarmName, ActionsEnabled }: MetricAlarm, where: string): Finding {
  return finding.warning(
    "alarm-tells-nobody",
    where,
    `The alarm ${AlarmName} tells nobody when it is raised: ${ActionsEnabled === false ? "its actions are switched off" : "it has no action"}`,
    ActionsEnabled === false
      ? `\`aws cloudwatch enable-alarm-actions --alarm-names ${AlarmName}\``
      : "`pulumi config set --path 'alarms.actionArns[0]' TOPIC-ARN && pulumi up`",
  );
}

function raised({ AlarmName, AlarmDescription, StateReason }: MetricAlarm, where: string): Finding {
  return finding.warning(
    "alarm-raised",
    where,
    `The alarm ${AlarmName} is raised: ${StateReason ?? "CloudWatch gives no reason"}`,
    AlarmDescription || "See the stream's metrics in CloudWatch, and run `amplitude-kinesis verify`",
  );
}

function notReadable(error: unknown, where: string): Finding {
  return finding.warning(
    "alarms-not-readable",
    where,
    `It is not known whether alarms watch the stream: ${describeError(error)}`,
    "Give the person who runs this cloudwatch:DescribeAlarmsForMetric (it can be given on `*` alone)",
  );
}
