import type { Call, Operations, Result } from "./operation";
import { limitExceeded, noSuchEntity, policyArn, roleArn, theRole } from "./operation";
import { identityPolicy, policyName } from "./validation";

/** "IAM and AWS STS quotas": managed policies attached to a role. */
const MAX_ATTACHED_POLICIES = 10;

/** What is attached to a role, and what is written into it. */
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
