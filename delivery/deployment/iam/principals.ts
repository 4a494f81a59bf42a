import { accountRootArn } from "../../../components/contract";
import { parseArn, roleNameOf } from "../../common/arn";
import { principals, type Statement } from "./policyStatement";

/** A caller that a policy may name. */
export interface PolicyCaller {
  /** Account of the caller, 12 digits. */
  accountId: string;
  /** ARN of the role, user or session. Absent if any principal of the account may call. */
  arn?: string | undefined;
  /** Unique id of the role (`AROA…`). */
  uniqueId?: string | undefined;
}

/**
 * How a statement's principals relate to a caller. `covers`: every request of the caller. `session`: only a session of the
 * caller's role with a certain name. `account`: other principals of the caller's account. `open`: a NotPrincipal.
 */
export type PrincipalMatch = "covers" | "open" | "session" | "account" | "other";

const CLOSEST_FIRST: readonly PrincipalMatch[] = ["covers", "session", "account"];

/**
 * Matches a statement's principals with a caller.
 * Source: AWS, IAM User Guide, "AWS JSON policy elements: Principal": the principal of an account covers all its principals,
 * a role covers its sessions, and a session covers only itself.
 */
export function matchPrincipal(statement: Statement, caller: PolicyCaller): PrincipalMatch {
  if (statement.NotPrincipal !== undefined) return "open";
  const matches = principals(statement.Principal).map((name) => matchName(name, caller));
  return CLOSEST_FIRST.find((match) => matches.includes(match)) ?? "other";
}

function matchName(name: string, { accountId, arn = "", uniqueId = "" }: PolicyCaller): PrincipalMatch {
  if (name === "*" || name === accountId || name === accountRootArn(accountId)) return "covers";
  if (name === arn || name === uniqueId) return "covers";
  if (uniqueId !== "" && name.startsWith(`${uniqueId}:`)) return "session";
  if (parseArn(name)?.accountId !== accountId) return "other";
  const [named, own] = [roleIn(name), roleIn(arn)];
  if (named === undefined || named.roleName !== own?.roleName) return "account";
  if (!named.isSession) return own.isSession ? "covers" : "account";
  return own.isSession ? "account" : "session";
}

/** A session's ARN contains its role's name, but not the role's path. */
function roleIn(arn: string): { roleName: string; isSession: boolean } | undefined {
  const { resource = "" } = parseArn(arn) ?? {};
  const [kind, roleName = ""] = resource.split("/");
  if (kind === "role") return { roleName: roleNameOf(arn), isSession: false };
  return kind === "assumed-role" ? { roleName, isSession: true } : undefined;
}

/**
 * Whether a principal is a unique id. IAM shows the id only of a role or user that was deleted, and that lets nobody in.
 * Source: AWS, IAM User Guide, "AWS JSON policy elements: Principal", IAM role principals.
 */
export function isUniqueId(principal: string): boolean {
  return /^A(ROA|IDA)[A-Z0-9]+(:|$)/.test(principal);
}
