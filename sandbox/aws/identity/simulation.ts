import { loadPolicy } from "@cloud-copilot/iam-policy";
import type { Decision, Question } from "../enforcement";
import { accountOf, decide, UndecidedError } from "../enforcement";
import type { Grants } from "../principals";
import { AwsError } from "../protocol";
import type { Call, Operations, Result } from "./operation";
import { noSuchEntity } from "./operation";

/** Trust policies and resource policies play no part. Source: SimulatePrincipalPolicy in the IAM API reference. */
export const simulationOperations: Operations = {
  SimulatePrincipalPolicy: { resource: sourceArn, run: simulate },
};

const EVAL_DECISIONS = {
  Allowed: "allowed",
  ImplicitlyDenied: "implicitDeny",
  ExplicitlyDenied: "explicitDeny",
} as const;

const FROM_STRICTEST = ["ExplicitlyDenied", "ImplicitlyDenied", "Allowed"] as const;

async function simulate(call: Call): Promise<Result> {
  const { parameters, accounts } = call;
  parameters.refuse("PolicyInputList", "PermissionsBoundaryPolicyInputList", "ResourcePolicy", "CallerArn");
  const role = accounts.roleByArn(sourceArn(call));
  if (role === undefined) throw noSuchEntity(`Role ${sourceArn(call)} does not exist.`);
  const common = {
    principalArn: role.arn,
    grants: call.account.grantsOf(role),
    context: contextEntries(call),
  };
  const actions = parameters.list("ActionNames");
  if (actions.length === 0) throw new AwsError("ValidationError", "ActionNames must not be empty.");
  const resources = parameters.list("ResourceArns");
  const targets = resources.length > 0 ? resources : ["*"];
  const results = actions.map((action) => simulateAction(common, action, targets, call.account.id));
  return { EvaluationResults: await Promise.all(results), IsTruncated: false };
}

type Common = Pick<Question, "principalArn" | "grants" | "context">;

/**
 * Returns one result per action, with the strictest decision of its resources. If the request names resources, each also
 * has a result, which lists the missing keys. Source: IAM API reference, EvaluationResult.
 */
async function simulateAction(common: Common, action: string, targets: string[], accountId: string) {
  const decided = await Promise.all(
    targets.map(async (resource) => {
      const resourceAccountId = accountOf(resource) ?? accountId;
      const decision = await decideOrRefuse({ ...common, action, resource, resourceAccountId });
      return { resource, decision };
    }),
  );
  const [first] = FROM_STRICTEST.flatMap((outcome) =>
    decided.filter(({ decision }) => decision.outcome === outcome),
  );
  if (first === undefined) throw new Error(`${action} was simulated on no resource.`);
  const missing = missingContext(common.grants, common.context);
  const isAnyResource = targets.every((target) => target === "*");
  const perResource = decided.map(({ resource, decision }) => ({
    EvalResourceName: resource,
    EvalResourceDecision: EVAL_DECISIONS[decision.outcome],
    MissingContextValues: missing,
    ...details(decision),
  }));
  return {
    EvalActionName: action,
    EvalResourceName: first.resource,
    EvalDecision: EVAL_DECISIONS[first.decision.outcome],
    MissingContextValues: isAnyResource ? missing : [],
    ...details(first.decision),
    ResourceSpecificResults: isAnyResource ? undefined : perResource,
  };
}

/** Rejects an action or a resource that the evaluator does not know, because the request named it. */
async function decideOrRefuse(question: Question): Promise<Decision> {
  try {
    return await decide(question);
  } catch (error) {
    if (!(error instanceof UndecidedError) || error.reason === "policy.errors") throw error;
    throw new AwsError("InvalidInput", `${question.action} on ${question.resource}: ${error.reason}`);
  }
}

function details({ outcome, analysis }: Decision): Result {
  const statements = analysis?.identityAnalysis;
  const matched = outcome === "ExplicitlyDenied" ? statements?.denyStatements : statements?.allowStatements;
  const boundary = analysis?.permissionBoundaryAnalysis;
  return {
    MatchedStatements: (matched ?? []).map(({ policyId }) => ({
      SourcePolicyId: policyId,
      SourcePolicyType: "IAM Policy",
    })),
    PermissionsBoundaryDecisionDetail: boundary && {
      AllowedByPermissionsBoundary: boundary.result === "Allowed",
    },
  };
}

function sourceArn({ parameters }: Call): string {
  const arn = parameters.required("PolicySourceArn");
  if (/^arn:aws:iam::\d{12}:role\/[^*\s]+$/.test(arn)) return arn;
  throw new AwsError(
    "InvalidInput",
    `Invalid Entity Arn: ${arn} does not clearly define entity type and name.`,
  );
}

function contextEntries({ parameters }: Call): Record<string, string | string[]> {
  const entries = parameters.structures("ContextEntries").map((entry) => {
    const values = entry.list("ContextKeyValues");
    const isList = entry.optional("ContextKeyType")?.endsWith("List");
    return [entry.required("ContextKeyName"), isList ? values : (values[0] ?? "")] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * Returns the condition keys in the policies and the boundary that the context lacks: each once, as the policy spells it.
 * Keys differ in more than case. Source: IAM API reference, EvaluationResult, MissingContextValues.
 */
function missingContext({ identityPolicies, boundary }: Grants, context: object): string[] {
  const known = new Set(Object.keys(context).map((key) => key.toLowerCase()));
  const missing = new Map<string, string>();
  for (const { policy } of boundary === undefined ? identityPolicies : [...identityPolicies, boundary]) {
    for (const key of conditionKeys(policy)) {
      const folded = key.toLowerCase();
      if (!known.has(folded) && !missing.has(folded)) missing.set(folded, key);
    }
  }
  return [...missing.values()];
}

function conditionKeys(policy: Record<string, unknown>): string[] {
  const conditions = loadPolicy(policy)
    .statements()
    .flatMap((statement) => statement.conditions());
  return conditions.map((condition) => condition.conditionKey());
}
