import { AMPLITUDE_ACCOUNT_ID } from "../../components/contract";
import type { ClientOptions } from "../aws/clients";
import { assumedRole, type Caller, credentialsProblem, forSigning, tryToAssume } from "../aws/credentials";
import { awsError, classify, describeError, isCredentialsError, isUnreadable } from "../aws/errors";
import type { WaitOptions } from "../aws/pollUntil";
import { type Credentials, resolveCredentials } from "../aws/profile";
import { type Finding, finding } from "../common/findings";
import type { StackOutputs } from "../common/outputs";
import type { RoleState } from "./role";
import { namesCaller, type TrustedCaller } from "./trust";

/**
 * How events reach the stream. `role`: the customer's role is assumed and writes, as Amplitude does. `operator`: the
 * operator's own credentials write, and AWS simulates the role's permissions.
 */
export type Route = "role" | "operator";

/** Who wrote a test's events. `amplitude`: they were sent to Amplitude, which wrote them. */
export type ReportedRoute = Route | "amplitude";

/** The deployment, and who reads it and writes to it. */
export interface AccessOptions {
  outputs: StackOutputs;
  /** Default: `role` if the sender can assume the role, else `operator`. */
  route?: Route | undefined;
  /** Reads the stream and the role, and writes on the operator's route. */
  operator: ClientOptions;
  /** Assumes the role. */
  sender: ClientOptions;
  /** External id with which the sender assumes the role. Default: `amplitude.externalId`. */
  externalId?: string | undefined;
  /** Caller that the role has to trust. */
  amplitude: TrustedCaller;
  /** How long a new stream, role or policy may take to propagate. */
  wait: WaitOptions;
  onStep: (step: string) => void;
}

/** Returns who assumes the role; by default the operator. */
export function resolveSender(
  operator: ClientOptions,
  given: { senderCredentials?: Credentials | undefined; senderProfile?: string | undefined },
): ClientOptions {
  const { senderCredentials: credentials, senderProfile: profile } = given;
  // The same object if there is no other sender, so that the preflight asks for only one identity.
  if (credentials === undefined && profile === undefined) return operator;
  const { credentialsName, allowedAccountIds, forbiddenAccountIds, ...connection } = operator;
  const sender = { ...connection, credentials, profile };
  return { ...sender, credentials: resolveCredentials(sender) };
}

/** Returns the caller that the role has to trust; by default Amplitude's documented account, without an external id. */
export function resolveAmplitudeCaller(given: {
  amplitudeAccountId?: string | undefined;
  amplitudePrincipalArns?: string[] | undefined;
  amplitudeExternalId?: string | undefined;
}): TrustedCaller {
  return {
    accountId: given.amplitudeAccountId ?? AMPLITUDE_ACCOUNT_ID,
    principalArns: given.amplitudePrincipalArns,
    externalId: given.amplitudeExternalId,
  };
}

/** Added to the name of a step that is tried again. */
export const STILL_REFUSED = "refused so far; what is new takes up to a minute and a half to take effect";

export interface ChosenRoute {
  route: Route;
  /** Writes to the stream. Absent if the role can't be assumed. */
  writer?: ClientOptions;
  refusal?: Finding;
}

/** Assumes the role if the route allows it, and falls back to the operator if no route was given. */
export async function chooseRoute(
  options: AccessOptions,
  role: RoleState,
  sender: Caller,
): Promise<ChosenRoute> {
  const { outputs, route, operator } = options;
  if (route === "operator") return { route, writer: operator };
  if (role.findings.length > 0) return { route: route ?? "operator" };
  options.onStep("assuming the role");
  const externalId = options.externalId ?? options.amplitude.externalId;
  const provider = assumedRole(outputs.roleArn, options.sender, externalId);
  const assumption = await tryToAssume(provider, {
    ...options.wait,
    waitMs: assumeWait(options, role, sender),
    onWait: () => options.onStep(`assuming the role: ${STILL_REFUSED}`),
  });
  if (assumption.assumed)
    return { route: "role", writer: { ...operator, credentials: forSigning(provider) } };
  if (isCredentialsError(assumption.error)) throw credentialsProblem(assumption.error);
  const refusal = refusalOf(assumption.error, outputs.roleArn, sender);
  if (route !== undefined) return { route, refusal: ifFinal(refusal, options.wait) };
  // A refusal is expected if nobody asked for the role. A missing response is worth a warning.
  const isUnexpected = refusal.severity === "undetermined" && classify(assumption.error) !== "unsupported";
  const warning: Finding = { ...refusal, severity: "warning" };
  return { route: "operator", writer: operator, ...(isUnexpected && { refusal: warning }) };
}

/** Turns an error that would have been retried into `undetermined` if the wait was interrupted. */
export function ifFinal(refusal: Finding, { signal }: WaitOptions): Finding {
  return signal?.aborted && refusal.severity === "error" ? { ...refusal, severity: "undetermined" } : refusal;
}

/** Waiting doesn't help if the trust policy leaves the sender out. Otherwise a new policy may not have propagated yet. */
function assumeWait({ route, wait }: AccessOptions, role: RoleState, sender: Caller): number {
  if (role.trustDocument === undefined) return route === "role" ? wait.waitMs : 0;
  return namesCaller(role.trustDocument, sender.arn) ? wait.waitMs : 0;
}

/** Whether STS itself decided: not a timeout, throttling, a fault of STS, a proxy, or an endpoint without the call. */
function isRefusal(error: unknown): boolean {
  const { httpStatus = 0 } = awsError(error);
  const isFromAws = !isUnreadable(error) && classify(error) !== "unsupported";
  const isFinal = httpStatus !== 407 && httpStatus !== 408 && classify(error) !== "throttling";
  return httpStatus >= 400 && httpStatus < 500 && isFromAws && isFinal;
}

function refusalOf(error: unknown, where: string, sender: Caller): Finding {
  const text = describeError(error);
  return isRefusal(error)
    ? finding.error(
        "role-not-assumable",
        where,
        `${sender.arn} can't assume the role: ${text}`,
        "Add the principal to testPrincipalArns and run `pulumi up`, grant it sts:AssumeRole, and give an external id by --external-id; or use --route operator",
      )
    : finding.undetermined(
        "role-not-assumable",
        where,
        `Whether the role can be assumed could not be determined: ${text}`,
        "Run this again. If this machine can't reach STS, write with your own credentials (--route operator)",
      );
}
