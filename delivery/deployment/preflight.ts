import type { StreamDescriptionSummary } from "@aws-sdk/client-kinesis";
import { type ClientOptions, iamClient, kinesisClient, stsClient } from "../aws/clients";
import {
  assumedRole,
  type Caller,
  callerIdentity,
  credentialsProblem,
  forSigning,
  tryToAssume,
} from "../aws/credentials";
import {
  awsError,
  describeError,
  isCredentialsError,
  isThrottling,
  isUnreadable,
  isUnsupported,
} from "../aws/errors";
import { type Patience, tryPatiently } from "../aws/waitUntil";
import { accountOf } from "../common/arn";
import { type Finding, finding, hasSeverity } from "../common/findings";
import type { StackOutputs } from "../common/outputs";
import { checkPermissions, type PermissionsCheck } from "./permissions";
import { checkTrust, type RoleState, readRole } from "./role";
import type { Route } from "./route";
import { checkStream, type StreamState, wrongAccount } from "./stream";
import { namesCaller, type TrustedCaller } from "./trust";

export interface PreflightOptions {
  outputs: StackOutputs;
  /** Absent: `role` where the sender can assume the role, else `operator`. */
  route?: Route | undefined;
  /** Reads the stream and the role, and writes on the operator's route. */
  operator: ClientOptions;
  /** Assumes the role. */
  sender: ClientOptions;
  /** Given when the sender assumes the role. Default: `amplitude.externalId`. */
  externalId?: string | undefined;
  /** Who has to be trusted. */
  amplitude: TrustedCaller;
  /** With a stream, a role or a policy that is new. */
  patience: Patience;
  onStep: (step: string) => void;
}

export interface Preflight {
  route: Route;
  findings: Finding[];
  stream?: StreamState;
  /** The stream as AWS describes it. */
  streamSummary?: StreamDescriptionSummary;
  /** The role as the operator can see it. */
  role?: RoleState;
  /** Writes to the stream; absent where the role can't be assumed. */
  writer?: ClientOptions;
  operatorIdentity: Caller;
  senderIdentity: Caller;
}

/** How far behind a change IAM's own answers may be; what IAM decides elsewhere may lag by `patience`. */
const READ_LAG_MS = 10_000;
const STILL_REFUSED = "refused so far; what is new takes up to a minute and a half to take effect";

/**
 * Everything that can be known before an event is sent. Nothing is written.
 *
 * @throws DeliveryError `credentials` where the operator or the sender has none that AWS accepts.
 */
export async function preflight(options: PreflightOptions): Promise<Preflight> {
  const { outputs, operator, sender, onStep, patience } = options;
  onStep("checking credentials");
  const operatorIdentity = await callerIdentity(stsClient(operator), whose("AWS credentials", operator));
  const senderIdentity =
    sender === operator
      ? operatorIdentity
      : await callerIdentity(stsClient(sender), whose("The sender's AWS credentials", sender));
  onStep("checking the stream and the role");
  const { stream, summary, findings } = await checkStream(kinesisClient(operator), outputs, patience);
  const shortly = { ...patience, waitMs: Math.min(patience.waitMs, READ_LAG_MS) };
  const role = await readRole(iamClient(operator), outputs.roleArn, shortly);
  findings.push(...role.findings);
  checkAccounts(operatorIdentity, outputs, findings);
  const { route, writer, refusal } = await chooseRoute(options, role, senderIdentity);
  const assumedBy = writer !== undefined && route === "role" ? senderIdentity : undefined;
  const trust = trustFindings(options, role, assumedBy);
  findings.push(...trust);
  // Where the sender is Amplitude's, the trust policy explains the refusal.
  const isExplained = senderIdentity.accountId === options.amplitude.accountId && hasSeverity(trust, "error");
  if (refusal !== undefined && !isExplained) findings.push(refusal);
  if (stream !== undefined && writer !== undefined && role.findings.length === 0) {
    findings.push(...(await permissionFindings(options, { route, writer, stream })));
  }
  return {
    route,
    findings,
    role,
    operatorIdentity,
    senderIdentity,
    ...(summary === undefined ? {} : { streamSummary: summary }),
    ...(stream === undefined ? {} : { stream }),
    ...(writer === undefined ? {} : { writer }),
  };
}

/**
 * What the role may do. A refusal that the operator's view does not explain is taken for a policy that has not spread
 * yet, and waited for.
 */
async function permissionFindings(
  { outputs, operator, patience, onStep }: PreflightOptions,
  { route, writer, stream }: { route: Route; writer: ClientOptions; stream: StreamState },
): Promise<Finding[]> {
  const check = (client: ClientOptions, asker: Route) =>
    checkPermissions(iamClient(client), outputs.roleArn, stream, asker);
  const isAllowed = ({ findings }: PermissionsCheck) => !hasSeverity(findings, "error");
  const shortly = { ...patience, waitMs: Math.min(patience.waitMs, READ_LAG_MS) };
  const asOperator = () => tryPatiently(() => check(operator, "operator"), isAllowed, shortly);
  if (route === "operator") return (await asOperator()).findings;
  const asRole = () => check(writer, "role");
  const asked = await asRole();
  if (isAllowed(asked)) return asked.findings;
  const seen = await asOperator();
  // A role that may not even simulate itself can't tell what else it lacks: the operator sees more.
  if (seen.simulated && !isAllowed(seen)) return seen.findings;
  const onWait = () => onStep(`checking what the role may do: ${STILL_REFUSED}`);
  const { findings } = await tryPatiently(asRole, isAllowed, { ...patience, onWait });
  return findings.map((each) => ifFinal(each, patience));
}

function whose(credentials: string, { profile }: ClientOptions): string {
  return profile === undefined ? credentials : `${credentials} (profile "${profile}")`;
}

/** Names are looked up in the account that asks: what another account does not have says nothing. */
function checkAccounts({ accountId }: Caller, { roleArn }: StackOutputs, findings: Finding[]): void {
  const unfound = findings.some(({ code }) =>
    /^(stream-not-found|stream-not-described|role-not-found)$/.test(code),
  );
  if (unfound && accountId !== accountOf(roleArn)) throw wrongAccount(accountId, accountOf(roleArn));
}

interface ChosenRoute {
  route: Route;
  writer?: ClientOptions;
  refusal?: Finding;
}

async function chooseRoute(options: PreflightOptions, role: RoleState, sender: Caller): Promise<ChosenRoute> {
  const { outputs, route, operator } = options;
  if (route === "operator") return { route, writer: operator };
  if (role.findings.length > 0) return { route: route ?? "operator" };
  options.onStep("assuming the role");
  const provider = assumedRole(
    outputs.roleArn,
    options.sender,
    options.externalId ?? options.amplitude.externalId,
  );
  const assumption = await tryToAssume(provider, {
    ...options.patience,
    waitMs: assumeWait(options, role, sender),
    onWait: () => options.onStep(`assuming the role: ${STILL_REFUSED}`),
  });
  if (assumption.assumed)
    return { route: "role", writer: { ...operator, credentials: forSigning(provider) } };
  if (isCredentialsError(assumption.error)) throw credentialsProblem(assumption.error);
  const refusal = isRefusal(assumption.error)
    ? notAssumable(outputs.roleArn, sender, assumption.error)
    : notAnswered(outputs.roleArn, assumption.error);
  if (route !== undefined) return { route, refusal: ifFinal(refusal, options.patience) };
  // That the role can't be assumed is nothing new where nobody has asked for it; that nobody has answered is.
  const isNews = refusal.severity === "undetermined" && !isUnsupported(assumption.error);
  const told: Finding = { ...refusal, severity: "warning" };
  return { route: "operator", writer: operator, ...(isNews ? { refusal: told } : {}) };
}

/** A refusal that would have been tried again decides nothing where the wait was interrupted. */
function ifFinal(refusal: Finding, { signal }: Patience): Finding {
  return signal?.aborted && refusal.severity === "error" ? { ...refusal, severity: "undetermined" } : refusal;
}

/** Waiting helps only where the refusal may be news that has not spread: not where the trust policy leaves the sender out. */
function assumeWait({ route, patience }: PreflightOptions, role: RoleState, sender: Caller): number {
  if (role.trustDocument === undefined) return route === "role" ? patience.waitMs : 0;
  return namesCaller(role.trustDocument, sender.arn) ? patience.waitMs : 0;
}

/** STS has decided: no time-out, no throttling, no fault of its own, nor the word of a proxy or of an endpoint without the call. */
function isRefusal(error: unknown): boolean {
  const { code, httpStatus = 0 } = awsError(error);
  const isOfAws = !isUnreadable(error) && !isUnsupported(error) && code !== "Unknown";
  const isFinal = httpStatus !== 407 && httpStatus !== 408 && !isThrottling(error);
  return httpStatus >= 400 && httpStatus < 500 && isOfAws && isFinal;
}

function notAnswered(roleArn: string, error: unknown): Finding {
  return finding.undetermined(
    "role-not-assumable",
    roleArn,
    `Whether the role can be assumed could not be found out: ${describeError(error)}`,
    "Run this again; where this machine can't have STS assume roles, write as yourself by --route operator",
  );
}

function notAssumable(roleArn: string, sender: Caller, error: unknown): Finding {
  return finding.error(
    "role-not-assumable",
    roleArn,
    `${sender.arn} can't assume the role: ${describeError(error)}`,
    "Add the principal to testPrincipalArns and run `pulumi up` (it also needs sts:AssumeRole of its own; an external id is given by --external-id), or use --route operator",
  );
}

function trustFindings(
  { outputs, amplitude }: PreflightOptions,
  role: RoleState,
  assumedBy: Caller | undefined,
): Finding[] {
  const assumedAsAmplitude = assumedBy?.accountId === amplitude.accountId;
  if (role.trustDocument !== undefined) {
    const findings = checkTrust(role.trustDocument, outputs.roleArn, amplitude);
    // What can't be told from the document was just tried.
    return assumedAsAmplitude ? findings.filter(({ code }) => code !== "trust-undetermined") : findings;
  }
  if (role.problem === undefined || assumedAsAmplitude) return [];
  return [
    finding[assumedBy === undefined ? "undetermined" : "warning"](
      "role-not-readable",
      outputs.roleArn,
      `The role's trust policy can't be read, so it is not known whether Amplitude may assume it: ${role.problem}`,
      "Give the person who runs this iam:GetRole on the role",
    ),
  ];
}
