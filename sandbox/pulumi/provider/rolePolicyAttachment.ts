import {
  AttachRolePolicyCommand,
  DetachRolePolicyCommand,
  NoSuchEntityException,
  paginateListAttachedRolePolicies,
} from "@aws-sdk/client-iam";
import type { Aws } from "./clients";
import { ifFound } from "./clients";
import type { Properties } from "./properties";
import { requiredText } from "./properties";
import type { Found, ResourceType } from "./resourceType";

export const rolePolicyAttachmentType: ResourceType = {
  token: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  properties: {
    role: { type: "string", required: true, replaces: true },
    policyArn: { type: "string", required: true, replaces: true },
  },
  computedOutputs: [],
  create,
  read,
  update: async () => {
    throw new Error("every property of an attachment replaces it: there is nothing to update");
  },
  delete: remove,
};

async function create(aws: Aws, inputs: Properties): Promise<string> {
  const [RoleName, PolicyArn] = [requiredText(inputs, "role"), requiredText(inputs, "policyArn")];
  await aws.iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  return `${RoleName}/${PolicyArn}`;
}

async function read(aws: Aws, id: string): Promise<Found | undefined> {
  const { RoleName, PolicyArn } = partsOf(id);
  return ifFound(NoSuchEntityException, async () => {
    for await (const page of paginateListAttachedRolePolicies({ client: aws.iam }, { RoleName })) {
      const isAttached = page.AttachedPolicies?.some((attached) => attached.PolicyArn === PolicyArn);
      if (isAttached === true) return { id, state: { role: RoleName, policyArn: PolicyArn } };
    }
    return undefined;
  });
}

async function remove(aws: Aws, id: string): Promise<void> {
  await ifFound(NoSuchEntityException, () => aws.iam.send(new DetachRolePolicyCommand(partsOf(id))));
}

/** The real provider's import id: `role/policyArn`. A role's name holds no slash. */
function partsOf(id: string): { RoleName: string; PolicyArn: string } {
  const slash = id.indexOf("/");
  const [RoleName, PolicyArn] = [id.slice(0, slash), id.slice(slash + 1)];
  if (slash > 0 && PolicyArn.startsWith("arn:")) return { RoleName, PolicyArn };
  throw new Error(`${JSON.stringify(id)} is no id of an attachment: expected ROLE_NAME/POLICY_ARN`);
}
