import { loadPolicy } from "@cloud-copilot/iam-policy";
import type { Grants } from "../principals";

/**
 * The condition keys that the policies and the boundary use and the context does not hold: each once, as the policy
 * writes it. Keys differ in more than case. Source: IAM API reference, EvaluationResult, MissingContextValues.
 */
export function missingContext({ identityPolicies, boundary }: Grants, context: object): string[] {
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
