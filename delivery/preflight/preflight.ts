import { AMPLITUDE_ACCOUNT_ID } from "../../components/contract";
import { describeError, isCredentialsError } from "../awsErrors";
import { type ClientOptions, iamClient, kinesisClient, stsClient } from "../clients";
import type { Clock } from "../clock";
import { assumedRole, type Caller, callerIdentity, credentialsProblem, tryToAssume } from "../credentials";
import type { Finding } from "../findings";
import { accountOf, type StackOutputs } from "../settings";
import { checkPermissions } from "./permissions";
import { checkTrust, type RoleState, readRole } from "./role";
import { checkStream, type StreamState, wrongAccount } from "./stream";
import { namesCaller } from "./trustDocument";

/**
 * How events reach the stream. `role`: the customer's role is assumed and writes, as Amplitude does. `operator`: the
 * operator's own credentials write, and AWS simulates the role's permissions.
 */
export type Route = "role" | "operator";

export interface PreflightOptions {
  outputs: StackOutputs;
  /** Absent: `role` where the sender can assume the role, else `operator`. */
  route?: Route | undefined;
  /** Reads the stream and the role, and writes on the operator's route. */
  operator: ClientOptions;
  /** Assumes the role. */
  sender: ClientOptions;
  externalId?: string | undefined;
  amplitudeAccountId?: string | undefined;
  /** How long a new role may take to be known everywhere. */
  propagationMs: number;
  clock: Clock;
  onStep: (step: string) => void;
}

export interface Preflight {
  route: Route;
  findings: Finding[];
  stream?: StreamState;
  /** Writes to the stream; absent where the role can't be assumed. */
  writer?: ClientOptions;
  operatorIdentity: Caller;
  senderIdentity: Caller;
}

/**
 * Everything that can be known before an event is sent. Nothing is written.
 *
 * @throws DeliveryError `credentials` where the operator or the sender has none that AWS accepts.
 */
export async function preflight(options: PreflightOptions): Promise<Preflight> {
  const { outputs, operator, sender, clock, onStep, propagationMs } = options;
  onStep("checking credentials");
  const operatorIdentity = await callerIdentity(stsClient(operator));
  const senderIdentity = sender === operator ? operatorIdentity : await callerIdentity(stsClient(sender));
  onStep("checking the stream and the role");
  const { stream, findings } = await checkStream(kinesisClient(operator), outputs, clock, propagationMs);
  const account = accountOf(outputs.roleArn);
  const isMissing = findings.some(({ code }) => code === "stream-not-found");
  if (isMissing && operatorIdentity.accountId !== account)
    throw wrongAccount(operatorIdentity.accountId, account);
  const role = await readRole(iamClient(operator), outputs.roleArn);
  findings.push(...role.findings);
  const { route, writer, refusal } = await chooseRoute(options, role, senderIdentity);
  if (refusal !== undefined) findings.push(refusal);
  findings.push(...trustFindings(options, role, { route, senderIdentity }));
  if (stream !== undefined && writer !== undefined && role.findings.length === 0) {
    findings.push(...(await permissionFindings(options, { route, writer, stream })));
  }
  return {
    route,
    findings,
    operatorIdentity,
    senderIdentity,
    ...(stream === undefined ? {} : { stream }),
    ...(writer === undefined ? {} : { writer }),
  };
}

/** A role that may not even simulate itself can't tell what else it lacks: the operator may see more. */
async function permissionFindings(
  { outputs, operator }: PreflightOptions,
  { route, writer, stream }: { route: Route; writer: ClientOptions; stream: StreamState },
): Promise<Finding[]> {
  const asked = await checkPermissions(iamClient(writer), outputs.roleArn, stream, route);
  if (route === "operator" || asked.findings.every(({ severity }) => severity !== "error"))
    return asked.findings;
  const seen = await checkPermissions(iamClient(operator), outputs.roleArn, stream, "operator");
  return seen.simulated && seen.findings.length > 0 ? seen.findings : asked.findings;
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
  const provider = assumedRole(outputs.roleArn, options.sender, options.externalId);
  const assumption = await tryToAssume(provider, options.clock, assumeWait(options, role, sender), () =>
    options.onStep(
      "assuming the role: refused so far; a new role takes up to a minute and a half to take effect",
    ),
  );
  if (assumption.assumed) return { route: "role", writer: { ...operator, credentials: provider } };
  if (isCredentialsError(assumption.error)) throw credentialsProblem(assumption.error);
  if (route === undefined) return { route: "operator", writer: operator };
  return { route, refusal: notAssumable(outputs.roleArn, sender, assumption.error) };
}

/** Waiting helps only where the refusal may be news that has not spread: not where the trust policy leaves the sender out. */
function assumeWait({ route, propagationMs }: PreflightOptions, role: RoleState, sender: Caller): number {
  if (role.trustDocument === undefined) return route === "role" ? propagationMs : 0;
  return namesCaller(role.trustDocument, sender.arn) ? propagationMs : 0;
}

function notAssumable(roleArn: string, sender: Caller, error: unknown): Finding {
  return {
    code: "role-not-assumable",
    severity: "error",
    message: `${sender.arn} can't assume the role: ${describeError(error)}`,
    where: roleArn,
    remedy:
      "Add the principal to testPrincipalArns and run `pulumi up` (it also needs sts:AssumeRole of its own; an external id is given by --external-id), or use --route operator",
  };
}

function trustFindings(
  { outputs, externalId, amplitudeAccountId = AMPLITUDE_ACCOUNT_ID }: PreflightOptions,
  role: RoleState,
  { route, senderIdentity }: { route: Route; senderIdentity: Caller },
): Finding[] {
  if (role.trustDocument !== undefined) {
    return checkTrust(role.trustDocument, outputs.roleArn, { accountId: amplitudeAccountId, externalId });
  }
  const assumedAsAmplitude = route === "role" && senderIdentity.accountId === amplitudeAccountId;
  if (role.problem === undefined || assumedAsAmplitude) return [];
  return [
    {
      code: "role-not-readable",
      severity: route === "role" ? "warning" : "undetermined",
      message: `The role's trust policy can't be read, so it is not known whether Amplitude may assume it: ${role.problem}`,
      where: outputs.roleArn,
      remedy: "Give the person who runs this iam:GetRole on the role",
    },
  ];
}
