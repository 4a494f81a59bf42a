import { randomBytes } from "node:crypto";

export type PolicyDocument = Record<string, unknown>;

export interface NamedPolicy {
  name: string;
  policy: PolicyDocument;
}

/** What a principal's own account grants it: identity policies, capped by a permissions boundary. */
export interface Grants {
  identityPolicies: NamedPolicy[];
  boundary?: NamedPolicy;
}

interface Identified {
  arn: string;
  accountId: string;
  /** What `aws:userid` and GetCallerIdentity show. */
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

/** The access keys that this AWS has issued, and nobody else's. */
export class AccessKeys {
  readonly #issued = new Map<string, AccessKey>();

  find(accessKeyId: string): AccessKey | undefined {
    return this.#issued.get(accessKeyId);
  }

  issue(user: User): AccessKey {
    return this.#remember({
      accessKeyId: uniqueId("AKIA", 16),
      secretAccessKey: secret(30),
      principal: user,
    });
  }

  issueTemporary(session: RoleSession, expiration: Date) {
    const temporary = { sessionToken: secret(192), expiration };
    const key = {
      accessKeyId: uniqueId("ASIA", 16),
      secretAccessKey: secret(30),
      principal: session,
      temporary,
    };
    this.#remember(key);
    return key;
  }

  #remember(key: AccessKey): AccessKey {
    this.#issued.set(key.accessKeyId, key);
    return key;
  }
}

/** A user whose own policies allow everything, so that the other side's policies alone decide. */
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

/** An identifier with one of AWS's four-letter prefixes, which tell its kind: `AROA` a role, `ANPA` a policy. */
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
