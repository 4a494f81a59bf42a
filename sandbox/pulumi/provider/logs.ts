import {
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  DeleteMetricFilterCommand,
  DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand,
  DescribeMetricFiltersCommand,
  ListTagsForResourceCommand,
  PutMetricFilterCommand,
  PutRetentionPolicyCommand,
  ResourceNotFoundException,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import type { Aws } from "./clients";
import { ifFound } from "./clients";
import {
  type CheckFailure,
  number,
  object,
  type Properties,
  requiredText,
  tagChanges,
  tagOutputs,
  text,
  textMap,
} from "./properties";
import type { Found, ResourceType } from "./resourceType";

export const logGroupType: ResourceType = {
  token: "aws:cloudwatch/logGroup:LogGroup",
  properties: {
    name: { type: "string", replaces: true, computed: true },
    region: { type: "string", replaces: true, computed: true },
    retentionInDays: { type: "number", default: 0 },
    skipDestroy: { type: "boolean", default: false, providerOnly: true },
    tags: { type: "stringMap" },
  },
  computedOutputs: ["arn"],
  naming: { longest: 512, characters: /[\w./#-]/, hasPrefix: false },
  create: async (aws, inputs) => {
    const name = requiredText(inputs, "name");
    const tags = textMap(inputs, "tags");
    await aws
      .logs(inputs)
      .send(new CreateLogGroupCommand({ logGroupName: name, ...(Object.keys(tags).length > 0 && { tags }) }));
    return name;
  },
  finish: async (aws, _id, inputs) => retain(aws, inputs),
  read: readGroup,
  update: async (aws, _id, state, inputs) => {
    if (number(state, "retentionInDays") !== number(inputs, "retentionInDays")) await retain(aws, inputs);
    const { removed, put } = tagChanges(state, inputs);
    const resourceArn = requiredText(state, "arn");
    const logs = aws.logs(inputs);
    if (removed.length > 0) await logs.send(new UntagResourceCommand({ resourceArn, tagKeys: removed }));
    if (Object.keys(put).length > 0) await logs.send(new TagResourceCommand({ resourceArn, tags: put }));
  },
  delete: async (aws, id, state) => {
    if (state.skipDestroy === true) return;
    await ifFound(ResourceNotFoundException, () =>
      aws.logs(state).send(new DeleteLogGroupCommand({ logGroupName: id })),
    );
  },
};

/** Zero days mean that nothing expires. */
async function retain(aws: Aws, inputs: Properties): Promise<void> {
  const logGroupName = requiredText(inputs, "name");
  const retentionInDays = number(inputs, "retentionInDays") ?? 0;
  const command =
    retentionInDays === 0
      ? new DeleteRetentionPolicyCommand({ logGroupName })
      : new PutRetentionPolicyCommand({ logGroupName, retentionInDays });
  await aws.logs(inputs).send(command as PutRetentionPolicyCommand);
}

async function readGroup(aws: Aws, id: string, known: Properties = {}): Promise<Found | undefined> {
  const [name = id, region = text(known, "region") ?? aws.region] = id.split("@");
  const logs = aws.logs({ region });
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
  const group = logGroups.find(({ logGroupName }) => logGroupName === name);
  if (group === undefined) return undefined;
  const resourceArn = group.logGroupArn ?? "";
  const { tags = {} } = await logs.send(new ListTagsForResourceCommand({ resourceArn }));
  const retentionInDays = group.retentionInDays ?? 0;
  return { id: name, state: { name, arn: resourceArn, region, retentionInDays, ...tagOutputs(tags) } };
}

const TRANSFORMATION = ["namespace", "name", "value"];

export const logMetricFilterType: ResourceType = {
  token: "aws:cloudwatch/logMetricFilter:LogMetricFilter",
  properties: {
    name: { type: "string", replaces: true, computed: true },
    region: { type: "string", replaces: true, computed: true },
    logGroupName: { type: "string", required: true, replaces: true },
    pattern: { type: "string" },
    metricTransformation: { type: "object", required: true },
  },
  computedOutputs: [],
  naming: { longest: 512, characters: /[^:*]/, hasPrefix: false },
  rules: filterRules,
  create: async (aws, inputs) => {
    await putFilter(aws, inputs);
    return requiredText(inputs, "name");
  },
  read: readFilter,
  update: async (aws, _id, _state, inputs) => putFilter(aws, inputs),
  delete: async (aws, id, state) => {
    const logGroupName = requiredText(state, "logGroupName");
    await ifFound(ResourceNotFoundException, () =>
      aws.logs(state).send(new DeleteMetricFilterCommand({ logGroupName, filterName: id })),
    );
  },
};

/** The pattern is required and may be empty, which the check of required properties takes for missing. */
function filterRules(inputs: Properties): CheckFailure[] {
  const transformation = object(inputs, "metricTransformation");
  const unknown = Object.keys(transformation).filter((key) => !TRANSFORMATION.includes(key));
  return [
    ...(typeof inputs.pattern === "string"
      ? []
      : [{ property: "pattern", reason: "missing required property pattern" }]),
    ...unknown.map((key) => ({
      property: `metricTransformation.${key}`,
      reason: "the sandbox's provider does not support it",
    })),
    ...TRANSFORMATION.filter((key) => typeof transformation[key] !== "string").map((key) => ({
      property: `metricTransformation.${key}`,
      reason: "missing required property",
    })),
  ];
}

async function putFilter(aws: Aws, inputs: Properties): Promise<void> {
  const transformation = object(inputs, "metricTransformation");
  await aws.logs(inputs).send(
    new PutMetricFilterCommand({
      logGroupName: requiredText(inputs, "logGroupName"),
      filterName: requiredText(inputs, "name"),
      filterPattern: text(inputs, "pattern") ?? "",
      metricTransformations: [
        {
          metricNamespace: requiredText(transformation, "namespace"),
          metricName: requiredText(transformation, "name"),
          metricValue: requiredText(transformation, "value"),
        },
      ],
    }),
  );
}

/** Found in the log group of its state, or imported by `LOG_GROUP:NAME`. */
async function readFilter(aws: Aws, id: string, known: Properties = {}): Promise<Found | undefined> {
  const [name = id, logGroupName = text(known, "logGroupName")] = id.split(":").reverse();
  const region = text(known, "region") ?? aws.region;
  const command = new DescribeMetricFiltersCommand({ logGroupName, filterNamePrefix: name });
  const response = await ifFound(ResourceNotFoundException, () => aws.logs({ region }).send(command));
  const filter = response?.metricFilters?.find(({ filterName }) => filterName === name);
  if (filter === undefined) return undefined;
  const { metricNamespace, metricName, metricValue } = filter.metricTransformations?.[0] ?? {};
  const metricTransformation = { namespace: metricNamespace, name: metricName, value: metricValue };
  return {
    id: name,
    state: { name, region, logGroupName, pattern: filter.filterPattern, metricTransformation },
  };
}
