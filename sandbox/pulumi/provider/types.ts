import { metricAlarmType } from "./metricAlarm";
import { policyType } from "./policy";
import type { ResourceType } from "./resourceType";
import { roleType } from "./role";
import { rolePolicyAttachmentType } from "./rolePolicyAttachment";
import { streamType } from "./stream";
import { streamPolicyType } from "./streamPolicy";

const TYPES = new Map(
  [streamType, roleType, policyType, rolePolicyAttachmentType, streamPolicyType, metricAlarmType].map(
    (type) => [type.token, type],
  ),
);

/** @throws Error that names the type, where it is none of those that the sandbox provides. */
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
