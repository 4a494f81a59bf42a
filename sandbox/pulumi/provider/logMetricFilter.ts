import {
  DeleteMetricFilterCommand,
  DescribeMetricFiltersCommand,
  type MetricTransformation,
  PutMetricFilterCommand,
  ResourceNotFoundException,
} from "@aws-sdk/client-cloudwatch-logs";
import type { Aws } from "./clients";
import { ifFound } from "./clients";
import { type CheckFailure, object, type Properties, requiredText, text } from "./properties";
import type { Found, ResourceType } from "./resourceType";

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
  rules,
  plannedOutputs: (aws, inputs) => ({ region: text(inputs, "region") ?? aws.region }),
  create: async (aws, inputs) => {
    await put(aws, inputs);
    return requiredText(inputs, "name");
  },
  read,
  update: async (aws, _id, _state, inputs) => put(aws, inputs),
  delete: async (aws, id, state) => {
    const logGroupName = requiredText(state, "logGroupName");
    await ifFound(ResourceNotFoundException, () =>
      clientOf(aws, state).send(new DeleteMetricFilterCommand({ logGroupName, filterName: id })),
    );
  },
};

/** The pattern is required and may be empty, which the check of required properties takes for missing. */
function rules(inputs: Properties): CheckFailure[] {
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

async function put(aws: Aws, inputs: Properties): Promise<void> {
  const transformation = object(inputs, "metricTransformation");
  await clientOf(aws, inputs).send(
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
async function read(aws: Aws, id: string, known: Properties = {}): Promise<Found | undefined> {
  const [name = id, logGroupName = text(known, "logGroupName")] = id.split(":").reverse();
  const region = text(known, "region") ?? aws.region;
  const command = new DescribeMetricFiltersCommand({ logGroupName, filterNamePrefix: name });
  const response = await ifFound(ResourceNotFoundException, () => clientOf(aws, { region }).send(command));
  const filter = response?.metricFilters?.find(({ filterName }) => filterName === name);
  if (filter === undefined) return undefined;
  const metricTransformation = stateOf(filter.metricTransformations?.[0]);
  return {
    id: name,
    state: { name, region, logGroupName, pattern: filter.filterPattern, metricTransformation },
  };
}

function stateOf({
  metricNamespace,
  metricName,
  metricValue,
}: Partial<MetricTransformation> = {}): Properties {
  return { namespace: metricNamespace, name: metricName, value: metricValue };
}

function clientOf(aws: Aws, properties: Properties) {
  return aws.logs(text(properties, "region") ?? aws.region);
}
