import { joined, type Needs, needsOf, type Scope, scopeOf, type Target, type Task } from "./needs";
import type { PolicySubject } from "./subject";

/** An IAM policy document for a person. */
export interface OperatorPolicy {
  Version: "2012-10-17";
  Statement: ({ Sid: Target; Effect: "Allow"; Action: string[] } & Scope)[];
}

/** The least that somebody has to be allowed for these tasks on this stack, a statement for each kind of resource. */
export function operatorPolicy(tasks: readonly Task[], subject: PolicySubject): OperatorPolicy {
  const needs = withoutTwice(joined(tasks.map(needsOf)));
  const statements = (Object.keys(needs) as Target[]).flatMap((target) => {
    const scope = scopeOf(target, subject);
    return scope === undefined
      ? []
      : [{ Sid: target, Effect: "Allow" as const, Action: [...(needs[target] ?? [])], ...scope }];
  });
  return { Version: "2012-10-17", Statement: statements };
}

/** What is allowed on any policy need not be allowed on the write policy again. */
function withoutTwice(needs: Needs): Needs {
  const { WritePolicy, AnyPolicy = [] } = needs;
  return WritePolicy === undefined
    ? needs
    : { ...needs, WritePolicy: WritePolicy.filter((action) => !AnyPolicy.includes(action)) };
}
