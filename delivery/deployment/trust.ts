import { ASSUME_ROLE_ACTION, accountRootArn } from "../../components/contract";
import { accountOf, parseArn } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import { isObject, unique } from "../common/values";
import { decidePrincipalArn, matchesText } from "./iam/arnPattern";
import {
  type ConditionTest,
  conditionTests,
  parseStatements,
  principals,
  type Statement,
  strings,
} from "./iam/policyStatement";

/** Whether a trust policy lets Amplitude in. `undetermined` if only AWS can decide a part of it. */
export type TrustDecision =
  | { kind: "trusted" }
  | { kind: "not-trusted"; reason: string }
  | { kind: "undetermined"; reason: string };

/** The caller to decide for. */
export interface TrustedCaller {
  accountId: string;
  /** Principals of the account that are known to call. Default: every principal of it. */
  principalArns?: string[] | undefined;
  /** External id that the caller is known to give. Default: none, as Amplitude documents. */
  externalId?: string | undefined;
}

/** Returns the findings on whether the trust policy lets Amplitude assume the role. */
export function checkTrust(document: string, roleArn: string, amplitude: TrustedCaller): Finding[] {
  const decision = decideTrust(document, amplitude);
  switch (decision.kind) {
    case "trusted":
      return letsAnyoneIn(document) ? [anyoneTrusted(roleArn)] : [];
    case "undetermined":
      return [
        finding.undetermined(
          "trust-undetermined",
          roleArn,
          `Whether Amplitude may assume the role can't be determined: ${decision.reason}`,
          "Ask Amplitude which principal it uses, or trust the root of its account, as its documentation does",
        ),
      ];
    case "not-trusted":
      return [
        finding.error(
          "amplitude-not-trusted",
          roleArn,
          `Amplitude (account ${amplitude.accountId}) can't assume the role: ${decision.reason}`,
          "Run `pulumi up --refresh` to restore the trust policy. If it differs on purpose, check amplitudeAccountId, amplitudePrincipalArns and externalId",
        ),
      ];
  }
}

function anyoneTrusted(roleArn: string): Finding {
  return finding.warning(
    "anyone-trusted",
    roleArn,
    "The trust policy lets every AWS account assume the role, so anyone who learns its ARN can write to the stream",
    "Run `pulumi up --refresh` to restore the trust policy, which names only Amplitude's account",
  );
}

/**
 * Evaluates a role's trust policy as IAM does for `sts:AssumeRole` by a principal of the caller's account. It never
 * guesses: a condition, a `NotPrincipal` or a Deny that it can't evaluate makes the decision `undetermined`.
 */
export function decideTrust(document: string, caller: TrustedCaller): TrustDecision {
  const statements = parseStatements(document);
  if (statements === undefined) {
    return { kind: "undetermined", reason: "the trust policy is not a JSON policy document" };
  }
  const relevant = statements.filter((statement) => coversAssumeRole(statement) !== false);
  const denial = decideDenials(relevant, caller);
  if (denial?.kind === "not-trusted") return denial;
  const allowance = decideAllowances(relevant.filter(isAllow), caller);
  return allowance.kind === "not-trusted" ? allowance : (denial ?? allowance);
}

function isAllow({ Effect }: Statement): boolean {
  return Effect === "Allow";
}

function decideAllowances(allows: Statement[], caller: TrustedCaller): TrustDecision {
  const forCaller = allows.filter((statement) => principalMatch(statement, caller) !== "other");
  if (forCaller.length === 0) return notTrusted(notNamed(allows, caller.accountId));
  const decisions = forCaller.map((statement) => decideAllow(statement, caller));
  return (
    decisions.find(({ kind }) => kind === "trusted") ??
    decisions.find(({ kind }) => kind === "undetermined") ??
    (decisions[0] as TrustDecision)
  );
}

function notTrusted(reason: string): TrustDecision {
  return { kind: "not-trusted", reason };
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
  const isCertain = denials.some(
    (denial) =>
      denial.Condition === undefined &&
      coversAssumeRole(denial) === true &&
      principalMatch(denial, caller) === "account",
  );
  return isCertain
    ? notTrusted(`a Deny statement of the trust policy covers account ${caller.accountId}`)
    : { kind: "undetermined", reason: "a Deny statement of the trust policy may apply" };
}

function decideAllow(statement: Statement, caller: TrustedCaller): TrustDecision {
  if (coversAssumeRole(statement) === undefined || principalMatch(statement, caller) === "undecided") {
    const reason =
      "the trust policy names single principals of the account, or uses NotAction or NotPrincipal";
    return { kind: "undetermined", reason };
  }
  return decideCondition(statement.Condition, caller);
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

/** Source: AWS, IAM User Guide, "Condition operators": a missing key fails a test, or passes one with IfExists. */
function decideTest(
  { operator, key, values }: ConditionTest,
  caller: TrustedCaller,
): "passes" | "undetermined" | TrustDecision {
  if (key === "aws:principalarn") {
    const result = decidePrincipalArn(operator, values, caller);
    return result === "fails" ? notTrusted(otherPrincipals(values, caller)) : result;
  }
  const { externalId } = caller;
  if (key !== "sts:externalid" || !/^String(Equals|Like)(IfExists)?$/.test(operator)) return "undetermined";
  if (externalId === undefined) return operator.endsWith("IfExists") ? "passes" : notTrusted(DEMANDED);
  if (values.includes(externalId)) return "passes";
  return operator.startsWith("StringLike") ? "undetermined" : notTrusted(OTHER_DEMANDED);
}

const DEMANDED =
  "the trust policy demands an external id (sts:ExternalId), for which Amplitude's form has no field";
const OTHER_DEMANDED = "the trust policy demands another external id than the one given";

function otherPrincipals(patterns: string[], { accountId, principalArns }: TrustedCaller): string {
  const who = principalArns?.length ? principalArns.join(", ") : `any principal of account ${accountId}`;
  return `the trust policy demands an aws:PrincipalArn like ${patterns.join(", ")}, and not ${who}`;
}

/** Returns undefined if `NotAction` leaves it open. IAM ignores the case of actions. */
function coversAssumeRole({ Action, NotAction }: Statement): boolean | undefined {
  if (NotAction !== undefined) return undefined;
  return strings(Action).some((pattern) =>
    matchesText(pattern.toLowerCase(), ASSUME_ROLE_ACTION.toLowerCase()),
  );
}

/** `account`: the statement covers all possible callers. `undecided`: it covers some principals, or has a `NotPrincipal`. */
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

function isWholeAccount(principal: string, accountId: string): boolean {
  return principal === "*" || principal === accountId || principal === accountRootArn(accountId);
}

/**
 * Whether the trust policy names this caller, its role or its whole account. AWS may then reject the caller only because a
 * new role has not propagated yet.
 *
 * @param callerArn as GetCallerIdentity returns it.
 */
export function namesCaller(document: string, callerArn: string): boolean {
  const { accountId = "", resource = "" } = parseArn(callerArn) ?? {};
  return (parseStatements(document) ?? [])
    .filter(isAllow)
    .flatMap(({ Principal }) => principals(Principal))
    .some(
      (principal) =>
        isWholeAccount(principal, accountId) ||
        principal === callerArn ||
        isRoleOf(principal, accountId, resource),
    );
}

/** A session's ARN contains its role's name, but not the role's path. */
function isRoleOf(principal: string, accountId: string, resource: string): boolean {
  const [kind, roleName] = resource.split("/");
  const prefix = `arn:aws:iam::${accountId}:role/`;
  return kind === "assumed-role" && principal.startsWith(prefix) && principal.split("/").at(-1) === roleName;
}

/** Whether a statement lets in every caller of every account. */
function letsAnyoneIn(document: string): boolean {
  return (parseStatements(document) ?? []).some(
    (statement) =>
      isAllow(statement) &&
      statement.Condition === undefined &&
      coversAssumeRole(statement) !== false &&
      principals(statement.Principal).includes("*"),
  );
}

/** Principals that the trust policy should let in. */
export interface IntendedPrincipals {
  amplitudeAccountId: string;
  testPrincipalArns: string[];
}

/** Finds principals besides Amplitude and actions besides `sts:AssumeRole` that a trust policy allows. */
export function checkTrustBreadth(
  document: string,
  roleArn: string,
  intended: IntendedPrincipals,
): Finding[] {
  const allows = (parseStatements(document) ?? []).filter(isAllow);
  const others = unique(
    allows.filter((each) => coversAssumeRole(each) !== false).flatMap((each) => othersIn(each, intended)),
  );
  const actions = unique(allows.flatMap(({ Action, NotAction }) => otherActions(Action, NotAction)));
  const findings: Finding[] = [];
  if (others.length > 0)
    findings.push(
      finding.warning(
        "others-trusted",
        roleArn,
        `Besides Amplitude, the trust policy lets in ${others.join(", ")}, so each of them can write to the stream`,
        "If one of them tests delivery, give it as --test-principal. Otherwise take it out of testPrincipalArns, or run `pulumi up --refresh` to undo a change made by hand",
      ),
    );
  if (actions.length > 0)
    findings.push(
      finding.warning(
        "trust-too-broad",
        roleArn,
        `The trust policy allows ${actions.join(", ")}, but Amplitude needs only ${ASSUME_ROLE_ACTION}`,
        "Run `pulumi up --refresh` to restore the trust policy",
      ),
    );
  return findings;
}

/** Leaves `*` without a condition to the finding `anyone-trusted`. */
function othersIn({ Principal, NotPrincipal, Condition }: Statement, intended: IntendedPrincipals): string[] {
  if (NotPrincipal !== undefined) return ["everybody but those of a NotPrincipal"];
  const named = principals(Principal).filter((principal) => principal !== "*" || Condition !== undefined);
  const aws = named.filter((principal) => !isIntended(principal, intended)).map(describePrincipal);
  return [...aws, ...servicesIn(Principal)];
}

function isIntended(
  principal: string,
  { amplitudeAccountId, testPrincipalArns }: IntendedPrincipals,
): boolean {
  return (
    principal === amplitudeAccountId ||
    accountOf(principal) === amplitudeAccountId ||
    testPrincipalArns.includes(principal)
  );
}

/** Source: AWS, IAM User Guide, "AWS JSON policy elements: Principal": a deleted role or user stays as its unique id. */
function describePrincipal(principal: string): string {
  if (principal === "*") return "* under a condition";
  return /^A(ROA|IDA)[A-Z0-9]+$/.test(principal)
    ? `${principal} (a role or user that was deleted)`
    : principal;
}

function servicesIn(principal: unknown): string[] {
  if (!isObject(principal)) return [];
  const kinds = Object.entries(principal).filter(([kind]) => kind !== "AWS");
  return kinds.flatMap(([kind, names]) => strings(names).map((name) => `${name} (${kind})`));
}

function otherActions(action: unknown, notAction: unknown): string[] {
  if (notAction !== undefined) return [`everything but ${strings(notAction).join(", ")}`];
  return strings(action).filter((each) => each.toLowerCase() !== ASSUME_ROLE_ACTION.toLowerCase());
}
