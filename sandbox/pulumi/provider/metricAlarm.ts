import {
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  ListTagsForResourceCommand,
  type MetricAlarm,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  ResourceNotFound,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch";
import type { Aws } from "./clients";
import { ifFound } from "./clients";
import {
  type CheckFailure,
  number,
  type Properties,
  present,
  requiredText,
  text,
  textMap,
  texts,
} from "./properties";
import type { Found, PropertySpec, ResourceType } from "./resourceType";
import { tagChanges, tagList, tagMap, tagOutputs } from "./tags";

const STRING: PropertySpec = { type: "string" };
const ARNS: PropertySpec = { type: "stringSet" };

/** Alarms on one metric with a fixed threshold; those on expressions, bands and percentiles are not supported. */
export const metricAlarmType: ResourceType = {
  token: "aws:cloudwatch/metricAlarm:MetricAlarm",
  properties: {
    name: { type: "string", replaces: true, computed: true },
    region: { type: "string", replaces: true, computed: true },
    alarmDescription: STRING,
    comparisonOperator: { type: "string", required: true },
    evaluationPeriods: { type: "number", required: true },
    datapointsToAlarm: { type: "number" },
    threshold: { type: "number" },
    metricName: STRING,
    namespace: STRING,
    period: { type: "number" },
    statistic: STRING,
    dimensions: { type: "stringMap" },
    treatMissingData: { type: "string", default: "missing" },
    actionsEnabled: { type: "boolean", default: true },
    alarmActions: ARNS,
    okActions: ARNS,
    insufficientDataActions: ARNS,
    tags: { type: "stringMap" },
  },
  computedOutputs: ["arn"],
  naming: { longest: 255, characters: /[^\p{C}]/u, hasPrefix: false },
  rules,
  plannedOutputs: (aws, inputs) => ({ region: text(inputs, "region") ?? aws.region }),
  create: async (aws, inputs) => {
    await put(aws, inputs, { Tags: tagList(textMap(inputs, "tags")) });
    return requiredText(inputs, "name");
  },
  read,
  update,
  delete: remove,
};

function rules(inputs: Properties): CheckFailure[] {
  const name = text(inputs, "metricName");
  const wanted = ["namespace", "period", "statistic", "threshold"];
  if (name === undefined)
    return [{ property: "metricName", reason: "missing: only alarms on a metric are supported" }];
  return wanted
    .filter((property) => inputs[property] === undefined)
    .map((property) => ({ property, reason: "is needed for an alarm on a metric" }));
}

async function put(
  aws: Aws,
  inputs: Properties,
  extra: Pick<PutMetricAlarmCommandInput, "Tags">,
): Promise<void> {
  await clientOf(aws, inputs).send(
    new PutMetricAlarmCommand({
      ...extra,
      AlarmName: requiredText(inputs, "name"),
      ComparisonOperator: requiredText(inputs, "comparisonOperator") as MetricAlarm["ComparisonOperator"],
      EvaluationPeriods: number(inputs, "evaluationPeriods"),
      Threshold: number(inputs, "threshold"),
      MetricName: text(inputs, "metricName"),
      Namespace: text(inputs, "namespace"),
      Period: number(inputs, "period"),
      Statistic: text(inputs, "statistic") as MetricAlarm["Statistic"],
      Dimensions: Object.entries(textMap(inputs, "dimensions")).map(([Name, Value]) => ({ Name, Value })),
      TreatMissingData: text(inputs, "treatMissingData"),
      ActionsEnabled: inputs.actionsEnabled !== false,
      AlarmActions: texts(inputs, "alarmActions"),
      OKActions: texts(inputs, "okActions"),
      InsufficientDataActions: texts(inputs, "insufficientDataActions"),
      ...present({
        AlarmDescription: text(inputs, "alarmDescription"),
        DatapointsToAlarm: number(inputs, "datapointsToAlarm"),
      }),
    }),
  );
}

/** An alarm is identified by its name, in the region of its state. It is imported by its name or by `name@region`. */
async function read(aws: Aws, id: string, known: Properties = {}): Promise<Found | undefined> {
  const [name = id, region = text(known, "region") ?? aws.region] = id.split("@");
  const cloudwatch = aws.cloudwatch(region);
  const { MetricAlarms } = await cloudwatch.send(
    new DescribeAlarmsCommand({ AlarmNames: [name], AlarmTypes: ["MetricAlarm"] }),
  );
  const [alarm] = MetricAlarms ?? [];
  if (alarm === undefined) return undefined;
  const { Tags } = await cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN: alarm.AlarmArn }));
  return { id: name, state: { ...stateOf(alarm), region, ...tagOutputs(tagMap(Tags)) } };
}

function stateOf(alarm: MetricAlarm): Properties {
  const dimensions = (alarm.Dimensions ?? []).map(({ Name, Value }) => [Name, Value]);
  return present({
    name: alarm.AlarmName,
    arn: alarm.AlarmArn,
    alarmDescription: alarm.AlarmDescription || undefined,
    comparisonOperator: alarm.ComparisonOperator,
    evaluationPeriods: alarm.EvaluationPeriods,
    datapointsToAlarm: alarm.DatapointsToAlarm,
    threshold: alarm.Threshold,
    metricName: alarm.MetricName,
    namespace: alarm.Namespace,
    period: alarm.Period,
    statistic: alarm.Statistic,
    dimensions: Object.fromEntries(dimensions),
    treatMissingData: alarm.TreatMissingData ?? "missing",
    actionsEnabled: alarm.ActionsEnabled,
    alarmActions: alarm.AlarmActions ?? [],
    okActions: alarm.OKActions ?? [],
    insufficientDataActions: alarm.InsufficientDataActions ?? [],
  });
}

/** PutMetricAlarm replaces the whole alarm except its tags. */
async function update(aws: Aws, _id: string, state: Properties, inputs: Properties): Promise<void> {
  const cloudwatch = clientOf(aws, inputs);
  await put(aws, inputs, {});
  const { removed, put: added } = tagChanges(state, inputs);
  const ResourceARN = requiredText(state, "arn");
  if (removed.length > 0) await cloudwatch.send(new UntagResourceCommand({ ResourceARN, TagKeys: removed }));
  if (Object.keys(added).length > 0) {
    await cloudwatch.send(new TagResourceCommand({ ResourceARN, Tags: tagList(added) }));
  }
}

async function remove(aws: Aws, id: string, state: Properties): Promise<void> {
  await ifFound(ResourceNotFound, () =>
    clientOf(aws, state).send(new DeleteAlarmsCommand({ AlarmNames: [id] })),
  );
}

function clientOf(aws: Aws, properties: Properties) {
  return aws.cloudwatch(text(properties, "region") ?? aws.region);
}
