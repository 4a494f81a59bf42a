import { uniqueId } from "../principals";
import { AwsError } from "../protocol";
import type { Account, Call, Operations, Policy, PolicyVersion, Result } from "./operation";
import {
  alreadyExists,
  deleteConflict,
  limitExceeded,
  noSuchEntity,
  policyArn,
  tagList,
  tagOperations,
  thePolicy,
} from "./operation";
import { description, identityPolicy, mergeTags, path, policyName } from "./validation";

/** "IAM and AWS STS quotas": versions of a managed policy that are kept. */
const MAX_VERSIONS = 5;

export const policyOperations: Operations = {
  CreatePolicy: { resource: newPolicyArn, run: createPolicy },
  GetPolicy: { resource: policyArn, run: (call) => ({ Policy: describe(call.account, thePolicy(call)) }) },
  DeletePolicy: { resource: policyArn, run: deletePolicy },
  GetPolicyVersion: { resource: policyArn, run: getVersion },
  ListPolicyVersions: { resource: policyArn, run: listVersions },
  CreatePolicyVersion: { resource: policyArn, run: createVersion },
  DeletePolicyVersion: { resource: policyArn, run: deleteVersion },
  SetDefaultPolicyVersion: { resource: policyArn, run: setDefaultVersion },
  ...tagOperations("Policy", policyArn, thePolicy),
  ListEntitiesForPolicy: { resource: policyArn, run: listEntities },
};

function createPolicy(call: Call): Result {
  const { account, parameters, now } = call;
  const arn = newPolicyArn(call);
  const policy: Policy = {
    name: policyName(parameters),
    path: path(parameters),
    arn,
    id: uniqueId("ANPA", 17),
    description: description(parameters),
    createDate: now,
    updateDate: now,
    tags: mergeTags(new Map(), parameters),
    versions: new Map(),
    defaultVersionId: "v1",
    versionsCreated: 0,
  };
  addVersion(policy, identityPolicy(parameters), now);
  if (isNameTaken(account, policy.name)) {
    throw alreadyExists(`A policy called ${policy.name} already exists. Duplicate names are not allowed.`);
  }
  account.policies.set(arn, policy);
  return { Policy: describe(account, policy) };
}

function deletePolicy(call: Call): undefined {
  const policy = thePolicy(call);
  if (attachments(call.account, policy).length + boundaryUses(call.account, policy).length > 0) {
    throw deleteConflict("Cannot delete a policy attached to entities.");
  }
  if (policy.versions.size > 1) {
    throw deleteConflict(
      "This policy has more than one version. Before you delete a policy, delete its versions.",
    );
  }
  call.account.policies.delete(policy.arn);
}

function getVersion(call: Call): Result {
  const policy = thePolicy(call);
  const version = theVersion(call, policy);
  return {
    PolicyVersion: { Document: encodeURIComponent(version.document), ...describeVersion(policy, version) },
  };
}

function listVersions(call: Call): Result {
  const policy = thePolicy(call);
  const newestFirst = [...policy.versions.values()].reverse();
  return { Versions: newestFirst.map((version) => describeVersion(policy, version)), IsTruncated: false };
}

function createVersion(call: Call): Result {
  const policy = thePolicy(call);
  const document = identityPolicy(call.parameters);
  if (policy.versions.size >= MAX_VERSIONS) {
    throw limitExceeded(`A managed policy can have up to ${MAX_VERSIONS} versions.`);
  }
  const version = addVersion(policy, document, call.now);
  if (call.parameters.optional("SetAsDefault") === "true") policy.defaultVersionId = version.id;
  return { PolicyVersion: describeVersion(policy, version) };
}

function deleteVersion(call: Call): undefined {
  const policy = thePolicy(call);
  const { id } = theVersion(call, policy);
  if (id === policy.defaultVersionId) {
    throw deleteConflict("Cannot delete the default version of a policy.");
  }
  policy.versions.delete(id);
}

function setDefaultVersion(call: Call): undefined {
  const policy = thePolicy(call);
  policy.defaultVersionId = theVersion(call, policy).id;
  policy.updateDate = call.now;
}

function listEntities(call: Call): Result {
  const policy = thePolicy(call);
  const isBoundary = call.parameters.optional("PolicyUsageFilter") === "PermissionsBoundary";
  const roles = isBoundary ? boundaryUses(call.account, policy) : attachments(call.account, policy);
  return {
    PolicyRoles: roles.map(({ name, id }) => ({ RoleName: name, RoleId: id })),
    PolicyUsers: [],
    PolicyGroups: [],
    IsTruncated: false,
  };
}

function newPolicyArn({ account, parameters }: Call): string {
  return `arn:aws:iam::${account.id}:policy${path(parameters)}${policyName(parameters)}`;
}

function isNameTaken(account: Account, name: string): boolean {
  return [...account.policies.values()].some((policy) => policy.name.toLowerCase() === name.toLowerCase());
}

function addVersion(policy: Policy, document: string, now: Date): PolicyVersion {
  policy.versionsCreated += 1;
  const version = { id: `v${policy.versionsCreated}`, document, createDate: now };
  policy.versions.set(version.id, version);
  policy.updateDate = now;
  return version;
}

function theVersion({ parameters }: Call, policy: Policy): PolicyVersion {
  const id = parameters.required("VersionId");
  if (!/^v[1-9][0-9]*$/.test(id))
    throw new AwsError("ValidationError", `Version ${id} is not of the form v1.`);
  const version = policy.versions.get(id);
  if (version !== undefined) return version;
  throw noSuchEntity(`Policy ${policy.arn} version ${id} does not exist or is not attachable.`);
}

function attachments(account: Account, { arn }: Policy) {
  return account.rolesWith((role) => role.attachedPolicies.has(arn));
}

function boundaryUses(account: Account, { arn }: Policy) {
  return account.rolesWith((role) => role.boundaryArn === arn);
}

function describe(account: Account, policy: Policy): Result {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersionId,
    AttachmentCount: attachments(account, policy).length,
    PermissionsBoundaryUsageCount: boundaryUses(account, policy).length,
    IsAttachable: true,
    Description: policy.description,
    CreateDate: policy.createDate,
    UpdateDate: policy.updateDate,
    Tags: policy.tags.size > 0 ? tagList(policy.tags) : undefined,
  };
}

function describeVersion(policy: Policy, version: PolicyVersion): Result {
  return {
    VersionId: version.id,
    IsDefaultVersion: version.id === policy.defaultVersionId,
    CreateDate: version.createDate,
  };
}
