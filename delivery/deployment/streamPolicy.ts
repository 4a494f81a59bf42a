import { GetResourcePolicyCommand, type KinesisClient } from "@aws-sdk/client-kinesis";
import { WRITE_ACTIONS } from "../../components/contract";
import { accountOf } from "../common/arn";
import { type Finding, finding, present } from "../common/findings";
import { unique } from "../common/values";
import { ACTIONS } from "./iam/actions";
import {
  conditionTests,
  coversAction,
  haveVariable,
  isAllow,
  isUniqueId,
  matchesText,
  matchPrincipal,
  parseStatements,
  principals,
  type Statement,
  strings,
} from "./iam/policy";
import { failed, grantRemedy, inspect, isNamed } from "./inspection";

interface Place {
  streamArn: string;
  roleArn: string;
  /** Unique id of the role (`AROA…`). Absent if the role could not be read. */
  roleId?: string | undefined;
}

/** Checks the stream's own policy. AWS's simulator ignores it, and a Deny in it stops what the role's policies allow. */
export function checkStreamPolicy(client: KinesisClient, place: Place): Promise<Finding[]> {
  return inspect(
    async () => {
      const { Policy = "{}" } = await client.send(
        new GetResourcePolicyCommand({ ResourceARN: place.streamArn }),
      );
      return policyFindings(Policy, place);
    },
    (error) => {
      // The stream was described a moment ago, so only its policy can be missing.
      if (isNamed(error, "ResourceNotFoundException")) return [];
      return [undetermined(place, ...failed("The stream's own policy can't be read", error, GRANT))];
    },
  );
}

const GRANT = grantRemedy(ACTIONS.readStreamPolicy, "the stream", "check");
const REMOVE_STATEMENT =
  "Take the statement out of the stream's policy (`aws kinesis get-resource-policy`, `put-resource-policy`). requireTls adds a Deny that stops nobody who uses TLS";

function policyFindings(document: string, place: Place): Finding[] {
  const statements = parseStatements(document);
  if (statements === undefined)
    return [undetermined(place, "The stream's own policy is not a JSON policy document", GRANT)];
  const denials = statements.filter(({ Effect }) => Effect === "Deny");
  return [
    ...denials.flatMap((each) => denialFindings(each, place)),
    ...foreignFindings(statements.filter(isAllow), place),
  ];
}

/** How surely a Deny covers Amplitude's writes. */
type Coverage = "certain" | "possible" | "none";

function denialFindings(statement: Statement, place: Place): Finding[] {
  const coverage = coverageOf(statement, place);
  if (coverage === "none") return [];
  const { Sid } = statement;
  const named = `A Deny statement${typeof Sid === "string" ? ` ${Sid}` : ""} of the stream's own policy`;
  if (coverage === "possible")
    return [undetermined(place, `${named} may apply to Amplitude's writes`, REMOVE_STATEMENT)];
  const message = `${named} rejects the role's writes`;
  return [finding.error("stream-policy-denies", place.streamArn, message, REMOVE_STATEMENT)];
}

function coverageOf(statement: Statement, place: Place): Coverage {
  if (deniesOnlyPlainHttp(statement.Condition)) return "none";
  const parts = [
    conditionTests(statement.Condition).length === 0 ? "certain" : "possible",
    writingCoverage(statement),
    resourceCoverage(statement, place.streamArn),
    roleCoverage(statement, place),
  ];
  if (parts.includes("none")) return "none";
  return parts.includes("possible") ? "possible" : "certain";
}

/** Whether a Deny under this condition spares Amplitude's requests, which use TLS, because all of AWS's SDKs do. */
function deniesOnlyPlainHttp(condition: unknown): boolean {
  const [test, ...others] = conditionTests(condition);
  if (test === undefined || others.length > 0) return false;
  const { operator, key, values } = test;
  const isFalse = values.join().toLowerCase() === "false";
  return /^Bool(IfExists)?$/i.test(operator) && key === "aws:securetransport" && isFalse;
}

function writingCoverage(statement: Statement): Coverage {
  const covered = WRITE_ACTIONS.map((action) => coversAction(statement, action));
  if (covered.includes(true)) return "certain";
  return covered.includes(undefined) ? "possible" : "none";
}

function resourceCoverage({ Resource, NotResource }: Statement, streamArn: string): Coverage {
  if (NotResource !== undefined) return "possible";
  const patterns = strings(Resource);
  if (haveVariable(patterns)) return "possible";
  if (patterns.some((pattern) => pattern === streamArn || pattern === "*")) return "certain";
  return patterns.some((pattern) => matchesText(pattern, streamArn)) ? "possible" : "none";
}

function roleCoverage(statement: Statement, { roleArn, roleId }: Place): Coverage {
  const match = matchPrincipal(statement, { accountId: accountOf(roleArn), arn: roleArn, uniqueId: roleId });
  if (match === "covers") return "certain";
  // Which session name Amplitude uses is undocumented.
  if (match === "session" || match === "open") return "possible";
  return roleId === undefined && principals(statement.Principal).some(isUniqueId) ? "possible" : "none";
}

function foreignFindings(allowances: Statement[], { streamArn, roleArn, roleId }: Place): Finding[] {
  const account = accountOf(roleArn);
  const named = allowances.flatMap(({ Principal, NotPrincipal }) =>
    NotPrincipal === undefined ? principals(Principal) : ["everybody but those of a NotPrincipal"],
  );
  const foreign = unique(named).filter(
    (principal) => accountOf(principal) !== account && principal !== account && principal !== roleId,
  );
  const deleted = foreign.filter(isUniqueId);
  const open = foreign.filter((each) => !isUniqueId(each));
  const remedy = `If nobody outside the account should use the stream, run \`aws kinesis delete-resource-policy --resource-arn ${streamArn}\``;
  return present([
    open.length > 0 &&
      finding.warning(
        "stream-policy-open",
        streamArn,
        `The stream's own policy lets in ${open.join(", ")}, but Amplitude needs only the role`,
        remedy,
      ),
    deleted.length > 0 &&
      finding.warning(
        "deleted-principal",
        streamArn,
        `The stream's own policy names ${deleted.join(", ")}, a role or user that was deleted. That lets nobody in`,
        remedy,
      ),
  ]);
}

function undetermined({ streamArn }: Place, message: string, remedy: string): Finding {
  return finding.undetermined("stream-policy-undetermined", streamArn, message, remedy);
}
