import { accountOf } from "../enforcement";
import type { AccessKeys, Grants, NamedPolicy, PolicyDocument, Principal } from "../principals";
import { AwsError } from "../protocol";
import type { Parameters } from "./validation";
import { mergeTags, roleName } from "./validation";

export interface Role {
  name: string;
  path: string;
  arn: string;
  id: string;
  createDate: Date;
  /** The document's exact text, because IAM returns the same characters. */
  trustPolicy: string;
  description: string | undefined;
  maxSessionDuration: number;
  boundaryArn: string | undefined;
  tags: Map<string, string>;
  inlinePolicies: Map<string, string>;
  attachedPolicies: Set<string>;
}

export interface PolicyVersion {
  id: string;
  document: string;
  createDate: Date;
}

export interface Policy {
  name: string;
  path: string;
  arn: string;
  id: string;
  description: string | undefined;
  createDate: Date;
  updateDate: Date;
  tags: Map<string, string>;
  versions: Map<string, PolicyVersion>;
  defaultVersionId: string;
  /** Numbers of deleted versions are not reused. */
  versionsCreated: number;
}

/** IAM's state of one account. Names must differ in more than case: `Role` and `role` can't both exist. */
export class Account {
  readonly #roles = new Map<string, Role>();
  readonly policies = new Map<string, Policy>();

  constructor(readonly id: string) {}

  role(name: string): Role | undefined {
    return this.#roles.get(name.toLowerCase());
  }

  addRole(role: Role): void {
    this.#roles.set(role.name.toLowerCase(), role);
  }

  removeRole(role: Role): void {
    this.#roles.delete(role.name.toLowerCase());
  }

  rolesWith(predicate: (role: Role) => boolean): Role[] {
    return [...this.#roles.values()].filter(predicate);
  }

  /** Returns a role's current permissions: its attached and inline policies, within its boundary. */
  grantsOf(role: Role): Grants {
    const attached = [...role.attachedPolicies].map((arn) => this.#managedPolicy(arn));
    const inline = [...role.inlinePolicies].map(([name, text]) => ({ name, policy: parsePolicy(text) }));
    const boundary = role.boundaryArn === undefined ? undefined : this.#managedPolicy(role.boundaryArn);
    return { identityPolicies: [...attached, ...inline], ...(boundary && { boundary }) };
  }

  #managedPolicy(arn: string): NamedPolicy {
    const policy = this.policies.get(arn);
    const document = policy?.versions.get(policy.defaultVersionId)?.document;
    if (document === undefined) throw new Error(`Policy ${arn} is in use but has no default version.`);
    return { name: arn, policy: parsePolicy(document) };
  }
}

/** All accounts of this AWS. */
export class Accounts {
  readonly #accounts = new Map<string, Account>();

  get(id: string): Account {
    const account = this.#accounts.get(id) ?? new Account(id);
    this.#accounts.set(id, account);
    return account;
  }

  roleByArn(arn: string): Role | undefined {
    const name = arn.slice(arn.lastIndexOf("/") + 1);
    const role = this.get(accountOf(arn) ?? "").role(name);
    return role?.arn === arn ? role : undefined;
  }
}

/** Parses a document that was validated when it was stored. */
export function parsePolicy(text: string): PolicyDocument {
  return JSON.parse(text) as PolicyDocument;
}

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

export interface Operation {
  /** Returns the ARN that a policy must allow. Default: every caller may run the operation. */
  resource?(call: Call): string;
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
  resource: (call: Call) => string,
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
