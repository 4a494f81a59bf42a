import {
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand,
  ListTagsForResourceCommand,
  PutRetentionPolicyCommand,
  ResourceNotFoundException,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import type { Aws } from "./clients";
import { ifFound } from "./clients";
import { number, type Properties, requiredText, text, textMap } from "./properties";
import type { Found, ResourceType } from "./resourceType";
import { tagChanges, tagOutputs } from "./tags";

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
  plannedOutputs: (aws, inputs) => ({ region: text(inputs, "region") ?? aws.region }),
  create: async (aws, inputs) => {
    const name = requiredText(inputs, "name");
    const tags = textMap(inputs, "tags");
    await clientOf(aws, inputs).send(
      new CreateLogGroupCommand({ logGroupName: name, ...(Object.keys(tags).length > 0 && { tags }) }),
    );
    return name;
  },
  finish: async (aws, _id, inputs) => retain(aws, inputs),
  read,
  update: async (aws, _id, state, inputs) => {
    if (number(state, "retentionInDays") !== number(inputs, "retentionInDays")) await retain(aws, inputs);
    const { removed, put } = tagChanges(state, inputs);
    const resourceArn = requiredText(state, "arn");
    const logs = clientOf(aws, inputs);
    if (removed.length > 0) await logs.send(new UntagResourceCommand({ resourceArn, tagKeys: removed }));
    if (Object.keys(put).length > 0) await logs.send(new TagResourceCommand({ resourceArn, tags: put }));
  },
  delete: async (aws, id, state) => {
    if (state.skipDestroy === true) return;
    await ifFound(ResourceNotFoundException, () =>
      clientOf(aws, state).send(new DeleteLogGroupCommand({ logGroupName: id })),
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
  await clientOf(aws, inputs).send(command as PutRetentionPolicyCommand);
}

async function read(aws: Aws, id: string, known: Properties = {}): Promise<Found | undefined> {
  const [name = id, region = text(known, "region") ?? aws.region] = id.split("@");
  const logs = clientOf(aws, { region });
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
  const group = logGroups.find(({ logGroupName }) => logGroupName === name);
  if (group === undefined) return undefined;
  const resourceArn = group.logGroupArn ?? "";
  const { tags = {} } = await logs.send(new ListTagsForResourceCommand({ resourceArn }));
  const retentionInDays = group.retentionInDays ?? 0;
  return { id: name, state: { name, arn: resourceArn, region, retentionInDays, ...tagOutputs(tags) } };
}

function clientOf(aws: Aws, properties: Properties) {
  return aws.logs(text(properties, "region") ?? aws.region);
}
