import type { AccessKeys, Grants, Principal } from "../principals";
import { AwsError } from "../protocol";
import type { Account, Accounts, Policy, Role } from "./state";
import type { Parameters } from "./validation";
import { mergeTags, roleName } from "./validation";

/** A request to IAM or STS with a verified signature. */
export interface Call {
  principal: Principal;
  grants: Grants;
  /** The caller's account, in which IAM's names are looked up. */
  account: Account;
  accounts: Accounts;
  keys: AccessKeys;
  parameters: Parameters;
  region: string;
  now: Date;
}

export type Result = Record<string, unknown>;

/** An operation and the ARN that a policy must allow before it runs. */
export interface Operation {
  resource(call: Call): string;
  /** Condition keys that this operation adds, such as `iam:PolicyARN`. */
  context?(call: Call): Record<string, string>;
  run(call: Call): Result | undefined | Promise<Result | undefined>;
}

export type Operations = Record<string, Operation>;

/** Also returns an ARN for an unknown name, because only an authorized caller may learn that it doesn't exist. */
export function roleArn(call: Call): string {
  const name = roleName(call.parameters);
  return call.account.role(name)?.arn ?? `arn:aws:iam::${call.account.id}:role/${name}`;
}

export function theRole({ account, parameters }: Call): Role {
  const name = roleName(parameters);
  const role = account.role(name);
  if (role !== undefined) return role;
  throw noSuchEntity(`The role with name ${name} cannot be found.`);
}

export function policyArn({ parameters }: Call): string {
  const arn = parameters.required("PolicyArn");
  if (/^arn:aws:iam::(\d{12}|aws):policy\/[\u0021-\u007e]+$/.test(arn) && !arn.includes("*")) return arn;
  throw new AwsError("InvalidInput", `ARN ${arn} is not valid.`);
}

export function thePolicy(call: Call): Policy {
  const arn = policyArn(call);
  const policy = call.account.policies.get(arn);
  if (policy !== undefined) return policy;
  throw noSuchEntity(`Policy ${arn} was not found.`);
}

/** Returns the operations on the tags of roles or policies, such as `TagRole`. */
export function tagOperations(
  kind: "Role" | "Policy",
  resource: Operation["resource"],
  find: (call: Call) => { tags: Map<string, string> },
): Operations {
  return {
    [`List${kind}Tags`]: {
      resource,
      run: (call) => ({ Tags: tagList(find(call).tags), IsTruncated: false }),
    },
    [`Tag${kind}`]: {
      resource,
      run: (call) => {
        const tagged = find(call);
        tagged.tags = mergeTags(tagged.tags, call.parameters);
        return undefined;
      },
    },
    [`Untag${kind}`]: {
      resource,
      run: (call) => {
        const { tags } = find(call);
        for (const key of call.parameters.list("TagKeys")) tags.delete(key);
        return undefined;
      },
    },
  };
}

export function tagList(tags: Map<string, string>): { Key: string; Value: string }[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }));
}

export function noSuchEntity(message: string): AwsError {
  return new AwsError("NoSuchEntity", message, 404);
}

export function deleteConflict(message: string): AwsError {
  return new AwsError("DeleteConflict", message, 409);
}

export function limitExceeded(message: string): AwsError {
  return new AwsError("LimitExceeded", message, 409);
}

export function alreadyExists(message: string): AwsError {
  return new AwsError("EntityAlreadyExists", message, 409);
}
