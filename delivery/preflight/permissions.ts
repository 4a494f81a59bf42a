import {
  type ContextEntry,
  ContextKeyTypeEnum,
  type EvaluationResult,
  type IAMClient,
  SimulatePrincipalPolicyCommand,
} from "@aws-sdk/client-iam";
import { GENERATE_DATA_KEY_ACTION, SIMULATE_ACTION, WRITE_ACTIONS } from "../../components/contract";
import { describeError, isAccessDenied, isUnsupported } from "../awsErrors";
import type { Finding } from "../findings";
import { accountOf } from "../settings";
import type { StreamState } from "./stream";

/** One resource a call: since 2026 the answer for several is the most restrictive of them. */
interface Question {
  actions: readonly string[];
  resource: string;
  context: ContextEntry[];
}

interface Asking {
  roleArn: string;
  streamArn: string;
  asker: "role" | "operator";
}

export interface PermissionsCheck {
  findings: Finding[];
  /** False where AWS could not be asked: nothing is known then. */
  simulated: boolean;
}

/**
 * Has AWS decide whether the role may do what Amplitude does. Asked with the role's own session it is the very call
 * that Amplitude makes; asked by an operator it needs `iam:SimulatePrincipalPolicy` of their own.
 */
export async function checkPermissions(
  client: IAMClient,
  roleArn: string,
  stream: StreamState,
  asker: "role" | "operator",
): Promise<PermissionsCheck> {
  const findings: Finding[] = [];
  for (const question of questions(roleArn, stream)) {
    try {
      findings.push(...(await ask(client, { roleArn, streamArn: stream.streamArn, asker }, question)));
    } catch (error) {
      return { findings: [...findings, notSimulated(error, roleArn, asker)], simulated: false };
    }
  }
  return { findings, simulated: true };
}

function questions(roleArn: string, { streamArn, kmsKeyArn }: StreamState): Question[] {
  const list: Question[] = [
    { actions: WRITE_ACTIONS, resource: streamArn, context: [] },
    { actions: [SIMULATE_ACTION], resource: roleArn, context: [] },
  ];
  // A key of another account is decided by its own policy too, which the simulator does not look at.
  if (kmsKeyArn !== undefined && kmsKeyArn.split(":")[4] === accountOf(roleArn)) {
    const context = [
      contextEntry("kms:ViaService", `kinesis.${regionOf(streamArn)}.amazonaws.com`),
      contextEntry("kms:EncryptionContext:aws:kinesis:arn", streamArn),
    ];
    list.push({ actions: [GENERATE_DATA_KEY_ACTION], resource: kmsKeyArn, context });
  }
  return list;
}

/**
 * What AWS knows of a request and the simulator does not: boundaries and guard rails that deny by region or transport
 * would deny everything without it.
 */
function requestContext(roleArn: string, streamArn: string): ContextEntry[] {
  return [
    contextEntry("aws:RequestedRegion", regionOf(streamArn)),
    contextEntry("aws:PrincipalArn", roleArn),
    contextEntry("aws:PrincipalAccount", accountOf(roleArn)),
    contextEntry("aws:ResourceAccount", accountOf(roleArn)),
    { ...contextEntry("aws:SecureTransport", "true"), ContextKeyType: ContextKeyTypeEnum.BOOLEAN },
  ];
}

function regionOf(arn: string): string {
  return arn.split(":")[3] ?? "";
}

function contextEntry(key: string, value: string) {
  return { ContextKeyName: key, ContextKeyValues: [value], ContextKeyType: ContextKeyTypeEnum.STRING };
}

async function ask(
  client: IAMClient,
  { roleArn, streamArn, asker }: Asking,
  { actions, resource, context }: Question,
): Promise<Finding[]> {
  const { EvaluationResults = [] } = await client.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: roleArn,
      ActionNames: [...actions],
      ResourceArns: [resource],
      ContextEntries: [...requestContext(roleArn, streamArn), ...context],
    }),
  );
  return actions.flatMap((action) => {
    const result = EvaluationResults.find(({ EvalActionName }) => EvalActionName === action);
    if (result === undefined) throw new Error(`SimulatePrincipalPolicy gave no decision on ${action}`);
    const missing = missingContext(result);
    if (missing.length > 0) return [undecidable(action, resource, missing, asker)];
    return result.EvalDecision === "allowed" ? [] : [denied(action, resource, result)];
  });
}

/** With ResourceArns in the request, the keys are listed with the resource's own result. Source: AWS, EvaluationResult. */
function missingContext({
  MissingContextValues = [],
  ResourceSpecificResults = [],
}: EvaluationResult): string[] {
  const ofResources = ResourceSpecificResults.flatMap(({ MissingContextValues: keys = [] }) => keys);
  return [...new Set([...MissingContextValues, ...ofResources])];
}

/** A role's own writes prove what its simulation can't. */
function undecidable(
  action: string,
  resource: string,
  missing: string[],
  asker: "role" | "operator",
): Finding {
  return {
    code: "permissions-undetermined",
    severity: asker === "role" ? "warning" : "undetermined",
    message: `Whether the role may ${action} depends on ${missing.join(", ")}, which a simulation does not know: Amplitude's own check may come out as a refusal`,
    where: resource,
    remedy:
      "Take the conditions on these keys out of the role's policies and boundary, or prove the permissions by writing (--route role)",
  };
}

function denied(action: string, resource: string, result: EvaluationResult): Finding {
  const { cause, remedy } = causeOf(action, resource, result);
  const isSimulate = action === SIMULATE_ACTION;
  const effect = isSimulate
    ? "Amplitude can't check its permissions"
    : "Amplitude's records would be refused";
  return {
    code: isSimulate ? "simulate-not-allowed" : "write-not-allowed",
    severity: "error",
    message: `The role may not ${action} on ${resource}: ${cause}. ${effect}`,
    where: resource,
    remedy,
  };
}

function causeOf(
  action: string,
  resource: string,
  result: EvaluationResult,
): { cause: string; remedy: string } {
  if (result.OrganizationsDecisionDetail?.AllowedByOrganizations === false) {
    const remedy = `Ask the administrators of the AWS organization to allow ${action} on ${resource}`;
    return { cause: "a service control policy of the organization denies it", remedy };
  }
  if (result.PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary === false) {
    const remedy = `Add ${action} on ${resource} to the boundary policy, or deploy the role without one`;
    return { cause: "the role's permissions boundary does not allow it", remedy };
  }
  if (result.EvalDecision === "explicitDeny") {
    const remedy =
      "Find the Deny statement among the role's policies (`aws iam list-attached-role-policies`, `aws iam list-role-policies`) and remove it";
    return { cause: "a policy of the role denies it explicitly", remedy };
  }
  return {
    cause:
      "no policy attached to the role allows it (the action is missing, the policy names another ARN, or it is not attached)",
    remedy:
      "Run `pulumi up` to restore the policy and its attachment; `pulumi refresh` shows what was changed by hand",
  };
}

function notSimulated(error: unknown, roleArn: string, asker: "role" | "operator"): Finding {
  const text = describeError(error);
  if (asker === "role" && isAccessDenied(error)) {
    return {
      code: "simulate-not-allowed",
      severity: "error",
      message: `The role may not ${SIMULATE_ACTION} on itself, as Amplitude does to check its permissions: ${text}`,
      where: roleArn,
      remedy: "Run `pulumi up` to restore the policy and its attachment",
    };
  }
  return {
    code: "simulation-unavailable",
    severity: asker === "role" ? "warning" : "undetermined",
    message: `AWS could not be asked what the role may do: ${text}`,
    where: roleArn,
    remedy: remedyWithoutSimulation(error),
  };
}

function remedyWithoutSimulation(error: unknown): string {
  if (isAccessDenied(error))
    return `Give the person who runs this ${SIMULATE_ACTION} on the role, or use --route role`;
  return isUnsupported(error)
    ? "This endpoint has no SimulatePrincipalPolicy: use --route role, which proves the permissions by writing"
    : "Run this again; if it stays, use --route role, which proves the permissions by writing";
}
