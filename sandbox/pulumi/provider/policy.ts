import type { Policy, PolicyVersion } from "@aws-sdk/client-iam";
import {
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  NoSuchEntityException,
  paginateListPolicyVersions,
  TagPolicyCommand,
  UntagPolicyCommand,
} from "@aws-sdk/client-iam";
import { nameFromPrefix } from "./check";
import type { Aws } from "./clients";
import { ifFound } from "./clients";
import { areSamePolicies } from "./diff";
import {
  type Properties,
  present,
  requiredText,
  tagChanges,
  tagList,
  tagMap,
  tagOutputs,
  text,
  textMap,
} from "./properties";
import type { Found, ResourceType } from "./resourceType";

export const policyType: ResourceType = {
  token: "aws:iam/policy:Policy",
  properties: {
    name: { type: "string", replaces: true, computed: true },
    namePrefix: { type: "string", replaces: true, providerOnly: true },
    path: { type: "string", default: "/", replaces: true },
    description: { type: "string", replaces: true },
    policy: { type: "policyDocument", required: true },
    tags: { type: "stringMap" },
  },
  computedOutputs: ["arn", "policyId", "attachmentCount"],
  naming: { longest: 128, characters: /[\w+=,.@-]/, hasPrefix: true },
  create,
  read,
  update,
  delete: remove,
};

async function create(aws: Aws, inputs: Properties): Promise<string> {
  const PolicyName = text(inputs, "name") ?? nameFromPrefix(requiredText(inputs, "namePrefix"), new Date());
  const { Policy } = await aws.iam.send(
    new CreatePolicyCommand({
      PolicyName,
      PolicyDocument: requiredText(inputs, "policy"),
      Tags: tagList(textMap(inputs, "tags")),
      ...present({ Path: text(inputs, "path"), Description: text(inputs, "description") }),
    }),
  );
  if (Policy?.Arn === undefined) throw new Error(`IAM gave no ARN for the policy ${PolicyName}`);
  return Policy.Arn;
}

async function read(aws: Aws, id: string): Promise<Found | undefined> {
  return ifFound(NoSuchEntityException, async () => {
    const { Policy } = await aws.iam.send(new GetPolicyCommand({ PolicyArn: id }));
    if (Policy === undefined) return undefined;
    const { PolicyVersion } = await aws.iam.send(
      new GetPolicyVersionCommand({ PolicyArn: id, VersionId: Policy.DefaultVersionId }),
    );
    return { id, state: stateOf(Policy, decodeURIComponent(PolicyVersion?.Document ?? "")) };
  });
}

function stateOf(policy: Policy, document: string): Properties {
  return {
    ...present({
      name: policy.PolicyName,
      arn: policy.Arn,
      path: policy.Path,
      policyId: policy.PolicyId,
      description: policy.Description || undefined,
      attachmentCount: policy.AttachmentCount,
      policy: document,
    }),
    ...tagOutputs(tagMap(policy.Tags)),
  };
}

async function update(aws: Aws, id: string, state: Properties, inputs: Properties): Promise<void> {
  const PolicyDocument = requiredText(inputs, "policy");
  if (!areSamePolicies(state.policy, PolicyDocument)) {
    await makeRoomForVersion(aws, id);
    await aws.iam.send(new CreatePolicyVersionCommand({ PolicyArn: id, PolicyDocument, SetAsDefault: true }));
  }
  const { removed, put } = tagChanges(state, inputs);
  if (removed.length > 0) await aws.iam.send(new UntagPolicyCommand({ PolicyArn: id, TagKeys: removed }));
  if (Object.keys(put).length > 0)
    await aws.iam.send(new TagPolicyCommand({ PolicyArn: id, Tags: tagList(put) }));
}

/** Source: AWS, "IAM and AWS STS quotas": versions of a managed policy. */
const MAX_VERSIONS = 5;

async function makeRoomForVersion(aws: Aws, PolicyArn: string): Promise<void> {
  const versions = await policyVersions(aws, PolicyArn);
  if (versions.length < MAX_VERSIONS) return;
  const [oldest] = versions
    .filter(({ IsDefaultVersion }) => IsDefaultVersion !== true)
    .sort((a, b) => ordinal(a) - ordinal(b));
  await aws.iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: oldest?.VersionId }));
}

/** Compares version numbers, because two versions of the same second have the same date. */
function ordinal({ VersionId }: PolicyVersion): number {
  return Number(VersionId?.slice(1));
}

async function remove(aws: Aws, id: string): Promise<void> {
  await ifFound(NoSuchEntityException, async () => {
    for (const { IsDefaultVersion, VersionId } of await policyVersions(aws, id)) {
      if (IsDefaultVersion !== true) {
        await aws.iam.send(new DeletePolicyVersionCommand({ PolicyArn: id, VersionId }));
      }
    }
    await aws.iam.send(new DeletePolicyCommand({ PolicyArn: id }));
  });
}

async function policyVersions(aws: Aws, PolicyArn: string): Promise<PolicyVersion[]> {
  const versions: PolicyVersion[] = [];
  for await (const page of paginateListPolicyVersions({ client: aws.iam }, { PolicyArn })) {
    versions.push(...(page.Versions ?? []));
  }
  return versions;
}
