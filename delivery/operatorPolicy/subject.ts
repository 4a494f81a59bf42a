import { accountOf, roleNameOf, streamArnOf } from "../common/arn";
import { SettingsError } from "../common/errors";
import type { StackOutputs } from "../common/outputs";

/** What the policy is for: ARNs, or the patterns of what does not exist yet. */
export interface PolicySubject {
  /** The customer's, 12 digits. */
  accountId: string;
  /** The stream's. */
  region: string;
  /** The stream that Amplitude writes to. */
  streamArn: string;
  /** The role that Amplitude assumes. */
  roleArn: string;
  /** The write policy that the component makes. */
  policyArn: string;
  /** The alarms that the component makes. */
  alarmArn: string;
  /** A customer's own key. */
  kmsKeyArn?: string | undefined;
}

/** What the stack's outputs don't tell. */
export interface NamingOptions {
  /** ARN of the write policy, where it is known. */
  policyArn?: string | undefined;
  /** The component's name in the program, which the names of what it makes begin with. */
  name?: string | undefined;
  /** A customer's own key of the stream, where there is one. */
  kmsKeyArn?: string | undefined;
}

/**
 * A stack that exists. The names of its policy and alarms are no outputs: they begin with the component's name, which is
 * read from the role's or the stream's where Pulumi made those up (`NAME-role-…`, `NAME-stream-…`).
 *
 * @throws SettingsError where that name can't be told.
 */
export function subjectOf(
  outputs: StackOutputs,
  { policyArn, name, kmsKeyArn }: NamingOptions,
): PolicySubject {
  const accountId = accountOf(outputs.roleArn);
  const named = name ?? componentName(outputs);
  if (named === undefined) {
    throw new SettingsError(
      `The component's name can't be told from role ${roleNameOf(outputs.roleArn)} and stream ${outputs.streamName}, which were named by hand: give --name, the component's name in the program ("amplitude" in this project's own stacks)`,
    );
  }
  const path = outputs.roleArn.slice(
    outputs.roleArn.indexOf(":role/") + ":role".length,
    -roleNameOf(outputs.roleArn).length,
  );
  return {
    accountId,
    region: outputs.region,
    streamArn: streamArnOf(outputs),
    roleArn: outputs.roleArn,
    policyArn: policyArn ?? `arn:aws:iam::${accountId}:policy${path}${named}-policy-*`,
    alarmArn: alarmArn(outputs.region, accountId, named),
    kmsKeyArn,
  };
}

/** A stack that is still to be made, by the names that Pulumi will give. */
export function subjectToBe(
  accountId: string,
  region: string,
  { name = "amplitude", policyArn, kmsKeyArn }: NamingOptions,
): PolicySubject {
  return {
    accountId,
    region,
    streamArn: `arn:aws:kinesis:${region}:${accountId}:stream/${name}-stream-*`,
    roleArn: `arn:aws:iam::${accountId}:role/${name}-role-*`,
    policyArn: policyArn ?? `arn:aws:iam::${accountId}:policy/${name}-policy-*`,
    alarmArn: alarmArn(region, accountId, name),
    kmsKeyArn,
  };
}

function alarmArn(region: string, accountId: string, name: string): string {
  return `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}-*`;
}

function componentName({ roleArn, streamName }: StackOutputs): string | undefined {
  return (
    /^(.+)-role-[0-9a-f]{7,}$/.exec(roleNameOf(roleArn))?.[1] ??
    /^(.+)-stream-[0-9a-f]{7,}$/.exec(streamName)?.[1]
  );
}
