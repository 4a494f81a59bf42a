import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  paginateListAttachedRolePolicies,
  paginateListRolePolicies,
  type Role,
} from "@aws-sdk/client-iam";
import { GENERATE_DATA_KEY_ACTION, SIMULATE_ACTION, WRITE_ACTIONS } from "../../components/contract";
import { pollUntil, type WaitOptions } from "../aws/pollUntil";
import { roleNameOf } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import { ACTIONS } from "./iam/actions";
import { conditionTests, parseStatements, type Statement, strings } from "./iam/policy";
import { failed, grantRemedy, inspect, isNamed } from "./inspection";

/** The role as the operator sees it. */
export interface RoleState {
  /** Trust policy. Absent if it could not be read. */
  trustDocument?: string;
  /** Why there is no document, if the role exists. */
  error?: unknown;
  /** Response of IAM. Absent if the role could not be read. */
  description?: Role;
  findings: Finding[];
}

/** Reads the role with the operator's credentials, and waits for a new one to propagate. */
export function readRole(client: IAMClient, roleArn: string, wait: WaitOptions): Promise<RoleState> {
  return pollUntil(
    () => readOnce(client, roleArn),
    ({ findings }) => findings.length === 0,
    wait,
  );
}

function readOnce(client: IAMClient, roleArn: string): Promise<RoleState> {
  return inspect<RoleState>(
    async () => {
      const { Role } = await client.send(new GetRoleCommand({ RoleName: roleNameOf(roleArn) }));
      if (Role?.Arn === undefined) throw new Error("the response to GetRole has no role");
      // Source: AWS, IAM API Reference, GetRole: the document is URL-encoded (RFC 3986).
      const trustDocument = decodeURIComponent(Role.AssumeRolePolicyDocument ?? "");
      // The name can match although the ARN doesn't, and Amplitude uses the ARN.
      const other = `The role's ARN is ${Role.Arn}, not the given one`;
      const remedy = "Give Amplitude, and this command, the ARN that `pulumi stack output roleArn` prints";
      const findings = Role.Arn === roleArn ? [] : [notFound(roleArn, other, remedy)];
      return { trustDocument, findings, description: Role };
    },
    (error) => {
      if (!isNamed(error, "NoSuchEntityException")) return { findings: [], error };
      const remedy =
        "Compare the ARN with `pulumi stack output roleArn`. If the role is gone, run `pulumi up --refresh`, and enter the new role's ARN in Amplitude's form";
      return { findings: [notFound(roleArn, "There is no such role", remedy)] };
    },
  );
}

function notFound(roleArn: string, message: string, remedy: string): Finding {
  return finding.error("role-not-found", roleArn, `${message}, so Amplitude can't assume it`, remedy);
}

/** A policy that grants the role permissions. */
export interface RolePolicy {
  name: string;
  /** ARN of a managed policy. Absent for an inline one. */
  arn?: string;
  /** Number of principals that a managed policy is attached to, and uses as their boundary. Absent for an inline one. */
  uses?: number;
  document: string;
}

export interface RolePolicies {
  /** Null if they could not be listed. */
  names: string[] | null;
  /** ARNs of the managed ones. Null if they could not be listed. */
  arns: string[] | null;
  findings: Finding[];
}

/** The only resources that the role's policies need to name. */
export interface NeededResources {
  streamArn: string;
  roleArn: string;
  /** Customer managed key of the stream, as the stream names it. */
  kmsKeyId?: string | undefined;
}

/** Reads every attached and inline policy of the role, and finds what each allows beyond the contract. */
export function checkRolePolicies(
  client: IAMClient,
  needed: NeededResources,
  boundaryArn: string | undefined,
): Promise<RolePolicies> {
  const RoleName = roleNameOf(needed.roleArn);
  return inspect<RolePolicies>(
    async () => {
      const policies = await readPolicies(client, RoleName);
      return {
        names: policies.map(({ name }) => name),
        arns: policies.flatMap(({ arn }) => (arn === undefined ? [] : [arn])),
        findings: policies.flatMap((policy) => breadthFindings(policy, needed, boundaryArn)),
      };
    },
    (error) => {
      const message = "The role's policies can't be read, so they may allow more than Amplitude needs";
      const problem = failed(message, error, GRANT);
      const unread = finding.warning("policies-not-readable", needed.roleArn, ...problem);
      return { names: null, arns: null, findings: [unread] };
    },
  );
}

/** Reads every policy of the role, with its document. */
export async function readPolicies(client: IAMClient, RoleName: string): Promise<RolePolicy[]> {
  const policies: RolePolicy[] = [];
  for await (const { AttachedPolicies = [] } of paginateListAttachedRolePolicies({ client }, { RoleName })) {
    for (const { PolicyName: name = "", PolicyArn: arn = "" } of AttachedPolicies) {
      const { Policy } = await client.send(new GetPolicyCommand({ PolicyArn: arn }));
      const version = { PolicyArn: arn, VersionId: Policy?.DefaultVersionId };
      const { PolicyVersion } = await client.send(new GetPolicyVersionCommand(version));
      const uses = (Policy?.AttachmentCount ?? 0) + (Policy?.PermissionsBoundaryUsageCount ?? 0);
      policies.push({ name, arn, uses, document: decoded(PolicyVersion?.Document) });
    }
  }
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

function breadthFindings(
  { name, arn, document }: RolePolicy,
  needed: NeededResources,
  boundaryArn: string | undefined,
): Finding[] {
  const excess = excessOf(document, needed);
  if (excess.length === 0) return [];
  const limit = boundaryArn === undefined ? "" : ` (within the boundary ${boundaryArn})`;
  const roleName = roleNameOf(needed.roleArn);
  const removal =
    arn === undefined
      ? `aws iam delete-role-policy --role-name ${roleName} --policy-name ${name}`
      : `aws iam detach-role-policy --role-name ${roleName} --policy-arn ${arn}`;
  return [
    finding.warning(
      "permissions-too-broad",
      arn ?? `${needed.roleArn}, inline policy ${name}`,
      `The policy ${name} allows the role more than Amplitude needs${limit}: ${excess.join("; ")}`,
      `Run \`pulumi up --refresh\` if it is the stack's own policy and was changed by hand; otherwise run \`${removal}\``,
    ),
  ];
}

const GRANT = grantRemedy(
  [...ACTIONS.readRolePolicies, ...ACTIONS.readPolicies],
  "the role and its policies",
  "check",
);

const ON_STREAM_OR_ROLE = [...WRITE_ACTIONS, SIMULATE_ACTION].map((action) => action.toLowerCase());
const ON_KEY = GENERATE_DATA_KEY_ACTION.toLowerCase();

/**
 * Returns what a policy allows beyond the contract, one phrase each. The vendor's template, which allows three actions
 * on both ARNs, counts as exact: each action applies to only one of the two. Wildcards always count as excess.
 */
export function excessOf(document: string, needed: NeededResources): string[] {
  const statements = parseStatements(document);
  if (statements === undefined)
    return ["an unknown set of actions, because it is not a JSON policy document"];
  return statements
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap((each) => excessOfStatement(each, needed));
}

function excessOfStatement(statement: Statement, needed: NeededResources): string[] {
  const { Action, NotAction, Resource, NotResource, Condition } = statement;
  const resources = NotResource === undefined ? strings(Resource) : undefined;
  const on = resources?.join(", ") ?? `all but ${strings(NotResource).join(", ")}`;
  if (NotAction !== undefined) return [`everything but ${strings(NotAction).join(", ")} on ${on}`];
  return strings(Action).flatMap((action) => {
    const isOnKey = action.toLowerCase() === ON_KEY;
    const isKnown = isOnKey || ON_STREAM_OR_ROLE.includes(action.toLowerCase());
    if (!isKnown || resources === undefined) return [`${action} on ${on}`];
    const others = resources.filter((resource) => !isNeeded(isOnKey, resource, needed));
    if (others.length > 0) return [`${action} on ${others.join(", ")}`];
    const isUnconditional = isOnKey && !isThroughKinesis(Condition);
    return isUnconditional ? [`${action} on ${on} without the condition kms:ViaService`] : [];
  });
}

function isNeeded(
  isOnKey: boolean,
  resource: string,
  { streamArn, roleArn, kmsKeyId }: NeededResources,
): boolean {
  if (!isOnKey) return resource === streamArn || resource === roleArn;
  // A stream may name its key by an alias; a policy can't.
  if (kmsKeyId?.includes(":key/")) return resource === kmsKeyId;
  return kmsKeyId !== undefined && /^arn:aws:kms:[^:*?]+:\d{12}:key\/[^*?]+$/.test(resource);
}

function isThroughKinesis(condition: unknown): boolean {
  return conditionTests(condition).some(
    ({ operator, key, values }) =>
      /^String(Equals|Like)$/.test(operator) &&
      key === "kms:viaservice" &&
      values.length > 0 &&
      values.every((value) => value.startsWith("kinesis.")),
  );
}
