import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRolePolicyCommand,
  type IAMClient,
  paginateListAttachedRolePolicies,
  paginateListRolePolicies,
} from "@aws-sdk/client-iam";
import { credentialsProblem } from "../aws/credentials";
import { describeError, isCredentialsError } from "../aws/errors";
import { roleNameOf } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import { excessOf, type Needed } from "./policyBreadth";

/** A policy that gives the role permissions. */
interface RolePolicy {
  name: string;
  /** Of a managed policy; absent for one that is written into the role. */
  arn?: string;
  document: string;
}

export interface RolePolicies {
  /** Null where they could not be listed. */
  names: string[] | null;
  arns: string[];
  findings: Finding[];
}

/** Reads every attached and inline policy of the role, and finds what each allows beyond the contract. */
export async function checkRolePolicies(
  client: IAMClient,
  needed: Needed,
  boundaryArn: string | undefined,
): Promise<RolePolicies> {
  const RoleName = roleNameOf(needed.roleArn);
  try {
    const policies = [
      ...(await attachedPolicies(client, RoleName)),
      ...(await inlinePolicies(client, RoleName)),
    ];
    const findings = policies.flatMap((policy) => tooBroad(policy, needed, RoleName, boundaryArn));
    const arns = policies.flatMap(({ arn }) => (arn === undefined ? [] : [arn]));
    return { names: policies.map(({ name }) => name), arns, findings };
  } catch (error) {
    if (isCredentialsError(error)) throw credentialsProblem(error);
    return { names: null, arns: [], findings: [notReadable(error, needed.roleArn)] };
  }
}

async function attachedPolicies(client: IAMClient, RoleName: string): Promise<RolePolicy[]> {
  const policies: RolePolicy[] = [];
  for await (const { AttachedPolicies = [] } of paginateListAttachedRolePolicies({ client }, { RoleName })) {
    for (const { PolicyName: name = "", PolicyArn: arn = "" } of AttachedPolicies) {
      const { Policy } = await client.send(new GetPolicyCommand({ PolicyArn: arn }));
      const version = { PolicyArn: arn, VersionId: Policy?.DefaultVersionId };
      const { PolicyVersion } = await client.send(new GetPolicyVersionCommand(version));
      policies.push({ name, arn, document: decoded(PolicyVersion?.Document) });
    }
  }
  return policies;
}

async function inlinePolicies(client: IAMClient, RoleName: string): Promise<RolePolicy[]> {
  const policies: RolePolicy[] = [];
  for await (const { PolicyNames = [] } of paginateListRolePolicies({ client }, { RoleName })) {
    for (const PolicyName of PolicyNames) {
      const { PolicyDocument } = await client.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      policies.push({ name: PolicyName, document: decoded(PolicyDocument) });
    }
  }
  return policies;
}

/** Source: AWS, IAM API Reference, GetPolicyVersion and GetRolePolicy: documents are URL-encoded (RFC 3986). */
function decoded(document: string | undefined): string {
  return decodeURIComponent(document ?? "");
}

function tooBroad(
  policy: RolePolicy,
  needed: Needed,
  roleName: string,
  boundaryArn: string | undefined,
): Finding[] {
  const excess = excessOf(policy.document, needed);
  if (excess.length === 0) return [];
  const held = boundaryArn === undefined ? "" : ` (as far as the boundary ${boundaryArn} lets it)`;
  return [
    finding.warning(
      "permissions-too-broad",
      policy.arn ?? `${needed.roleArn}, inline policy ${policy.name}`,
      `The policy ${policy.name} lets whoever assumes the role do more than Amplitude needs${held}: ${excess.join("; ")}`,
      remedyFor(policy, roleName),
    ),
  ];
}

function remedyFor({ name, arn }: RolePolicy, roleName: string): string {
  const removal =
    arn === undefined
      ? `aws iam delete-role-policy --role-name ${roleName} --policy-name ${name}`
      : `aws iam detach-role-policy --role-name ${roleName} --policy-arn ${arn}`;
  return `Run \`pulumi up --refresh\` if it is the stack's own policy, changed by hand; otherwise \`${removal}\``;
}

function notReadable(error: unknown, where: string): Finding {
  return finding.warning(
    "policies-not-readable",
    where,
    `The role's policies can't be read, so it is not known whether they allow more than Amplitude needs: ${describeError(error)}`,
    "Give the person who runs this iam:ListAttachedRolePolicies, iam:ListRolePolicies and iam:GetRolePolicy on the role, iam:GetPolicy and iam:GetPolicyVersion on its policies (`amplitude-kinesis operator-policy --for check`)",
  );
}
