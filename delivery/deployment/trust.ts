import { ASSUME_ROLE_ACTION, accountRootArn } from "../../components/contract";
import { accountOf, parseArn } from "../common/arn";
import { matchesText } from "./iam/arnPattern";
import { parseStatements, principals, type Statement, strings } from "./iam/policyStatement";
import { decidePrincipalArn } from "./iam/principalCondition";

/** Whether a trust policy lets Amplitude in. `undetermined` where it says something that only AWS can decide. */
export type TrustDecision =
  | { kind: "trusted" }
  | { kind: "not-trusted"; reason: string }
  | { kind: "undetermined"; reason: string };

/** The caller to decide for. */
export interface TrustedCaller {
  accountId: string;
  /** The principals of the account that are known to call; absent where any of it may. */
  principalArns?: string[] | undefined;
  /** What the caller is known to give as external id; as documented Amplitude gives none. */
  externalId?: string | undefined;
}

/**
 * Reads a role's trust policy as IAM would for `sts:AssumeRole` by a principal of the caller's account. It does not
 * guess: a condition, a `NotPrincipal` or a denial that it can't decide makes the answer `undetermined`.
 */
export function decideTrust(document: string, caller: TrustedCaller): TrustDecision {
  const statements = parseStatements(document);
  if (statements === undefined) {
    return { kind: "undetermined", reason: "the trust policy is not a JSON policy document" };
  }
  const about = statements.filter((statement) => coversAssumeRole(statement) !== false);
  const denial = decideDenials(about, caller);
  if (denial?.kind === "not-trusted") return denial;
  const allowance = decideAllowance(about, caller);
  return allowance.kind === "not-trusted" ? allowance : (denial ?? allowance);
}

function decideAllowance(statements: Statement[], caller: TrustedCaller): TrustDecision {
  const allows = statements.filter(({ Effect }) => Effect === "Allow");
  const forCaller = allows.filter((statement) => principalMatch(statement, caller) !== "other");
  if (forCaller.length === 0) return { kind: "not-trusted", reason: notNamed(allows, caller.accountId) };
  const decisions = forCaller.map((statement) => decideAllow(statement, caller));
  return (
    decisions.find(({ kind }) => kind === "trusted") ??
    decisions.find(({ kind }) => kind === "undetermined") ??
    (decisions[0] as TrustDecision)
  );
}

/**
 * Whether the trust policy names this caller, its role or its whole account, so that a refusal may be a new role that
 * IAM does not know everywhere yet. The caller's ARN is as GetCallerIdentity gives it.
 */
export function namesCaller(document: string, callerArn: string): boolean {
  const { accountId = "", resource = "" } = parseArn(callerArn) ?? {};
  const allows = (parseStatements(document) ?? []).filter(({ Effect }) => Effect === "Allow");
  return allows
    .flatMap(({ Principal }) => principals(Principal))
    .some(
      (principal) =>
        isWholeAccount(principal, accountId) ||
        principal === callerArn ||
        isRoleOf(principal, accountId, resource),
    );
}

/** Whether a statement lets in whoever asks, from whatever account. */
export function letsAnyoneIn(document: string): boolean {
  return (parseStatements(document) ?? []).some(
    (statement) =>
      statement.Effect === "Allow" &&
      statement.Condition === undefined &&
      coversAssumeRole(statement) !== false &&
      principals(statement.Principal).includes("*"),
  );
}

/** A session's ARN has its role's name, not the role's path. */
function isRoleOf(principal: string, accountId: string, resource: string): boolean {
  const [kind, roleName] = resource.split("/");
  const prefix = `arn:aws:iam::${accountId}:role/`;
  return kind === "assumed-role" && principal.startsWith(prefix) && principal.split("/").at(-1) === roleName;
}

function isWholeAccount(principal: string, accountId: string): boolean {
  return principal === "*" || principal === accountId || principal === accountRootArn(accountId);
}

function notNamed(allows: Statement[], accountId: string): string {
  if (allows.length === 0) return `no statement of the trust policy allows ${ASSUME_ROLE_ACTION}`;
  const named = allows.flatMap(({ Principal }) => principals(Principal)).join(", ") || "no AWS principal";
  return `the trust policy names ${named}, and not ${accountRootArn(accountId)}`;
}

function decideDenials(statements: Statement[], caller: TrustedCaller): TrustDecision | undefined {
  const denials = statements.filter(
    (statement) => statement.Effect === "Deny" && principalMatch(statement, caller) !== "other",
  );
  if (denials.length === 0) return undefined;
  const certain = denials.some(
    (denial) =>
      denial.Condition === undefined &&
      coversAssumeRole(denial) === true &&
      principalMatch(denial, caller) === "account",
  );
  return certain
    ? {
        kind: "not-trusted",
        reason: `a Deny statement of the trust policy covers account ${caller.accountId}`,
      }
    : { kind: "undetermined", reason: "a Deny statement of the trust policy may apply" };
}

function decideAllow(statement: Statement, caller: TrustedCaller): TrustDecision {
  if (coversAssumeRole(statement) === undefined || principalMatch(statement, caller) === "undecided") {
    const reason =
      "the trust policy names single principals of the account, or uses NotAction or NotPrincipal";
    return { kind: "undetermined", reason };
  }
  return statement.Condition === undefined
    ? { kind: "trusted" }
    : decideCondition(statement.Condition, caller);
}

/** One test of a Condition block. */
interface ConditionTest {
  operator: string;
  key: string;
  values: string[];
}

function decideCondition(condition: unknown, caller: TrustedCaller): TrustDecision {
  const tests = conditionTests(condition).map((test) => ({ test, result: decideTest(test, caller) }));
  const refusal = tests.find(({ result }) => typeof result === "object");
  if (typeof refusal?.result === "object") return refusal.result;
  const open = tests.filter(({ result }) => result === "undetermined").map(({ test }) => test.key);
  return open.length === 0
    ? { kind: "trusted" }
    : { kind: "undetermined", reason: `the trust policy has conditions on ${open.join(", ")}` };
}

function conditionTests(condition: unknown): ConditionTest[] {
  return Object.entries(condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys ?? {}).map(([key, values]) => ({
      operator,
      key: key.toLowerCase(),
      values: strings(values),
    })),
  );
}

/** Source: AWS, IAM User Guide, "Condition operators": a key that is not given fails a test, or passes one with IfExists. */
function decideTest(
  { operator, key, values }: ConditionTest,
  caller: TrustedCaller,
): "passes" | "undetermined" | TrustDecision {
  if (key === "aws:principalarn") {
    const result = decidePrincipalArn(operator, values, caller);
    return result === "fails" ? refusedFor(otherPrincipals(values, caller)) : result;
  }
  const { externalId } = caller;
  if (key !== "sts:externalid" || !/^String(Equals|Like)(IfExists)?$/.test(operator)) return "undetermined";
  if (externalId === undefined) return operator.endsWith("IfExists") ? "passes" : refusedFor(DEMANDED);
  if (values.includes(externalId)) return "passes";
  return operator.startsWith("StringLike") ? "undetermined" : refusedFor(OTHER_DEMANDED);
}

const DEMANDED =
  "the trust policy demands an external id (sts:ExternalId), for which Amplitude's form has no field";
const OTHER_DEMANDED = "the trust policy demands another external id than the one given";

function otherPrincipals(patterns: string[], { accountId, principalArns }: TrustedCaller): string {
  const who = principalArns?.length ? principalArns.join(", ") : `any principal of account ${accountId}`;
  return `the trust policy demands an aws:PrincipalArn like ${patterns.join(", ")}, and not ${who}`;
}

function refusedFor(reason: string): TrustDecision {
  return { kind: "not-trusted", reason };
}

/** Undefined where `NotAction` leaves it open. Action names are case-insensitive and may hold `*` and `?`. */
export function coversAssumeRole({ Action, NotAction }: Statement): boolean | undefined {
  if (NotAction !== undefined) return undefined;
  return strings(Action).some((pattern) => matchesAssumeRole(pattern));
}

function matchesAssumeRole(pattern: string): boolean {
  return matchesText(pattern.toLowerCase(), ASSUME_ROLE_ACTION.toLowerCase());
}

/** `account`: all that call are let in; `undecided`: single principals of the account, or `NotPrincipal`. */
function principalMatch(
  statement: Statement,
  { accountId, principalArns = [] }: TrustedCaller,
): "account" | "undecided" | "other" {
  if (statement.NotPrincipal !== undefined) return "undecided";
  const named = principals(statement.Principal);
  if (named.some((principal) => isWholeAccount(principal, accountId))) return "account";
  if (principalArns.length > 0 && principalArns.every((arn) => named.includes(arn))) return "account";
  return named.some((arn) => accountOf(arn) === accountId) ? "undecided" : "other";
}
