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
  type Properties,
  pick,
  present,
  requiredText,
  tagChanges,
  tagList,
  tagMap,
  tagOutputs,
  text,
  textMap,
} from "./properties";
import type { Found, PropertySpec, ResourceType } from "./resourceType";

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
  create: async (aws, inputs) => {
    await put(aws, inputs, { Tags: tagList(textMap(inputs, "tags")) });
    return requiredText(inputs, "name");
  },
  read,
  update,
  delete: async (aws, id, state) => {
    const command = new DeleteAlarmsCommand({ AlarmNames: [id] });
    await ifFound(ResourceNotFound, () => aws.cloudwatch(state).send(command));
  },
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

/** Properties with the names of the API's members, whose first letter is a capital. */
const MEMBERS = [
  "alarmDescription",
  "comparisonOperator",
  "evaluationPeriods",
  "datapointsToAlarm",
  "threshold",
  "metricName",
  "namespace",
  "period",
  "statistic",
  "treatMissingData",
  "actionsEnabled",
  "alarmActions",
  "okActions",
  "insufficientDataActions",
];

function memberOf(property: string): string {
  return property === "okActions" ? "OKActions" : property.charAt(0).toUpperCase() + property.slice(1);
}

async function put(
  aws: Aws,
  inputs: Properties,
  extra: Pick<PutMetricAlarmCommandInput, "Tags">,
): Promise<void> {
  const members = Object.entries(pick(inputs, MEMBERS)).filter(([, value]) => value !== "");
  const request = {
    ...extra,
    ...Object.fromEntries(members.map(([key, value]) => [memberOf(key), value])),
    AlarmName: requiredText(inputs, "name"),
    Dimensions: Object.entries(textMap(inputs, "dimensions")).map(([Name, Value]) => ({ Name, Value })),
  };
  await aws.cloudwatch(inputs).send(new PutMetricAlarmCommand(request as PutMetricAlarmCommandInput));
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
  const members = MEMBERS.map((key) => [key, alarm[memberOf(key) as keyof MetricAlarm]]);
  return {
    ...present(Object.fromEntries(members)),
    name: alarm.AlarmName,
    arn: alarm.AlarmArn,
    alarmDescription: alarm.AlarmDescription || undefined,
    dimensions: Object.fromEntries(dimensions),
  };
}

/** PutMetricAlarm replaces the whole alarm except its tags. */
async function update(aws: Aws, _id: string, state: Properties, inputs: Properties): Promise<void> {
  const cloudwatch = aws.cloudwatch(inputs);
  await put(aws, inputs, {});
  const { removed, put: added } = tagChanges(state, inputs);
  const ResourceARN = requiredText(state, "arn");
  if (removed.length > 0) await cloudwatch.send(new UntagResourceCommand({ ResourceARN, TagKeys: removed }));
  if (Object.keys(added).length > 0) {
    await cloudwatch.send(new TagResourceCommand({ ResourceARN, Tags: tagList(added) }));
  }
}
