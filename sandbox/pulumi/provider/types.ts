import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import type { Aws } from "./clients";
import { logGroupType, logMetricFilterType } from "./logs";
import { metricAlarmType } from "./metricAlarm";
import { pipeType } from "./pipe";
import { policyType } from "./policy";
import type { Properties } from "./properties";
import type { ResourceType } from "./resourceType";
import { rolePolicyAttachmentType, roleType } from "./role";
import { streamType } from "./stream";
import { streamPolicyType } from "./streamPolicy";

const TYPES = new Map(
  [
    streamType,
    roleType,
    policyType,
    rolePolicyAttachmentType,
    streamPolicyType,
    metricAlarmType,
    logGroupType,
    logMetricFilterType,
    pipeType,
  ].map((type) => [type.token, type]),
);

/** @throws Error that names the type if the sandbox doesn't provide it. */
export function typeOf(token: string): ResourceType {
  const type = TYPES.get(token);
  if (type !== undefined) return type;
  throw new Error(
    `the sandbox's provider does not support the type ${token}; it has ${supportedTypes().join(", ")}`,
  );
}

export function supportedTypes(): string[] {
  return [...TYPES.keys()];
}

const GET_REGION = "aws:index/getRegion:getRegion";
const FUNCTIONS = ["aws:index/getCallerIdentity:getCallerIdentity", GET_REGION];

/**
 * Calls a function of the real provider.
 *
 * @throws Error that names the function or the argument if the sandbox doesn't provide it.
 */
export async function callFunction(
  connected: () => Aws,
  token: string,
  inputs: Properties,
): Promise<Properties> {
  if (!FUNCTIONS.includes(token)) {
    throw new Error(`the sandbox's provider does not support the function ${token}`);
  }
  const [unknown] = Object.keys(inputs);
  if (unknown !== undefined)
    throw new Error(`the sandbox's provider does not support ${unknown} of ${token}`);
  if (token === GET_REGION) return { region: connected().region };
  const { Account, Arn, UserId } = await connected().sts.send(new GetCallerIdentityCommand({}));
  return { accountId: Account, arn: Arn, userId: UserId, id: Account };
}
