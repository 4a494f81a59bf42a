import { uniqueId } from "../principals";
import type { Call, Operations, Result, Role } from "./operation";
import {
  alreadyExists,
  deleteConflict,
  limitExceeded,
  noSuchEntity,
  policyArn,
  roleArn,
  tagList,
  tagOperations,
  theRole,
} from "./operation";
import {
  description,
  identityPolicy,
  maxSessionDuration,
  mergeTags,
  path,
  policyName,
  roleName,
  trustPolicy,
} from "./validation";

const DEFAULT_SESSION_SECONDS = 3600;

export const roleOperations: Operations = {
  CreateRole: { resource: newRoleArn, context: boundaryContext, run: createRole },
  GetRole: { resource: roleArn, run: (call) => ({ Role: describeRole(theRole(call)) }) },
  UpdateRole: { resource: roleArn, run: updateRole },
  UpdateRoleDescription: { resource: roleArn, run: updateRoleDescription },
  UpdateAssumeRolePolicy: { resource: roleArn, run: updateTrustPolicy },
  PutRolePermissionsBoundary: { resource: roleArn, context: boundaryContext, run: putBoundary },
  DeleteRolePermissionsBoundary: { resource: roleArn, run: deleteBoundary },
  ...tagOperations("Role", roleArn, theRole),
  DeleteRole: { resource: roleArn, run: deleteRole },
  ListInstanceProfilesForRole: { resource: roleArn, run: listInstanceProfiles },
};

function createRole(call: Call): Result {
  const { account, parameters, now } = call;
  const name = roleName(parameters);
  const role: Role = {
    name,
    path: path(parameters),
    arn: newRoleArn(call),
    id: uniqueId("AROA", 17),
    createDate: now,
    trustPolicy: trustPolicy(parameters, "AssumeRolePolicyDocument"),
    description: description(parameters),
    maxSessionDuration: maxSessionDuration(parameters) ?? DEFAULT_SESSION_SECONDS,
    boundaryArn: boundaryOf(call),
    tags: mergeTags(new Map(), parameters),
    inlinePolicies: new Map(),
    attachedPolicies: new Set(),
  };
  if (account.role(name)) throw alreadyExists(`Role with name ${name} already exists.`);
  account.addRole(role);
  return { Role: describeRole(role) };
}

function updateRole(call: Call): Result {
  const role = theRole(call);
  role.maxSessionDuration = maxSessionDuration(call.parameters) ?? role.maxSessionDuration;
  role.description = description(call.parameters) ?? role.description;
  return {};
}

function updateRoleDescription(call: Call): Result {
  const role = theRole(call);
  role.description = description(call.parameters);
  return { Role: describeRole(role) };
}

function updateTrustPolicy(call: Call): undefined {
  theRole(call).trustPolicy = trustPolicy(call.parameters, "PolicyDocument");
}

function putBoundary(call: Call): undefined {
  const role = theRole(call);
  call.parameters.required("PermissionsBoundary");
  role.boundaryArn = boundaryOf(call);
}

function deleteBoundary(call: Call): undefined {
  const role = theRole(call);
  if (role.boundaryArn === undefined) throw noSuchEntity(`Role ${role.name} has no permissions boundary.`);
  role.boundaryArn = undefined;
}

function deleteRole(call: Call): undefined {
  const role = theRole(call);
  if (role.attachedPolicies.size > 0) {
    throw deleteConflict("Cannot delete entity, must detach all policies first.");
  }
  if (role.inlinePolicies.size > 0) {
    throw deleteConflict("Cannot delete entity, must delete policies first.");
  }
  call.account.removeRole(role);
}

function listInstanceProfiles(call: Call): Result {
  theRole(call);
  return { InstanceProfiles: [], IsTruncated: false };
}

function newRoleArn({ account, parameters }: Call): string {
  return `arn:aws:iam::${account.id}:role${path(parameters)}${roleName(parameters)}`;
}

function boundaryOf({ account, parameters }: Call): string | undefined {
  const arn = parameters.optional("PermissionsBoundary");
  if (arn === undefined || account.policies.has(arn)) return arn;
  throw noSuchEntity(`Scope ARN: ${arn} does not exist or is not attachable.`);
}

function boundaryContext({ parameters }: Call): Record<string, string> {
  const arn = parameters.optional("PermissionsBoundary");
  return arn === undefined ? {} : { "iam:PermissionsBoundary": arn };
}

function describeRole(role: Role): Result {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: role.createDate,
    AssumeRolePolicyDocument: encodeURIComponent(role.trustPolicy),
    Description: role.description,
    MaxSessionDuration: role.maxSessionDuration,
    PermissionsBoundary: role.boundaryArn && {
      PermissionsBoundaryType: "PermissionsBoundaryPolicy",
      PermissionsBoundaryArn: role.boundaryArn,
    },
    Tags: role.tags.size > 0 ? tagList(role.tags) : undefined,
    RoleLastUsed: {},
  };
}

/** "IAM and AWS STS quotas": managed policies attached to a role. */
const MAX_ATTACHED_POLICIES = 10;

/** Operations on a role's attached and inline policies. */
export const rolePolicyOperations: Operations = {
  AttachRolePolicy: { resource: roleArn, context: policyContext, run: attach },
  DetachRolePolicy: { resource: roleArn, context: policyContext, run: detach },
  ListAttachedRolePolicies: { resource: roleArn, run: listAttached },
  PutRolePolicy: { resource: roleArn, run: putInline },
  GetRolePolicy: { resource: roleArn, run: getInline },
  DeleteRolePolicy: { resource: roleArn, run: deleteInline },
  ListRolePolicies: {
    resource: roleArn,
    run: (call) => ({ PolicyNames: [...theRole(call).inlinePolicies.keys()], IsTruncated: false }),
  },
};

function attach(call: Call): undefined {
  const role = theRole(call);
  const arn = policyArn(call);
  if (!call.account.policies.has(arn)) {
    throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
  }
  if (!role.attachedPolicies.has(arn) && role.attachedPolicies.size >= MAX_ATTACHED_POLICIES) {
    throw limitExceeded(`Cannot exceed quota for PoliciesPerRole: ${MAX_ATTACHED_POLICIES}`);
  }
  role.attachedPolicies.add(arn);
}

function detach(call: Call): undefined {
  const arn = policyArn(call);
  if (!theRole(call).attachedPolicies.delete(arn)) throw noSuchEntity(`Policy ${arn} was not found.`);
}

function listAttached(call: Call): Result {
  const attached = [...theRole(call).attachedPolicies].map((arn) => ({
    PolicyName: arn.slice(arn.lastIndexOf("/") + 1),
    PolicyArn: arn,
  }));
  return { AttachedPolicies: attached, IsTruncated: false };
}

function putInline(call: Call): undefined {
  theRole(call).inlinePolicies.set(policyName(call.parameters), identityPolicy(call.parameters));
}

function getInline(call: Call): Result {
  const role = theRole(call);
  const name = policyName(call.parameters);
  const document = role.inlinePolicies.get(name);
  if (document === undefined) throw noInlinePolicy(name);
  return { RoleName: role.name, PolicyName: name, PolicyDocument: encodeURIComponent(document) };
}

function deleteInline(call: Call): undefined {
  const name = policyName(call.parameters);
  if (!theRole(call).inlinePolicies.delete(name)) throw noInlinePolicy(name);
}

function noInlinePolicy(name: string) {
  return noSuchEntity(`The role policy with name ${name} cannot be found.`);
}

function policyContext(call: Call): Record<string, string> {
  return { "iam:PolicyARN": policyArn(call) };
}
