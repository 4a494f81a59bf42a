import { joined, type Needs, needsOf, type Scope, scopeOf, type Target, type Task } from "./needs";
import type { PolicySubject } from "./subject";

/** A statement of the policy, one for each kind of resource. */
export interface OperatorStatement extends Scope {
  /** What it is about. */
  Sid: Target;
  /** Nothing is denied. */
  Effect: "Allow";
  /** In alphabetical order. */
  Action: string[];
}

/** An IAM policy document for a person. */
export interface OperatorPolicy {
  /** Of the policy language. */
  Version: "2012-10-17";
  /** One for each kind of resource. */
  Statement: OperatorStatement[];
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
