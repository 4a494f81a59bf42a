import { ASSUME_ROLE_ACTION, accountRootArn } from "../../components/contract";
import { accountOf } from "../common/arn";
import { type Finding, finding, present } from "../common/findings";
import { isObject, unique } from "../common/values";
import {
  type ConditionTest,
  conditionTests,
  coversAction,
  decidePrincipalArn,
  haveVariable,
  isAllow,
  isUniqueId,
  matchPrincipal,
  type PolicyCaller,
  parseStatements,
  principals,
  type Statement,
  strings,
} from "./iam/policy";

/** Whether a trust policy lets Amplitude in. `undetermined` if only AWS can decide a part of it. */
export type TrustDecision = { kind: "trusted" } | { kind: "not-trusted" | "undetermined"; reason: string };

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
  return present([
    decision.kind === "not-trusted" &&
      finding.error(
        "amplitude-not-trusted",
        roleArn,
        `Amplitude (account ${amplitude.accountId}) can't assume the role: ${decision.reason}`,
        "Run `pulumi up --refresh` to restore the trust policy. If it differs on purpose, check amplitudeAccountId, amplitudePrincipalArns and externalId",
      ),
    decision.kind === "undetermined" &&
      finding.undetermined(
        "trust-undetermined",
        roleArn,
        `Whether Amplitude may assume the role can't be determined: ${decision.reason}`,
        "Ask Amplitude which principal it uses, or trust the root of its account, as its documentation does",
      ),
    decision.kind === "trusted" &&
      letsAnyoneIn(document) &&
      finding.warning(
        "anyone-trusted",
        roleArn,
        "The trust policy lets every AWS account assume the role, so anyone who learns its ARN can write to the stream",
        "Run `pulumi up --refresh` to restore the trust policy, which names only Amplitude's account",
      ),
  ]);
}

/**
 * Evaluates a role's trust policy as IAM does for `sts:AssumeRole` by a principal of the caller's account. It never
 * guesses: a condition, a `NotPrincipal` or a Deny that it can't evaluate makes the decision `undetermined`, and so do
 * principals of the caller that the policy treats differently.
 */
export function decideTrust(document: string, caller: TrustedCaller): TrustDecision {
  const statements = parseStatements(document);
  if (statements === undefined) return undetermined("the trust policy is not a JSON policy document");
  const relevant = statements.filter((statement) => coversAssumeRole(statement) !== false);
  const arns = caller.principalArns?.length ? caller.principalArns : [undefined];
  const decisions = arns.map((arn) => decideFor(relevant, { ...caller, arn }));
  const isUnanimous = new Set(decisions.map(({ kind }) => kind)).size === 1;
  if (isUnanimous) return decisions[0] as TrustDecision;
  const open = arns.filter((_, index) => decisions[index]?.kind !== "trusted");
  return undetermined(`the trust policy may not let in ${open.join(", ")}`);
}

/** One principal of the caller, or any principal of its account. */
type SingleCaller = TrustedCaller & PolicyCaller;

function decideFor(statements: Statement[], caller: SingleCaller): TrustDecision {
  const denial = decideDenials(statements, caller);
  if (denial?.kind === "not-trusted") return denial;
  const allowance = decideAllowances(statements.filter(isAllow), caller);
  return allowance.kind === "not-trusted" ? allowance : (denial ?? allowance);
}

function decideAllowances(allows: Statement[], caller: SingleCaller): TrustDecision {
  const forCaller = allows.filter((statement) => matchPrincipal(statement, caller) !== "other");
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

function undetermined(reason: string): TrustDecision {
  return { kind: "undetermined", reason };
}

function notNamed(allows: Statement[], accountId: string): string {
  if (allows.length === 0) return `no statement of the trust policy allows ${ASSUME_ROLE_ACTION}`;
  const named = allows.flatMap(({ Principal }) => principals(Principal)).join(", ") || "no AWS principal";
  return `the trust policy names ${named}, and not ${accountRootArn(accountId)}`;
}

function decideDenials(statements: Statement[], caller: SingleCaller): TrustDecision | undefined {
  const denials = statements.filter(
    (statement) => statement.Effect === "Deny" && matchPrincipal(statement, caller) !== "other",
  );
  if (denials.length === 0) return undefined;
  const isCertain = denials.some(
    (denial) =>
      conditionTests(denial.Condition).length === 0 &&
      coversAssumeRole(denial) === true &&
      matchPrincipal(denial, caller) === "covers",
  );
  return isCertain
    ? notTrusted(`a Deny statement of the trust policy covers ${caller.arn ?? `account ${caller.accountId}`}`)
    : undetermined("a Deny statement of the trust policy may apply");
}

function decideAllow(statement: Statement, caller: SingleCaller): TrustDecision {
  if (coversAssumeRole(statement) === undefined || matchPrincipal(statement, caller) !== "covers")
    return undetermined(
      "the trust policy names single principals of the account, or uses NotAction or NotPrincipal",
    );
  const tests = conditionTests(statement.Condition).map((test) => ({
    test,
    result: decideTest(test, caller),
  }));
  const refusal = tests.find(({ result }) => typeof result === "object");
  if (typeof refusal?.result === "object") return refusal.result;
  const open = tests.filter(({ result }) => result === "undetermined").map(({ test }) => test.key);
  return open.length === 0
    ? { kind: "trusted" }
    : undetermined(`the trust policy has conditions on ${open.join(", ")}`);
}

/** Source: AWS, IAM User Guide, "Condition operators": a missing key fails a test, or passes one with IfExists. */
function decideTest(
  { operator, key, values }: ConditionTest,
  caller: SingleCaller,
): "passes" | "undetermined" | TrustDecision {
  if (haveVariable(values)) return "undetermined";
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

function coversAssumeRole(statement: Statement): boolean | undefined {
  return coversAction(statement, ASSUME_ROLE_ACTION);
}

/**
 * Whether the trust policy names this caller, its role or its whole account. AWS may then reject the caller only because a
 * new role has not propagated yet.
 *
 * @param arn as GetCallerIdentity returns it.
 */
export function namesCaller(document: string, arn: string): boolean {
  const caller = { accountId: accountOf(arn), arn };
  return (parseStatements(document) ?? []).some(
    (statement) => isAllow(statement) && matchPrincipal(statement, caller) === "covers",
  );
}

/** Whether a statement lets in every caller of every account. */
function letsAnyoneIn(document: string): boolean {
  return (parseStatements(document) ?? []).some(
    (statement) =>
      isAllow(statement) &&
      conditionTests(statement.Condition).length === 0 &&
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
  const actions = unique(allows.flatMap(otherActions));
  const deleted = unique(allows.flatMap(({ Principal }) => principals(Principal)).filter(isUniqueId));
  return present([
    others.length > 0 &&
      finding.warning(
        "others-trusted",
        roleArn,
        `Besides Amplitude, the trust policy lets in ${others.join(", ")}, so each of them can write to the stream`,
        "If one of them tests delivery, give it as --test-principal. Otherwise take it out of testPrincipalArns, or run `pulumi up --refresh` to undo a change made by hand",
      ),
    actions.length > 0 &&
      finding.warning(
        "trust-too-broad",
        roleArn,
        `The trust policy allows ${actions.join(", ")}, but Amplitude needs only ${ASSUME_ROLE_ACTION}`,
        "Run `pulumi up --refresh` to restore the trust policy",
      ),
    deleted.length > 0 &&
      finding.warning(
        "deleted-principal",
        roleArn,
        `The trust policy names ${deleted.join(", ")}, a role or user that was deleted. That lets nobody in, not even a new one of the same name`,
        "Take it out of testPrincipalArns, or create the role or user first. Then run `pulumi up --refresh`",
      ),
  ]);
}

/** Leaves `*` without a condition to the finding `anyone-trusted`. */
function othersIn({ Principal, NotPrincipal, Condition }: Statement, intended: IntendedPrincipals): string[] {
  if (NotPrincipal !== undefined) return ["everybody but those of a NotPrincipal"];
  const isConditional = conditionTests(Condition).length > 0;
  const aws = principals(Principal)
    .filter((principal) => (principal !== "*" || isConditional) && !isUniqueId(principal))
    .filter((principal) => !isIntended(principal, intended))
    .map((principal) => (principal === "*" ? "* under a condition" : principal));
  return [...aws, ...servicesIn(Principal)];
}

function isIntended(principal: string, intended: IntendedPrincipals): boolean {
  const { amplitudeAccountId, testPrincipalArns } = intended;
  return (
    [principal, accountOf(principal)].includes(amplitudeAccountId) || testPrincipalArns.includes(principal)
  );
}

function servicesIn(principal: unknown): string[] {
  if (!isObject(principal)) return [];
  const kinds = Object.entries(principal).filter(([kind]) => kind !== "AWS" && kind !== "*");
  return kinds.flatMap(([kind, names]) => strings(names).map((name) => `${name} (${kind})`));
}

function otherActions({ Action, NotAction }: Statement): string[] {
  if (NotAction !== undefined) return [`everything but ${strings(NotAction).join(", ")}`];
  return strings(Action).filter((each) => each.toLowerCase() !== ASSUME_ROLE_ACTION.toLowerCase());
}
