import type { StreamDescriptionSummary } from "@aws-sdk/client-kinesis";
import { type ClientOptions, iamClient, kinesisClient, kmsClient, stsClient } from "../aws/clients";
import { type Caller, callerIdentity } from "../aws/credentials";
import { pollUntil, rejectOnAbort } from "../aws/pollUntil";
import { accountOf } from "../common/arn";
import { type Finding, finding, hasSeverity } from "../common/findings";
import { withoutUndefined } from "../common/values";
import { ACTIONS } from "./iam/actions";
import { failed, grantRemedy, withIgnoredChanges } from "./inspection";
import { resolveKey } from "./key";
import { checkPermissions, type PermissionsCheck } from "./permissions";
import { type RoleState, readRole } from "./role";
import { type AccessOptions, chooseRoute, ifFinal, type Route, STILL_REFUSED } from "./route";
import { checkStream, type StreamState, wrongAccount } from "./stream";
import { checkTrust } from "./trust";

export interface Preflight {
  route: Route;
  findings: Finding[];
  stream?: StreamState;
  /** The stream as AWS describes it. */
  streamSummary?: StreamDescriptionSummary;
  /** The role as the operator sees it. */
  role?: RoleState;
  /** Writes to the stream. Absent if the role can't be assumed. */
  writer?: ClientOptions;
  operatorIdentity: Caller;
  senderIdentity: Caller;
}

/** How long IAM's own responses may lag behind a change. IAM's decisions elsewhere may lag by `wait`. */
const READ_LAG_MS = 10_000;

/**
 * Finds out what can be known before an event is sent: the credentials, the stream, the role, the route, the trust and
 * the permissions, in this order. Writes nothing.
 *
 * @throws DeliveryError `credentials` if AWS rejects those of the operator or the sender, and the signal's reason if it is
 * aborted while they are looked up.
 */
export async function preflight(options: AccessOptions): Promise<Preflight> {
  const { outputs, operator, amplitude, onStep } = options;
  onStep("checking credentials");
  const identities = await rejectOnAbort(() => identify(options), options.wait.signal);
  const { operatorIdentity, senderIdentity } = identities;
  onStep("checking the stream and the role");
  const { stream, summary, findings } = await checkStream(
    kinesisClient(operator),
    outputs,
    options.wait,
    operator,
  );
  const role = await readRole(iamClient(operator), outputs.roleArn, shortWait(options));
  findings.push(...role.findings);
  checkAccount(options, operatorIdentity, findings);
  const { route, writer, refusal } = await chooseRoute(options, role, senderIdentity);
  const trust = trustFindings(
    options,
    role,
    writer !== undefined && route === "role" ? senderIdentity : undefined,
  );
  findings.push(...trust);
  if (stream?.kmsKeyId !== undefined && route === "operator")
    stream.kmsKeyId = await resolveKey(kmsClient(operator), stream.kmsKeyId);
  // If the sender is Amplitude's, the trust policy explains the refusal.
  const isExplained = senderIdentity.accountId === amplitude.accountId && hasSeverity(trust, "error");
  if (refusal !== undefined && !isExplained) findings.push(refusal);
  if (stream !== undefined && writer !== undefined && role.findings.length === 0) {
    findings.push(...(await permissionFindings(options, { route, writer, stream })));
  }
  return {
    route,
    findings: withIgnoredChanges(findings, outputs),
    role,
    ...identities,
    ...withoutUndefined({ streamSummary: summary, stream, writer }),
  };
}

async function identify({ operator, sender }: AccessOptions) {
  const operatorIdentity = await callerIdentity(stsClient(operator), operator);
  const senderIdentity =
    sender === operator
      ? operatorIdentity
      : await callerIdentity(stsClient(sender), sender, "The sender's AWS credentials");
  return { operatorIdentity, senderIdentity };
}

function shortWait({ wait }: AccessOptions) {
  return { ...wait, waitMs: Math.min(wait.waitMs, READ_LAG_MS) };
}

/** AWS looks names up in the caller's account. A name that is missing in another account says nothing. */
function checkAccount(
  { operator, outputs }: AccessOptions,
  { accountId }: Caller,
  findings: Finding[],
): void {
  const expected = accountOf(outputs.roleArn);
  const isMissing = findings.some(({ code }) =>
    /^(stream-not-found|stream-not-described|role-not-found)$/.test(code),
  );
  if (isMissing && accountId !== expected) throw wrongAccount(accountId, expected, operator);
}

function trustFindings(
  { outputs: { roleArn }, amplitude }: AccessOptions,
  { trustDocument, error }: RoleState,
  assumedBy: Caller | undefined,
): Finding[] {
  const assumedAsAmplitude = assumedBy?.accountId === amplitude.accountId;
  if (trustDocument !== undefined) {
    const findings = checkTrust(trustDocument, roleArn, amplitude);
    // Assuming the role has just proved what the document leaves open.
    return assumedAsAmplitude ? findings.filter(({ code }) => code !== "trust-undetermined") : findings;
  }
  if (error === undefined || assumedAsAmplitude) return [];
  const message = "The role's trust policy can't be read, so whether Amplitude may assume it is unknown";
  const problem = failed(message, error, grantRemedy(ACTIONS.readRole, "the role"));
  const severity = assumedBy === undefined ? "undetermined" : "warning";
  return [finding[severity]("role-not-readable", roleArn, ...problem)];
}

/**
 * Finds out what the role may do. If the role is denied and the operator's view doesn't explain it, a policy may not have
 * propagated yet, so it is tried again.
 */
async function permissionFindings(
  options: AccessOptions,
  { route, writer, stream }: { route: Route; writer: ClientOptions; stream: StreamState },
): Promise<Finding[]> {
  const { outputs, operator, wait, onStep } = options;
  const check = (client: ClientOptions, caller: Route) =>
    checkPermissions(iamClient(client), outputs.roleArn, stream, caller);
  const isAllowed = ({ findings }: PermissionsCheck) => !hasSeverity(findings, "error");
  const asOperator = () => pollUntil(() => check(operator, "operator"), isAllowed, shortWait(options));
  if (route === "operator") return (await asOperator()).findings;
  const asRole = () => check(writer, "role");
  const first = await asRole();
  if (isAllowed(first)) return first.findings;
  const seen = await asOperator();
  // A role that can't simulate itself can't report what else it lacks, but the operator can.
  if (seen.simulated && !isAllowed(seen)) return seen.findings;
  const onWait = () => onStep(`checking what the role may do: ${STILL_REFUSED}`);
  const { findings } = await pollUntil(asRole, isAllowed, { ...wait, onWait });
  return findings.map((each) => ifFinal(each, wait));
}
