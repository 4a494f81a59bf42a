import { accountOf } from "../enforcement";
import type { Grants, NamedPolicy, PolicyDocument } from "../principals";

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
