import { GetResourcePolicyCommand, type KinesisClient } from "@aws-sdk/client-kinesis";
import { accountRootArn, WRITE_ACTIONS } from "../../components/contract";
import { credentialsProblem } from "../aws/credentials";
import { describeError, isCredentialsError } from "../aws/errors";
import { accountOf } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import { unique } from "../common/values";
import { matchesText } from "./iam/arnPattern";
import { parseStatements, principals, type Statement, strings } from "./iam/policyStatement";

interface Place {
  streamArn: string;
  roleArn: string;
}

/**
 * The stream's own policy, which AWS's simulator leaves out: a denial in it stops what the role's policies allow.
 */
export async function checkStreamPolicy(client: KinesisClient, place: Place): Promise<Finding[]> {
  try {
    const { Policy = "{}" } = await client.send(
      new GetResourcePolicyCommand({ ResourceARN: place.streamArn }),
    );
    return streamPolicyFindings(Policy, place);
  } catch (error) {
    if (isCredentialsError(error)) throw credentialsProblem(error);
    // The stream was described just now: what is not found is its policy.
    if (error instanceof Error && error.name === "ResourceNotFoundException") return [];
    return [undetermined(`The stream's own policy can't be read: ${describeError(error)}`, place, READ)];
  }
}

const READ =
  "Give the person who runs this kinesis:GetResourcePolicy on the stream (`amplitude-kinesis operator-policy --for check`)";

/** What a stream's policy means for the role. */
function streamPolicyFindings(document: string, place: Place): Finding[] {
  const statements = parseStatements(document);
  if (statements === undefined)
    return [undetermined("The stream's own policy is not a JSON policy document", place, READ)];
  return [
    ...statements.filter(({ Effect }) => Effect === "Deny").flatMap((each) => denial(each, place)),
    ...strangers(statements, place),
  ];
}

function denial(statement: Statement, place: Place): Finding[] {
  if (isTlsAlone(statement.Condition) || !coversWriting(statement) || !mayCoverRole(statement, place.roleArn))
    return [];
  const { Condition, NotPrincipal, NotAction } = statement;
  const remedy =
    "Take the statement out of the stream's policy (`aws kinesis get-resource-policy`, `put-resource-policy`); requireTls makes one that stops nobody who uses TLS";
  const name = typeof statement.Sid === "string" ? ` ${statement.Sid}` : "";
  if (Condition !== undefined || NotPrincipal !== undefined || NotAction !== undefined)
    return [
      undetermined(
        `A Deny statement${name} of the stream's own policy may apply to Amplitude's writes`,
        place,
        remedy,
      ),
    ];
  return [
    finding.error(
      "stream-policy-denies",
      place.streamArn,
      `A Deny statement${name} of the stream's own policy refuses what the role writes`,
      remedy,
    ),
  ];
}

/** Amplitude's requests come over TLS, like all of AWS's SDKs. */
function isTlsAlone(condition: unknown): boolean {
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
  return principals(Principal).some((named) =>
    ["*", account, accountRootArn(account), roleArn].includes(named),
  );
}

function strangers(statements: Statement[], { streamArn, roleArn }: Place): Finding[] {
  const account = accountOf(roleArn);
  const named = statements
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ Principal, NotPrincipal }) =>
      NotPrincipal === undefined ? principals(Principal) : ["everybody but those of a NotPrincipal"],
    )
    .filter((principal) => principal !== account && accountOf(principal) !== account);
  if (named.length === 0) return [];
  return [
    finding.warning(
      "stream-policy-open",
      streamArn,
      `The stream's own policy lets in ${unique(named).join(", ")}: Amplitude needs nobody but the role`,
      `If nobody outside the account is meant to use the stream: \`aws kinesis delete-resource-policy --resource-arn ${streamArn}\``,
    ),
  ];
}

function undetermined(message: string, { streamArn }: Place, remedy: string): Finding {
  return finding.undetermined("stream-policy-undetermined", streamArn, message, remedy);
}
