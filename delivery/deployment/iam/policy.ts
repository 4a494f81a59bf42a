import { accountRootArn } from "../../../components/contract";
import { parseArn, roleNameOf } from "../../common/arn";
import { isObject } from "../../common/values";

/** A statement of a policy document. Its members may have any type, because anybody can write one. */
export interface Statement {
  Sid?: unknown;
  Effect?: unknown;
  Principal?: unknown;
  NotPrincipal?: unknown;
  Action?: unknown;
  NotAction?: unknown;
  Resource?: unknown;
  NotResource?: unknown;
  Condition?: unknown;
}

/** Returns undefined for text that is not a JSON policy document. */
export function parseStatements(document: string): Statement[] | undefined {
  try {
    const { Statement } = JSON.parse(document);
    const list: unknown[] = Array.isArray(Statement) ? Statement : [Statement];
    return list.filter((item): item is Statement => typeof item === "object" && item !== null);
  } catch {
    return undefined;
  }
}

export function isAllow({ Effect }: Statement): boolean {
  return Effect === "Allow";
}

/** Whether a statement covers an action. Undefined if `NotAction` leaves it open. IAM ignores the case of actions. */
export function coversAction({ Action, NotAction }: Statement, action: string): boolean | undefined {
  if (NotAction !== undefined) return undefined;
  return strings(Action).some((pattern) => matchesText(pattern.toLowerCase(), action.toLowerCase()));
}

/** Returns the AWS principals: ARNs, account ids, or `*`. Some services also take `{"*": "*"}` for everybody. */
export function principals(principal: unknown): string[] {
  if (principal === "*") return ["*"];
  return isObject(principal) ? [...strings(principal.AWS), ...strings(principal["*"])] : [];
}

/** Returns a list of strings, which a policy writes as a plain string if there is only one. */
export function strings(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((item) => typeof item === "string");
}

/** Whether any of the values has a policy variable, such as `${aws:PrincipalAccount}`, whose value only AWS knows. */
export function haveVariable(values: string[]): boolean {
  return values.some((value) => value.includes("${"));
}

/** One test of a Condition block. */
export interface ConditionTest {
  operator: string;
  /** In lower case, because IAM ignores the case of keys. */
  key: string;
  /** A boolean is `true` or `false`. */
  values: string[];
}

/** Returns the tests of a Condition block, all of which have to pass. */
export function conditionTests(condition: unknown): ConditionTest[] {
  return Object.entries(condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys ?? {}).map(([key, values]) => ({
      operator,
      key: key.toLowerCase(),
      values: strings([values].flat().map((value) => (typeof value === "boolean" ? `${value}` : value))),
    })),
  );
}

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
  const named = roleIn(name);
  const own = roleIn(arn);
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

/**
 * Matches text against a pattern with IAM's wildcards: `*` for any characters, or none, and `?` for exactly one. Takes at
 * most one step per character of the text and of the pattern, multiplied, whatever the pattern is.
 */
export function matchesText(pattern: string, text: string): boolean {
  let at = 0;
  let position = 0;
  /** Place after the last `*` in the pattern; -1 before the first. */
  let afterStar = -1;
  /** Place in the text from which the last `*` is tried next. */
  let retryFrom = 0;
  while (position < text.length) {
    const wanted = pattern[at];
    if (wanted === "*") {
      at += 1;
      afterStar = at;
      retryFrom = position;
    } else if (wanted === "?" || wanted === text[position]) {
      at += 1;
      position += 1;
    } else {
      if (afterStar === -1) return false;
      retryFrom += 1;
      at = afterStar;
      position = retryFrom;
    }
  }
  return /^\**$/.test(pattern.slice(at));
}

/**
 * Matches an ARN as `ArnLike` and `ArnEquals` do, part by part, so that a wildcard never matches beyond a colon.
 * Source: AWS, IAM User Guide, "Condition operators", ARN condition operators.
 */
export function matchesArn(pattern: string, arn: string): boolean {
  const patterns = partsOf(pattern);
  const parts = partsOf(arn);
  if (patterns === undefined || parts === undefined) return false;
  return patterns.every((part, index) => matchesText(part, parts[index] ?? ""));
}

function partsOf(arn: string): string[] | undefined {
  const parts = parseArn(arn);
  return parts === undefined ? undefined : [arn.slice(0, arn.indexOf(":")), ...Object.values(parts)];
}

const OPERATOR = /^(Arn(?:Equals|Like)|String(?:Equals|Like))(?:IfExists)?$/;

/**
 * Decides a condition on `aws:PrincipalArn`, which every request has. If the calling principal is unknown, the result is
 * `undetermined` as long as a principal of its account may match: Amplitude doesn't document which one it uses.
 */
export function decidePrincipalArn(
  operator: string,
  patterns: string[],
  { accountId, arn }: PolicyCaller,
): "passes" | "undetermined" | "fails" {
  const kind = OPERATOR.exec(operator)?.[1];
  if (kind === undefined) return "undetermined";
  if (arn === undefined)
    return patterns.some((pattern) => mayNameAccount(pattern, accountId)) ? "undetermined" : "fails";
  return patterns.some((pattern) => matcherOf(kind)(pattern, arn)) ? "passes" : "fails";
}

function matcherOf(kind: string): (pattern: string, arn: string) => boolean {
  if (kind === "StringEquals") return (value, arn) => value === arn;
  return kind === "StringLike" ? matchesText : matchesArn;
}

/** Whether a principal of the account may match. A pattern that is not an ARN may match any account. */
function mayNameAccount(pattern: string, accountId: string): boolean {
  const parts = parseArn(pattern);
  return parts === undefined || matchesText(parts.accountId, accountId);
}
