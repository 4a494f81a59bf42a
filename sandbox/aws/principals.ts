import { randomBytes } from "node:crypto";

export type PolicyDocument = Record<string, unknown>;

export interface NamedPolicy {
  name: string;
  policy: PolicyDocument;
}

/** Permissions from a principal's account: identity policies, limited by a permissions boundary. */
export interface Grants {
  identityPolicies: NamedPolicy[];
  boundary?: NamedPolicy;
}

interface Identified {
  arn: string;
  accountId: string;
  /** Value of `aws:userid` and of GetCallerIdentity's UserId. */
  userId: string;
}

export interface User extends Identified {
  kind: "User";
  name: string;
  grants: Grants;
}

export interface RoleSession extends Identified {
  kind: "AssumedRole";
  roleArn: string;
  roleId: string;
}

export type Principal = User | RoleSession;

export interface AccessKey {
  accessKeyId: string;
  secretAccessKey: string;
  principal: Principal;
  temporary?: { sessionToken: string; expiration: Date };
}

/** The access keys that this AWS has issued. */
export class AccessKeys {
  readonly #issued = new Map<string, AccessKey>();

  find(accessKeyId: string): AccessKey | undefined {
    return this.#issued.get(accessKeyId);
  }

  issue(user: User): AccessKey {
    return this.#add({ ...newKey("AKIA"), principal: user });
  }

  issueTemporary(session: RoleSession, expiration: Date) {
    const temporary = { sessionToken: secret(192), expiration };
    return this.#add({ ...newKey("ASIA"), principal: session, temporary });
  }

  #add<Key extends AccessKey>(key: Key): Key {
    this.#issued.set(key.accessKeyId, key);
    return key;
  }
}

function newKey(prefix: string) {
  return { accessKeyId: uniqueId(prefix, 16), secretAccessKey: secret(30) };
}

/** Creates a user whose policies allow everything, so that only the other side's policies decide. */
export function unrestrictedUser(accountId: string, name: string): User {
  return {
    kind: "User",
    name,
    accountId,
    arn: `arn:aws:iam::${accountId}:user/${name}`,
    userId: uniqueId("AIDA", 17),
    grants: { identityPolicies: [{ name: "AllowAll", policy: ALLOW_ALL }] },
  };
}

/** Generates an id with AWS's prefix for its kind, such as `AROA` for a role or `ANPA` for a policy. */
export function uniqueId(prefix: string, length: number): string {
  return prefix + Array.from(randomBytes(length), (byte) => BASE32.charAt(byte % BASE32.length)).join("");
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const ALLOW_ALL: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};

function secret(bytes: number): string {
  return randomBytes(bytes).toString("base64");
}
