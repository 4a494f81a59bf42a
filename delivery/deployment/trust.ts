import { ASSUME_ROLE_ACTION, accountRootArn } from "../../components/contract";
import { accountOf } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import { decidePrincipalArn } from "./iam/arnPattern";
import {
  type ConditionTest,
  conditionTests,
  coversAction,
  haveVariable,
  isAllow,
  parseStatements,
  principals,
  type Statement,
} from "./iam/policyStatement";
import { matchPrincipal, type PolicyCaller } from "./iam/principals";

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

/**
 * Evaluates a role's trust policy as IAM does for `sts:AssumeRole` by a principal of the caller's account. It never
 * guesses: a condition, a `NotPrincipal` or a Deny that it can't evaluate makes the decision `undetermined`, and so do
 * principals of the caller that the policy treats differently.
 */
export function decideTrust(document: string, caller: TrustedCaller): TrustDecision {
  const statements = parseStatements(document);
  if (statements === undefined) {
    return { kind: "undetermined", reason: "the trust policy is not a JSON policy document" };
  }
  const relevant = statements.filter((statement) => coversAssumeRole(statement) !== false);
  const arns = caller.principalArns?.length ? caller.principalArns : [undefined];
  const decisions = arns.map((arn) => decideFor(relevant, { ...caller, arn }));
  const isUnanimous = new Set(decisions.map(({ kind }) => kind)).size === 1;
  if (isUnanimous) return decisions[0] as TrustDecision;
  const open = arns.filter((_, index) => decisions[index]?.kind !== "trusted");
  return { kind: "undetermined", reason: `the trust policy may not let in ${open.join(", ")}` };
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
    : { kind: "undetermined", reason: "a Deny statement of the trust policy may apply" };
}

function decideAllow(statement: Statement, caller: SingleCaller): TrustDecision {
  if (coversAssumeRole(statement) === undefined || matchPrincipal(statement, caller) !== "covers") {
    const reason =
      "the trust policy names single principals of the account, or uses NotAction or NotPrincipal";
    return { kind: "undetermined", reason };
  }
  return decideCondition(statement.Condition, caller);
}

function decideCondition(condition: unknown, caller: SingleCaller): TrustDecision {
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
  caller: SingleCaller,
): "passes" | "undetermined" | TrustDecision {
  if (haveVariable(values)) return "undetermined";
  if (key === "aws:principalarn") {
    const { accountId, arn } = caller;
    const result = decidePrincipalArn(operator, values, {
      accountId,
      principalArns: arn === undefined ? [] : [arn],
    });
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

function anyoneTrusted(roleArn: string): Finding {
  return finding.warning(
    "anyone-trusted",
    roleArn,
    "The trust policy lets every AWS account assume the role, so anyone who learns its ARN can write to the stream",
    "Run `pulumi up --refresh` to restore the trust policy, which names only Amplitude's account",
  );
}
