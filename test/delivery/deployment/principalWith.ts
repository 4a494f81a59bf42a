import { AttachRolePolicyCommand, CreatePolicyCommand, CreateRoleCommand } from "@aws-sdk/client-iam";
import type { LocalAws } from "../../../sandbox/aws";
import { assume, type Credentials, clientsOf, trustOf } from "../../sandbox/aws/localAws";

let made = 0;

/** Principals of the customer's account that hold one policy and nothing else. */
export const principalWith = {
  /** @returns the ARN of a managed policy. */
  async policy(aws: LocalAws, document: string): Promise<string> {
    const PolicyName = `held-${++made}`;
    const { iam } = clientsOf(aws, aws.principals.operator);
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument: document }));
    return Policy?.Arn ?? "";
  },

  /** @returns the ARN of a role that `trusted` can assume: by default the operator. */
  async role(aws: LocalAws, document: string, trusted = aws.principals.operator.arn): Promise<string> {
    const PolicyArn = await principalWith.policy(aws, document);
    const RoleName = `holder-of-${PolicyArn.split("/").at(-1)}`;
    const { iam } = clientsOf(aws, aws.principals.operator);
    const trust = trustOf(trusted);
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    return Role?.Arn ?? "";
  },

  async credentials(aws: LocalAws, document: string): Promise<Required<Credentials>> {
    return assume(aws, aws.principals.operator, await principalWith.role(aws, document));
  },
};
