import { ASSUME_ROLE_ACTION, accountRootArn } from "../../components/contract";
import { accountOf } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import { unique } from "../common/values";
import { parseStatements, principals, type Statement, strings } from "./iam/policyStatement";
import { coversAssumeRole } from "./trust";

/** Who is meant to be let in. */
export interface MeantToBeTrusted {
  amplitudeAccountId: string;
  testPrincipalArns: string[];
}

/** What a trust policy lets in or allows beside Amplitude's assuming the role. */
export function trustBreadthFindings(document: string, roleArn: string, meant: MeantToBeTrusted): Finding[] {
  const allows = (parseStatements(document) ?? []).filter(({ Effect }) => Effect === "Allow");
  const others = unique(
    allows.filter((each) => coversAssumeRole(each) !== false).flatMap((each) => othersIn(each, meant)),
  );
  const actions = unique(allows.flatMap(({ Action, NotAction }) => otherActions(Action, NotAction)));
  return [
    ...(others.length === 0 ? [] : [othersTrusted(others, roleArn)]),
    ...(actions.length === 0 ? [] : [tooBroad(actions, roleArn)]),
  ];
}

/** `*` is not among them: it has a finding of its own, `anyone-trusted`, where no condition narrows it. */
function othersIn({ Principal, NotPrincipal, Condition }: Statement, meant: MeantToBeTrusted): string[] {
  if (NotPrincipal !== undefined) return ["everybody but those of a NotPrincipal"];
  const named = principals(Principal).filter((principal) => principal !== "*" || Condition !== undefined);
  const aws = named.filter((principal) => !isMeant(principal, meant)).map(spokenOf);
  return [...aws, ...servicesIn(Principal)];
}

function isMeant(principal: string, { amplitudeAccountId, testPrincipalArns }: MeantToBeTrusted): boolean {
  return (
    principal === amplitudeAccountId ||
    principal === accountRootArn(amplitudeAccountId) ||
    accountOf(principal) === amplitudeAccountId ||
    testPrincipalArns.includes(principal)
  );
}

/** Source: AWS, IAM User Guide, "AWS JSON policy elements: Principal": a deleted role or user stays as its unique id. */
function spokenOf(principal: string): string {
  if (principal === "*") return "* under a condition";
  return /^A(ROA|IDA)[A-Z0-9]+$/.test(principal)
    ? `${principal} (a role or user that was deleted)`
    : principal;
}

function servicesIn(principal: unknown): string[] {
  if (typeof principal !== "object" || principal === null) return [];
  const kinds = Object.entries(principal).filter(([kind]) => kind !== "AWS");
  return kinds.flatMap(([kind, names]) => strings(names).map((name) => `${name} (${kind})`));
}

function otherActions(action: unknown, notAction: unknown): string[] {
  if (notAction !== undefined) return [`everything but ${strings(notAction).join(", ")}`];
  return strings(action).filter((each) => each.toLowerCase() !== ASSUME_ROLE_ACTION.toLowerCase());
}

function othersTrusted(others: string[], where: string): Finding {
  return finding.warning(
    "others-trusted",
    where,
    `Beside Amplitude the trust policy lets in ${others.join(", ")}: each of them can write to the stream`,
    "If one is meant to test delivery, give it as --test-principal; otherwise take it out of testPrincipalArns, or run `pulumi up --refresh` to undo a change made by hand",
  );
}

function tooBroad(actions: string[], where: string): Finding {
  return finding.warning(
    "trust-too-broad",
    where,
    `The trust policy allows ${actions.join(", ")}, where Amplitude needs ${ASSUME_ROLE_ACTION} alone`,
    "Run `pulumi up --refresh` to restore the trust policy",
  );
}
