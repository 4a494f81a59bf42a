import { GetResourcePolicyCommand, type KinesisClient } from "@aws-sdk/client-kinesis";
import { accountRootArn, WRITE_ACTIONS } from "../../components/contract";
import { describeError } from "../aws/errors";
import { accountOf } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import { unique } from "../common/values";
import { ACTIONS } from "./iam/actions";
import { matchesText } from "./iam/arnPattern";
import { parseStatements, principals, type Statement, strings } from "./iam/policyStatement";
import { grantRemedy, inspect, isNamed } from "./inspection";

interface Place {
  streamArn: string;
  roleArn: string;
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
      return [undetermined(`The stream's own policy can't be read: ${describeError(error)}`, place, GRANT)];
    },
  );
}

const GRANT = grantRemedy(ACTIONS.readStreamPolicy, "the stream", "check");
const REMOVE_STATEMENT =
  "Take the statement out of the stream's policy (`aws kinesis get-resource-policy`, `put-resource-policy`). requireTls adds a Deny that stops nobody who uses TLS";

function policyFindings(document: string, place: Place): Finding[] {
  const statements = parseStatements(document);
  if (statements === undefined)
    return [undetermined("The stream's own policy is not a JSON policy document", place, GRANT)];
  const denials = statements.filter(({ Effect }) => Effect === "Deny");
  const allowances = statements.filter(({ Effect }) => Effect === "Allow");
  return [...denials.flatMap((each) => denialFindings(each, place)), ...foreignFindings(allowances, place)];
}

function denialFindings(statement: Statement, place: Place): Finding[] {
  if (isOnlyTls(statement.Condition) || !coversWriting(statement) || !mayCoverRole(statement, place.roleArn))
    return [];
  const { Sid, Condition, NotPrincipal, NotAction } = statement;
  const named = `A Deny statement${typeof Sid === "string" ? ` ${Sid}` : ""} of the stream's own policy`;
  if (Condition !== undefined || NotPrincipal !== undefined || NotAction !== undefined)
    return [undetermined(`${named} may apply to Amplitude's writes`, place, REMOVE_STATEMENT)];
  const message = `${named} rejects the role's writes`;
  return [finding.error("stream-policy-denies", place.streamArn, message, REMOVE_STATEMENT)];
}

/** Amplitude's requests use TLS, because all of AWS's SDKs do. */
function isOnlyTls(condition: unknown): boolean {
  return /^\{"Bool":\{"aws:SecureTransport":(\[)?"?false"?\]?\}\}$/i.test(JSON.stringify(condition ?? {}));
}

function coversWriting({ Action, NotAction }: Statement): boolean {
  if (NotAction !== undefined) return true;
  return strings(Action).some((pattern) =>
    WRITE_ACTIONS.some((action) => matchesText(pattern.toLowerCase(), action.toLowerCase())),
  );
}

function mayCoverRole({ Principal, NotPrincipal }: Statement, roleArn: string): boolean {
  if (NotPrincipal !== undefined) return true;
  const account = accountOf(roleArn);
  const covering = ["*", account, accountRootArn(account), roleArn];
  return principals(Principal).some((principal) => covering.includes(principal));
}

function foreignFindings(allowances: Statement[], { streamArn, roleArn }: Place): Finding[] {
  const account = accountOf(roleArn);
  const foreign = allowances
    .flatMap(({ Principal, NotPrincipal }) =>
      NotPrincipal === undefined ? principals(Principal) : ["everybody but those of a NotPrincipal"],
    )
    .filter((principal) => principal !== account && accountOf(principal) !== account);
  if (foreign.length === 0) return [];
  return [
    finding.warning(
      "stream-policy-open",
      streamArn,
      `The stream's own policy lets in ${unique(foreign).join(", ")}, but Amplitude needs only the role`,
      `If nobody outside the account should use the stream, run \`aws kinesis delete-resource-policy --resource-arn ${streamArn}\``,
    ),
  ];
}

function undetermined(message: string, { streamArn }: Place, remedy: string): Finding {
  return finding.undetermined("stream-policy-undetermined", streamArn, message, remedy);
}
