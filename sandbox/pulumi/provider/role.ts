import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  ListInstanceProfilesForRoleCommand,
  NoSuchEntityException,
  PutRolePermissionsBoundaryCommand,
  paginateListAttachedRolePolicies,
  paginateListRolePolicies,
  type Role,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  UpdateRoleDescriptionCommand,
} from "@aws-sdk/client-iam";
import { nameFromPrefix } from "./check";
import type { Aws } from "./clients";
import { ifFound } from "./clients";
import { areSamePolicies } from "./diff";
import {
  type CheckFailure,
  number,
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

export const roleType: ResourceType = {
  token: "aws:iam/role:Role",
  properties: {
    name: { type: "string", replaces: true, computed: true },
    namePrefix: { type: "string", replaces: true, providerOnly: true },
    path: { type: "string", default: "/", replaces: true },
    assumeRolePolicy: { type: "policyDocument", required: true },
    description: { type: "string" },
    maxSessionDuration: { type: "number", default: 3600 },
    permissionsBoundary: { type: "string" },
    forceDetachPolicies: { type: "boolean", default: false, providerOnly: true },
    tags: { type: "stringMap" },
  },
  computedOutputs: ["arn", "createDate", "uniqueId", "managedPolicyArns"],
  naming: { longest: 64, characters: /[\w+=,.@-]/, hasPrefix: true },
  rules,
  create,
  read,
  update,
  delete: remove,
};

/** Source: AWS, IAM API Reference, CreateRole. */
function rules(inputs: Properties): CheckFailure[] {
  const seconds = number(inputs, "maxSessionDuration");
  if (seconds === undefined || (seconds >= 3600 && seconds <= 43200)) return [];
  return [{ property: "maxSessionDuration", reason: `${seconds} must be from 3600 to 43200 seconds` }];
}

async function create(aws: Aws, inputs: Properties): Promise<string> {
  const name = text(inputs, "name") ?? nameFromPrefix(requiredText(inputs, "namePrefix"), new Date());
  const { Role } = await aws.iam.send(
    new CreateRoleCommand({
      RoleName: name,
      AssumeRolePolicyDocument: requiredText(inputs, "assumeRolePolicy"),
      Tags: tagList(textMap(inputs, "tags")),
      ...present({
        Path: text(inputs, "path"),
        Description: text(inputs, "description"),
        MaxSessionDuration: number(inputs, "maxSessionDuration"),
        PermissionsBoundary: text(inputs, "permissionsBoundary"),
      }),
    }),
  );
  return Role?.RoleName ?? name;
}

async function read(aws: Aws, id: string): Promise<Found | undefined> {
  const role = await ifFound(NoSuchEntityException, async () => {
    return (await aws.iam.send(new GetRoleCommand({ RoleName: id }))).Role;
  });
  if (role === undefined) return undefined;
  const managedPolicyArns = await attachedPolicyArns(aws, id);
  return { id, state: { ...stateOf(role), managedPolicyArns } };
}

function stateOf(role: Role): Properties {
  return {
    ...present({
      name: role.RoleName,
      arn: role.Arn,
      path: role.Path,
      uniqueId: role.RoleId,
      createDate: role.CreateDate?.toISOString().replace(".000Z", "Z"),
      assumeRolePolicy: decodeURIComponent(role.AssumeRolePolicyDocument ?? ""),
      description: role.Description || undefined,
      maxSessionDuration: role.MaxSessionDuration,
      permissionsBoundary: role.PermissionsBoundary?.PermissionsBoundaryArn,
    }),
    ...tagOutputs(tagMap(role.Tags)),
  };
}

async function update(aws: Aws, id: string, state: Properties, inputs: Properties): Promise<void> {
  const RoleName = id;
  const trust = requiredText(inputs, "assumeRolePolicy");
  if (!areSamePolicies(state.assumeRolePolicy, trust)) {
    await aws.iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust }));
  }
  const description = text(inputs, "description");
  if (description !== text(state, "description")) {
    await aws.iam.send(new UpdateRoleDescriptionCommand({ RoleName, Description: description ?? "" }));
  }
  const seconds = number(inputs, "maxSessionDuration");
  if (seconds !== undefined && seconds !== number(state, "maxSessionDuration")) {
    await aws.iam.send(new UpdateRoleCommand({ RoleName, MaxSessionDuration: seconds }));
  }
  await updateBoundary(
    aws,
    RoleName,
    text(state, "permissionsBoundary"),
    text(inputs, "permissionsBoundary"),
  );
  const { removed, put } = tagChanges(state, inputs);
  if (removed.length > 0) await aws.iam.send(new UntagRoleCommand({ RoleName, TagKeys: removed }));
  if (Object.keys(put).length > 0) await aws.iam.send(new TagRoleCommand({ RoleName, Tags: tagList(put) }));
}

async function updateBoundary(aws: Aws, RoleName: string, old?: string, wanted?: string): Promise<void> {
  if (old === wanted) return;
  if (wanted === undefined) await aws.iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName }));
  else await aws.iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: wanted }));
}

/** @throws DeleteConflictException if policies are still attached, unless `forceDetachPolicies` was set. */
async function remove(aws: Aws, id: string, state: Properties): Promise<void> {
  await ifFound(NoSuchEntityException, async () => {
    const { InstanceProfiles } = await aws.iam.send(new ListInstanceProfilesForRoleCommand({ RoleName: id }));
    if ((InstanceProfiles ?? []).length > 0)
      throw new Error(`role ${id} is in an instance profile: not supported`);
    if (state.forceDetachPolicies === true) await stripPolicies(aws, id);
    await aws.iam.send(new DeleteRoleCommand({ RoleName: id }));
  });
}

async function stripPolicies(aws: Aws, RoleName: string): Promise<void> {
  for (const PolicyArn of await attachedPolicyArns(aws, RoleName)) {
    await aws.iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
  }
  for await (const page of paginateListRolePolicies({ client: aws.iam }, { RoleName })) {
    for (const PolicyName of page.PolicyNames ?? []) {
      await aws.iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
    }
  }
}

async function attachedPolicyArns(aws: Aws, RoleName: string): Promise<string[]> {
  const arns: string[] = [];
  for await (const page of paginateListAttachedRolePolicies({ client: aws.iam }, { RoleName })) {
    for (const { PolicyArn } of page.AttachedPolicies ?? [])
      if (PolicyArn !== undefined) arns.push(PolicyArn);
  }
  return arns.sort();
}

export const rolePolicyAttachmentType: ResourceType = {
  token: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  properties: {
    role: { type: "string", required: true, replaces: true },
    policyArn: { type: "string", required: true, replaces: true },
  },
  computedOutputs: [],
  create: attach,
  read: readAttachment,
  update: async () => {
    throw new Error("every property of an attachment replaces it: there is nothing to update");
  },
  delete: detach,
};

async function attach(aws: Aws, inputs: Properties): Promise<string> {
  const [RoleName, PolicyArn] = [requiredText(inputs, "role"), requiredText(inputs, "policyArn")];
  await aws.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  return `${RoleName}/${PolicyArn}`;
}

async function readAttachment(aws: Aws, id: string): Promise<Found | undefined> {
  const { RoleName, PolicyArn } = partsOf(id);
  return ifFound(NoSuchEntityException, async () => {
    for await (const page of paginateListAttachedRolePolicies({ client: aws.iam }, { RoleName })) {
      const isAttached = page.AttachedPolicies?.some((attached) => attached.PolicyArn === PolicyArn);
      if (isAttached === true) return { id, state: { role: RoleName, policyArn: PolicyArn } };
    }
    return undefined;
  });
}

async function detach(aws: Aws, id: string): Promise<void> {
  await ifFound(NoSuchEntityException, () => aws.iam.send(new DetachRolePolicyCommand(partsOf(id))));
}

/** The real provider's import id: `role/policyArn`. A role's name holds no slash. */
function partsOf(id: string): { RoleName: string; PolicyArn: string } {
  const slash = id.indexOf("/");
  const [RoleName, PolicyArn] = [id.slice(0, slash), id.slice(slash + 1)];
  if (slash > 0 && PolicyArn.startsWith("arn:")) return { RoleName, PolicyArn };
  throw new Error(`${JSON.stringify(id)} isn't an id of an attachment: expected ROLE_NAME/POLICY_ARN`);
}
