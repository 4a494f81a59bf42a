import { ASSUME_ROLE_ACTION } from "../../components/contract";
import { accountOf } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import { isObject, unique } from "../common/values";
import {
  conditionTests,
  coversAction,
  isAllow,
  parseStatements,
  principals,
  type Statement,
  strings,
} from "./iam/policyStatement";
import { isUniqueId } from "./iam/principals";

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
    allows
      .filter((each) => coversAction(each, ASSUME_ROLE_ACTION) !== false)
      .flatMap((each) => othersIn(each, intended)),
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
  const deleted = allows.flatMap(({ Principal }) => principals(Principal)).filter(isUniqueId);
  if (deleted.length > 0)
    findings.push(
      finding.warning(
        "deleted-principal",
        roleArn,
        `The trust policy names ${unique(deleted).join(", ")}, a role or user that was deleted. That lets nobody in, not even a new one of the same name`,
        "Take it out of testPrincipalArns, or create the role or user first. Then run `pulumi up --refresh`",
      ),
    );
  return findings;
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

function servicesIn(principal: unknown): string[] {
  if (!isObject(principal)) return [];
  const kinds = Object.entries(principal).filter(([kind]) => kind !== "AWS" && kind !== "*");
  return kinds.flatMap(([kind, names]) => strings(names).map((name) => `${name} (${kind})`));
}

function otherActions(action: unknown, notAction: unknown): string[] {
  if (notAction !== undefined) return [`everything but ${strings(notAction).join(", ")}`];
  return strings(action).filter((each) => each.toLowerCase() !== ASSUME_ROLE_ACTION.toLowerCase());
}
