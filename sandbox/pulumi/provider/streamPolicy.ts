import {
  DeleteResourcePolicyCommand,
  GetResourcePolicyCommand,
  PutResourcePolicyCommand,
  ResourceNotFoundException,
} from "@aws-sdk/client-kinesis";
import type { Aws } from "./clients";
import { ifFound } from "./clients";
import { areSamePolicies } from "./diff";
import { type CheckFailure, type Properties, requiredText, text } from "./properties";
import type { Found, ResourceType } from "./resourceType";

export const streamPolicyType: ResourceType = {
  token: "aws:kinesis/resourcePolicy:ResourcePolicy",
  properties: {
    resourceArn: { type: "string", required: true, replaces: true },
    region: { type: "string", replaces: true, computed: true },
    policy: { type: "policyDocument", required: true },
  },
  computedOutputs: [],
  rules,
  create,
  read,
  update: async (aws, _id, state, inputs) => {
    if (!areSamePolicies(state.policy, inputs.policy)) await put(aws, inputs);
  },
  delete: remove,
};

const STREAM_ARN = /^arn:[a-z-]+:kinesis:([a-z0-9-]+):\d{12}:stream\/[^/\s]+$/;

function rules(inputs: Properties): CheckFailure[] {
  const arn = text(inputs, "resourceArn");
  if (arn === undefined || STREAM_ARN.test(arn)) return [];
  return [{ property: "resourceArn", reason: `${JSON.stringify(arn)} must be the ARN of a stream` }];
}

async function create(aws: Aws, inputs: Properties): Promise<string> {
  await put(aws, inputs);
  return requiredText(inputs, "resourceArn");
}

async function put(aws: Aws, inputs: Properties): Promise<void> {
  const ResourceARN = requiredText(inputs, "resourceArn");
  const Policy = requiredText(inputs, "policy");
  await aws.kinesis(inputs).send(new PutResourcePolicyCommand({ ResourceARN, Policy }));
}

/** AWS returns an empty policy for a stream without one, so there is nothing to refresh or import. */
async function read(aws: Aws, id: string): Promise<Found | undefined> {
  const region = regionOf(id);
  return ifFound(ResourceNotFoundException, async () => {
    const { Policy } = await aws.kinesis(region).send(new GetResourcePolicyCommand({ ResourceARN: id }));
    if (Policy === undefined || Policy === "{}") return undefined;
    return { id, state: { resourceArn: id, region, policy: Policy } };
  });
}

async function remove(aws: Aws, id: string): Promise<void> {
  const kinesis = aws.kinesis(regionOf(id));
  await ifFound(ResourceNotFoundException, () =>
    kinesis.send(new DeleteResourcePolicyCommand({ ResourceARN: id })),
  );
}

function regionOf(id: string): string {
  const [, region] = STREAM_ARN.exec(id) ?? [];
  if (region !== undefined) return region;
  throw new Error(`${JSON.stringify(id)} isn't an id of a stream's policy: expected the stream's ARN`);
}
