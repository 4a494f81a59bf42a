import type { RequestAnalysis, RunSimulationResults } from "@cloud-copilot/iam-simulate";
import { isWildcardOnlyAction, runSimulation } from "@cloud-copilot/iam-simulate";
import type { Grants, PolicyDocument, Principal } from "./principals";
import { Refusal } from "./protocol";

export interface Question {
  principalArn: string;
  grants: Grants;
  action: string;
  /** An ARN, or `*` for actions without a resource. */
  resource: string;
  /** The account that owns the resource: across accounts both sides must allow. */
  resourceAccountId: string;
  /** Condition keys. The decision ignores keys that the action doesn't support. */
  context: Record<string, string | string[]>;
  /** The trust policy of a role to assume, or the policy of a stream. */
  resourcePolicy?: PolicyDocument;
}

export interface Decision {
  outcome: "Allowed" | "ExplicitlyDenied" | "ImplicitlyDenied";
  analysis: RequestAnalysis | undefined;
}

/** The policy evaluator could not evaluate the question, so there is no decision. */
export class UndecidedError extends Error {
  constructor(
    readonly reason: string,
    question: Question,
    details: unknown,
  ) {
    super(
      `The policy evaluator could not decide ${question.action} on ${question.resource} ` +
        `for ${question.principalArn}: ${reason}. ${JSON.stringify(details)}`,
    );
  }
}

/** @throws UndecidedError if the evaluator reports an error instead of a decision. */
export async function decide(question: Question): Promise<Decision> {
  const { principalArn, grants, action, resource, resourceAccountId, context, resourcePolicy } = question;
  const results = await runSimulation(
    {
      request: {
        principal: principalArn,
        action,
        resource: { resource, accountId: resourceAccountId },
        contextVariables: context,
      },
      identityPolicies: grants.identityPolicies,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(resourcePolicy && { resourcePolicy }),
      ...(grants.boundary && { permissionBoundaryPolicies: [grants.boundary] }),
    },
    {},
  );
  if (results.resultType === "error")
    throw new UndecidedError(results.errors.message, question, results.errors);
  return readResults(results, resource);
}

/** Reads only the result for the pattern itself, because the evaluator also reports narrower resources. */
function readResults(
  results: Exclude<RunSimulationResults, { resultType: "error" }>,
  resource: string,
): Decision {
  if (results.resultType === "single") {
    return { outcome: results.overallResult, analysis: results.result.analysis };
  }
  if (results.overallResult === "ExplicitlyDenied")
    return { outcome: "ExplicitlyDenied", analysis: undefined };
  const whole = results.results.find((result) => result.resourcePattern === resource);
  return { outcome: whole?.analysis.result ?? "ImplicitlyDenied", analysis: whole?.analysis };
}

export interface Access {
  principal: Principal;
  grants: Grants;
  action: string;
  resource: string;
  region: string;
  now: Date;
  context?: Record<string, string>;
  /** The resource's policy. Within an account either side may allow the action; across accounts both must. */
  resourcePolicy?: PolicyDocument | undefined;
}

/** @throws Refusal with AWS's message unless the policies allow the action. */
export async function authorize(access: Access): Promise<void> {
  const decision = await decide(await questionOf(access));
  if (decision.outcome !== "Allowed") throw accessDenied(access, reasonOf(decision, access.action));
}

/** Requires permission from both the caller's policies and the role's trust policy, even within one account. */
export async function authorizeAssumeRole(access: Access, trustPolicy: PolicyDocument): Promise<void> {
  const decision = await decide({ ...(await questionOf(access)), resourcePolicy: trustPolicy });
  if (decision.outcome !== "Allowed") throw accessDenied(access, "");
}

/** Some actions (kinesis:UpdateShardCount) can be granted only on `*`, although they act on a resource with an owner. */
async function questionOf(access: Access): Promise<Question> {
  const { principal, grants, action, resource, resourcePolicy } = access;
  const [service = "", name = ""] = action.split(":");
  const isOnAll = await isWildcardOnlyAction(service, name);
  return {
    principalArn: principal.arn,
    grants,
    action,
    resource: isOnAll ? "*" : resource,
    resourceAccountId: accountOf(resource) ?? principal.accountId,
    context: requestContext(access),
    ...(resourcePolicy && { resourcePolicy: isOnAll ? widenToAll(resourcePolicy) : resourcePolicy }),
  };
}

/** Widens a resource's policy to `*`, for a question that can't name the resource. */
function widenToAll(policy: PolicyDocument): PolicyDocument {
  const statements = [policy.Statement].flat() as PolicyDocument[];
  return { ...policy, Statement: statements.map((statement) => ({ ...statement, Resource: "*" })) };
}

export function accessDenied({ principal, action, resource }: Access, reason: string): Refusal {
  const message = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource}${reason}`;
  return new Refusal("AccessDenied", message);
}

export function accountOf(arn: string): string | undefined {
  return arn.split(":")[4] || undefined;
}

/** Sets `aws:SecureTransport` to true, because the sandbox's HTTP endpoint stands for AWS's TLS endpoints. */
function requestContext({ principal, region, now, context }: Access): Record<string, string> {
  return {
    "aws:PrincipalArn": principal.kind === "AssumedRole" ? principal.roleArn : principal.arn,
    "aws:PrincipalAccount": principal.accountId,
    "aws:PrincipalType": principal.kind,
    "aws:userid": principal.userId,
    ...(principal.kind === "User" && { "aws:username": principal.name }),
    "aws:SecureTransport": "true",
    "aws:SourceIp": "127.0.0.1",
    "aws:RequestedRegion": region,
    "aws:CurrentTime": now.toISOString(),
    "aws:EpochTime": String(Math.floor(now.getTime() / 1000)),
    ...context,
  };
}

const DENIALS = [
  ["permissionBoundaryAnalysis", "a permissions boundary"],
  ["identityAnalysis", "an identity-based policy"],
  ["resourceAnalysis", "a resource-based policy"],
] as const;

/** Source of the wording: AWS, IAM User Guide, "Troubleshoot access denied error messages". */
function reasonOf({ analysis }: Decision, action: string): string {
  const denial = DENIALS.find(([part]) => analysis?.[part]?.result === "ExplicitlyDenied");
  if (denial !== undefined) return ` with an explicit deny in ${denial[1]}`;
  return ` because no ${silentPolicy(analysis)} allows the ${action} action`;
}

function silentPolicy(analysis: RequestAnalysis | undefined): string {
  if (analysis?.identityAnalysis?.result !== "Allowed") return "identity-based policy";
  if (analysis.permissionBoundaryAnalysis?.result === "ImplicitlyDenied") return "permissions boundary";
  return "resource-based policy";
}
