import { type Needs, needsOf, type Target, type Task } from "../deployment/iam/actions";
import type { PolicySubject } from "./subject";

/** Resources and condition of a statement. */
export interface Scope {
  /** ARNs, or patterns of ARNs. */
  Resource: string | string[];
  /** Condition under which the statement applies. */
  Condition?: Record<string, Record<string, string>>;
}

/** A statement of the policy, one per kind of resource. */
export interface OperatorStatement extends Scope {
  /** Kind of resource. */
  Sid: Target;
  /** Always `Allow`: nothing is denied. */
  Effect: "Allow";
  /** Actions in alphabetical order. */
  Action: string[];
}

/** An IAM policy document for a person. */
export interface OperatorPolicy {
  /** Version of the policy language. */
  Version: "2012-10-17";
  /** One statement per kind of resource. */
  Statement: OperatorStatement[];
}

/** Returns the least policy with which a person can do these tasks on this stack. */
export function operatorPolicy(tasks: readonly Task[], subject: PolicySubject): OperatorPolicy {
  const needs = needsOf(tasks);
  const statements = (Object.keys(needs) as Target[]).flatMap((Sid) => {
    const scope = scopeOf(Sid, subject);
    return scope === undefined
      ? []
      : [{ Sid, Effect: "Allow" as const, Action: actionsOn(Sid, needs), ...scope }];
  });
  return { Version: "2012-10-17", Statement: statements };
}

/** Doesn't repeat for the write policy what is allowed on any policy. */
function actionsOn(target: Target, needs: Needs): string[] {
  const actions = [...(needs[target] ?? [])];
  return target === "WritePolicy" ? actions.filter((action) => !needs.AnyPolicy?.includes(action)) : actions;
}

/** Returns undefined for the guard of a stack without one, and the key of a stream that is encrypted with AWS's own. */
function scopeOf(target: Target, subject: PolicySubject): Scope | undefined {
  const { streamArn, roleArn, policyArn, accountId, region, kmsKeyArn, guard } = subject;
  switch (target) {
    case "Stream":
      return { Resource: streamArn };
    case "Role":
      return { Resource: roleArn };
    case "AttachedPolicy":
      return { Resource: roleArn, Condition: { ArnLike: { "iam:PolicyARN": policyArn } } };
    case "WritePolicy":
      return { Resource: policyArn };
    case "AnyPolicy":
      return { Resource: [`arn:aws:iam::${accountId}:policy/*`, "arn:aws:iam::aws:policy/*"] };
    case "Alarms":
      return { Resource: subject.alarmArn };
    case "AnyStream":
    case "AnyMetric":
      return { Resource: "*" };
    case "GuardPipe":
      return guard && { Resource: guard.pipeArn };
    case "GuardLog":
      return guard && { Resource: guard.logGroupArn };
    case "AnyLogGroup":
      return guard && { Resource: "*" };
    case "GuardRole":
      return guard && { Resource: guard.roleArn };
    case "PassedRole":
      return (
        guard && {
          Resource: guard.roleArn,
          Condition: { StringEquals: { "iam:PassedToService": "pipes.amazonaws.com" } },
        }
      );
    case "GuardPolicy":
      return guard && { Resource: guard.policyArn };
    case "GuardAttachment":
      return (
        guard && {
          Resource: guard.roleArn,
          Condition: { ArnLike: { "iam:PolicyARN": guard.policyArn } },
        }
      );
    case "Key":
      return kmsKeyArn === undefined ? undefined : { Resource: kmsKeyArn };
    case "KeyThroughKinesis":
      if (kmsKeyArn === undefined) return undefined;
      return {
        Resource: kmsKeyArn,
        Condition: {
          StringLike: {
            "kms:ViaService": `kinesis.${region}.amazonaws.com`,
            "kms:EncryptionContext:aws:kinesis:arn": streamArn,
          },
        },
      };
  }
}
