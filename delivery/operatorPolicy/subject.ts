import { accountOf, roleNameOf, streamArnOf } from "../common/arn";
import { SettingsError } from "../common/errors";
import type { StackOutputs } from "../common/outputs";

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
export function existingSubject(
  outputs: StackOutputs,
  { policyArn, name, kmsKeyArn, guard = outputs.guardPipeArn !== undefined }: NamingOptions,
): PolicySubject {
  const { roleArn, streamName, region } = outputs;
  const [accountId, roleName] = [accountOf(roleArn), roleNameOf(roleArn)];
  const named = name ?? componentName(roleName, streamName);
  if (named === undefined) {
    throw new SettingsError(
      `The component's name can't be determined from role ${roleName} and stream ${streamName}, which were named by hand. Give --name, the component's name in the program ("amplitude" in this project's stacks)`,
    );
  }
  const path = roleArn.slice(roleArn.indexOf(":role/") + ":role".length, -roleName.length);
  return {
    accountId,
    region,
    streamArn: streamArnOf(outputs),
    roleArn,
    policyArn: policyArn ?? `arn:aws:iam::${accountId}:policy${path}${named}-policy-*`,
    alarmArn: alarmArn(region, accountId, named),
    guard: guard ? guardSubject(region, accountId, named, path) : undefined,
    kmsKeyArn,
  };
}

/** Returns the subject for a stack that will be created, with patterns of the names that Pulumi will generate. */
export function plannedSubject(
  accountId: string,
  region: string,
  { name = "amplitude", policyArn, kmsKeyArn, guard = false }: NamingOptions,
): PolicySubject {
  return {
    accountId,
    region,
    streamArn: `arn:aws:kinesis:${region}:${accountId}:stream/${name}-stream-*`,
    roleArn: `arn:aws:iam::${accountId}:role/${name}-role-*`,
    policyArn: policyArn ?? `arn:aws:iam::${accountId}:policy/${name}-policy-*`,
    alarmArn: alarmArn(region, accountId, name),
    guard: guard ? guardSubject(region, accountId, name, "/") : undefined,
    kmsKeyArn,
  };
}

function alarmArn(region: string, accountId: string, name: string): string {
  return `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}-*`;
}

function guardSubject(region: string, accountId: string, name: string, path: string): GuardSubject {
  return {
    pipeArn: `arn:aws:pipes:${region}:${accountId}:pipe/${name}-guard-*`,
    logGroupArn: `arn:aws:logs:${region}:${accountId}:log-group:${name}-guard-log-*`,
    roleArn: `arn:aws:iam::${accountId}:role${path}${name}-guard-role-*`,
    policyArn: `arn:aws:iam::${accountId}:policy${path}${name}-guard-policy-*`,
  };
}

function componentName(roleName: string, streamName: string): string | undefined {
  return /^(.+)-role-[0-9a-f]{7,}$/.exec(roleName)?.[1] ?? /^(.+)-stream-[0-9a-f]{7,}$/.exec(streamName)?.[1];
}
