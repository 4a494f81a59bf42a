import {
  type CloudWatchClient,
  DescribeAlarmsForMetricCommand,
  type MetricAlarm,
} from "@aws-sdk/client-cloudwatch";
import { type Finding, finding, present } from "../common/findings";
import { shellWord } from "../common/text";
import { ACTIONS } from "./iam/actions";
import { failed, grantRemedy, inspect } from "./inspection";

/** Metrics that show missing records, throttling and the limits of the stream. */
const METRICS = ["IncomingRecords", "IncomingBytes", "WriteProvisionedThroughputExceeded"] as const;
type Metric = (typeof METRICS)[number];

export interface AlarmsCheck {
  /** Null if CloudWatch could not be asked. */
  names: string[] | null;
  findings: Finding[];
}

const GRANT = grantRemedy(ACTIONS.readAlarms, "`*`, because it takes no resource");

/** Checks whether the alarms on the stream's metrics would report that delivery stopped. Delivery works without them. */
export function checkAlarms(
  client: CloudWatchClient,
  stream: { name: string; arn: string },
): Promise<AlarmsCheck> {
  return inspect<AlarmsCheck>(
    async () => {
      const alarms = new Map<Metric, MetricAlarm[]>();
      for (const metric of METRICS) alarms.set(metric, await alarmsOn(client, metric, stream.name));
      const all = [...alarms.values()].flat();
      return {
        names: all.map(({ AlarmName = "" }) => AlarmName),
        findings: [...missingAlarms(alarms, stream.arn), ...all.flatMap((alarm) => alarmFindings(alarm))],
      };
    },
    (error) => ({
      names: null,
      findings: [
        finding.warning(
          "alarms-not-readable",
          stream.arn,
          ...failed("The alarms on the stream can't be read", error, GRANT),
        ),
      ],
    }),
  );
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

/** Whether the alarm fires if no record arrives, which CloudWatch sees as missing data. */
function isOnSilence({ ComparisonOperator, TreatMissingData }: MetricAlarm): boolean {
  return ComparisonOperator?.startsWith("LessThan") === true && TreatMissingData === "breaching";
}

const ADD_ACTION = "`pulumi config set --path 'alarms.actionArns[0]' TOPIC-ARN && pulumi up`";

function missingAlarms(alarms: Map<Metric, MetricAlarm[]>, streamArn: string): Finding[] {
  const missing = present([
    !alarms.get("IncomingRecords")?.some(isOnSilence) &&
      "missing records (IncomingRecords below 1, missing data as breaching)",
    !alarms.get("WriteProvisionedThroughputExceeded")?.length &&
      "records that the stream rejects for throughput",
  ]);
  const message = `No alarm covers ${missing.join(", or ")}, and Amplitude can't notify this account itself`;
  const remedy = `Run ${ADD_ACTION}, or set alarms: { actionArns: [topic.arn] } in your own stack`;
  return present([missing.length > 0 && finding.warning("alarm-missing", streamArn, message, remedy)]);
}

/** @param addAction Command that gives the alarm an action. */
export function alarmFindings(alarm: MetricAlarm, addAction = ADD_ACTION): Finding[] {
  const { AlarmName = "", AlarmArn, AlarmActions = [], AlarmDescription, StateValue, StateReason } = alarm;
  const where = AlarmArn ?? AlarmName;
  const isOff = alarm.ActionsEnabled === false;
  const why = isOff ? "its actions are switched off" : "it has no action";
  const enable = `\`aws cloudwatch enable-alarm-actions --alarm-names ${shellWord(AlarmName)}\``;
  return present([
    (isOff || AlarmActions.length === 0) &&
      finding.warning(
        "alarm-tells-nobody",
        where,
        `The alarm ${AlarmName} notifies nobody when it is raised: ${why}`,
        `Run ${isOff ? enable : addAction}`,
      ),
    StateValue === "ALARM" &&
      finding.warning(
        "alarm-raised",
        where,
        `The alarm ${AlarmName} is raised: ${StateReason ?? "CloudWatch gives no reason"}`,
        AlarmDescription ||
          "Look at the stream's metrics in CloudWatch, and run `npx amplitude-kinesis verify`",
      ),
  ]);
}
