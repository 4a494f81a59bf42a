import { accountOf, roleNameOf, streamArnOf } from "../common/arn";
import { SettingsError } from "../common/errors";
import type { StackOutputs } from "../common/outputs";
import { type Needs, needsOf, type Target, type Task } from "../deployment/iam/actions";

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
  const scopes = scopesOf(subject);
  const statements = (Object.keys(needs) as Target[]).flatMap((Sid): OperatorStatement[] => {
    const scope = scopes[Sid];
    return scope === undefined ? [] : [{ Sid, Effect: "Allow", Action: actionsOn(Sid, needs), ...scope }];
  });
  return { Version: "2012-10-17", Statement: statements };
}

/** Doesn't repeat for the write policy what is allowed on any policy. */
function actionsOn(target: Target, needs: Needs): string[] {
  const actions = [...(needs[target] ?? [])];
  return target === "WritePolicy" ? actions.filter((action) => !needs.AnyPolicy?.includes(action)) : actions;
}

/** Has no scope for the guard of a stack without one, nor for the key of a stream that is encrypted with AWS's own. */
function scopesOf(subject: PolicySubject): Record<Target, Scope | undefined> {
  const { streamArn, roleArn, policyArn, accountId, region, kmsKeyArn, guard } = subject;
  const key = kmsKeyArn === undefined ? undefined : { Resource: kmsKeyArn };
  const guardRole = guard && { Resource: guard.roleArn };
  const onlyPolicy = (arn: string) => ({ ArnLike: { "iam:PolicyARN": arn } });
  const toPipes = { StringEquals: { "iam:PassedToService": "pipes.amazonaws.com" } };
  const throughKinesis = {
    StringLike: {
      "kms:ViaService": `kinesis.${region}.amazonaws.com`,
      "kms:EncryptionContext:aws:kinesis:arn": streamArn,
    },
  };
  return {
    Stream: { Resource: streamArn },
    AnyStream: { Resource: "*" },
    Role: { Resource: roleArn },
    AttachedPolicy: { Resource: roleArn, Condition: onlyPolicy(policyArn) },
    WritePolicy: { Resource: policyArn },
    AnyPolicy: { Resource: [`arn:aws:iam::${accountId}:policy/*`, "arn:aws:iam::aws:policy/*"] },
    Alarms: { Resource: subject.alarmArn },
    AnyMetric: { Resource: "*" },
    GuardPipe: guard && { Resource: guard.pipeArn },
    GuardLog: guard && { Resource: guard.logGroupArn },
    AnyLogGroup: guard && { Resource: "*" },
    GuardRole: guardRole,
    PassedRole: guardRole && { ...guardRole, Condition: toPipes },
    GuardPolicy: guard && { Resource: guard.policyArn },
    GuardAttachment: guard && { Resource: guard.roleArn, Condition: onlyPolicy(guard.policyArn) },
    Key: key,
    KeyThroughKinesis: key && { ...key, Condition: throughKinesis },
  };
}

/** The stack that a policy is for: ARNs, or patterns for resources that don't exist yet. */
export interface PolicySubject {
  /** Account of the customer, 12 digits. */
  accountId: string;
  /** Region of the stream. */
  region: string;
  /** Stream that Amplitude writes to. */
  streamArn: string;
  /** Role that Amplitude assumes. */
  roleArn: string;
  /** Write policy that the component creates. */
  policyArn: string;
  /** Alarms that the component creates. */
  alarmArn: string;
  /** The guard. Undefined without one. */
  guard?: GuardSubject | undefined;
  /** Customer managed key of the stream. Undefined for AWS's own. */
  kmsKeyArn?: string | undefined;
}

/** The guard's resources: ARNs, or patterns with the component's name. */
export interface GuardSubject {
  /** Pipe that reads the stream. */
  pipeArn: string;
  /** Log group that it writes to. */
  logGroupArn: string;
  /** Role of the pipe. */
  roleArn: string;
  /** Policy of the role. */
  policyArn: string;
}

/** Names that the stack's outputs don't contain. */
export interface NamingOptions {
  /** ARN of the write policy. Default: a pattern with the component's name. */
  policyArn?: string | undefined;
  /** Name of the component in the program, with which the names of its resources begin. */
  name?: string | undefined;
  /** Customer managed key of the stream. Default: none. */
  kmsKeyArn?: string | undefined;
  /** Whether the stack has a guard, or will have one. Default: whether the outputs name one. */
  guard?: boolean | undefined;
}

/**
 * Returns the subject for a stack that exists. The outputs don't contain the names of its policy and alarms. These begin
 * with the component's name, which is taken from a generated role or stream name (`NAME-role-…`, `NAME-stream-…`).
 *
 * @throws SettingsError if the component's name can't be determined.
 */
export function existingSubject(outputs: StackOutputs, naming: NamingOptions): PolicySubject {
  const { roleArn, streamName, region, guardPipeArn } = outputs;
  const accountId = accountOf(roleArn);
  const roleName = roleNameOf(roleArn);
  const name = naming.name ?? componentName(roleName, streamName);
  if (name === undefined) {
    throw new SettingsError(
      `The component's name can't be determined from role ${roleName} and stream ${streamName}, which were named by hand. Give --name, the component's name in the program ("amplitude" in this project's stacks)`,
    );
  }
  const path = roleArn.slice(roleArn.indexOf(":role/") + ":role".length, -roleName.length);
  const existing = { accountId, region, streamArn: streamArnOf(outputs), roleArn };
  const { guard = guardPipeArn !== undefined } = naming;
  return subjectOf(existing, { ...naming, name, guard }, path);
}

/** Returns the subject for a stack that will be created, with patterns of the names that Pulumi will generate. */
export function plannedSubject(accountId: string, region: string, naming: NamingOptions): PolicySubject {
  const { name = "amplitude" } = naming;
  const planned = {
    accountId,
    region,
    streamArn: `arn:aws:kinesis:${region}:${accountId}:stream/${name}-stream-*`,
    roleArn: `arn:aws:iam::${accountId}:role/${name}-role-*`,
  };
  return subjectOf(planned, { ...naming, name }, "/");
}

/** @param path IAM path of the roles and policies. */
function subjectOf(
  known: Pick<PolicySubject, "accountId" | "region" | "streamArn" | "roleArn">,
  { name, policyArn, kmsKeyArn, guard }: NamingOptions,
  path: string,
): PolicySubject {
  const { accountId, region } = known;
  const inRegion = `${region}:${accountId}`;
  const iam = `arn:aws:iam::${accountId}`;
  return {
    ...known,
    policyArn: policyArn ?? `${iam}:policy${path}${name}-policy-*`,
    alarmArn: `arn:aws:cloudwatch:${inRegion}:alarm:${name}-*`,
    guard: guard
      ? {
          pipeArn: `arn:aws:pipes:${inRegion}:pipe/${name}-guard-*`,
          logGroupArn: `arn:aws:logs:${inRegion}:log-group:${name}-guard-log-*`,
          roleArn: `${iam}:role${path}${name}-guard-role-*`,
          policyArn: `${iam}:policy${path}${name}-guard-policy-*`,
        }
      : undefined,
    kmsKeyArn,
  };
}

function componentName(roleName: string, streamName: string): string | undefined {
  return /^(.+)-role-[0-9a-f]{7,}$/.exec(roleName)?.[1] ?? /^(.+)-stream-[0-9a-f]{7,}$/.exec(streamName)?.[1];
}
