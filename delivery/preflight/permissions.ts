import {
  ContextKeyTypeEnum,
  type EvaluationResult,
  type IAMClient,
  SimulatePrincipalPolicyCommand,
  type SimulatePrincipalPolicyCommandInput,
} from "@aws-sdk/client-iam";
import { GENERATE_DATA_KEY_ACTION, SIMULATE_ACTION, WRITE_ACTIONS } from "../../components/contract";
import { describeError, isAccessDenied, isUnsupported } from "../awsErrors";
import type { Finding } from "../findings";
import type { StreamState } from "./stream";

/** One resource a call: since 2026 the answer for several is the most restrictive of them. */
interface Question {
  actions: readonly string[];
  resource: string;
  context?: SimulatePrincipalPolicyCommandInput["ContextEntries"];
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
      findings.push(...(await ask(client, roleArn, question)));
    } catch (error) {
      return { findings: [...findings, notSimulated(error, roleArn, asker)], simulated: false };
    }
  }
  return { findings, simulated: true };
}

function questions(roleArn: string, { streamArn, kmsKeyArn }: StreamState): Question[] {
  const list: Question[] = [
    { actions: WRITE_ACTIONS, resource: streamArn },
    { actions: [SIMULATE_ACTION], resource: roleArn },
  ];
  if (kmsKeyArn !== undefined) {
    const region = streamArn.split(":")[3] ?? "";
    const context = [
      contextEntry("kms:ViaService", `kinesis.${region}.amazonaws.com`),
      contextEntry("kms:EncryptionContext:aws:kinesis:arn", streamArn),
    ];
    list.push({ actions: [GENERATE_DATA_KEY_ACTION], resource: kmsKeyArn, context });
  }
  return list;
}

function contextEntry(key: string, value: string) {
  return { ContextKeyName: key, ContextKeyValues: [value], ContextKeyType: ContextKeyTypeEnum.STRING };
}

async function ask(
  client: IAMClient,
  roleArn: string,
  { actions, resource, context }: Question,
): Promise<Finding[]> {
  const { EvaluationResults = [] } = await client.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: roleArn,
      ActionNames: [...actions],
      ResourceArns: [resource],
      ...(context === undefined ? {} : { ContextEntries: context }),
    }),
  );
  return actions.flatMap((action) => {
    const result = EvaluationResults.find(({ EvalActionName }) => EvalActionName === action);
    if (result === undefined) throw new Error(`SimulatePrincipalPolicy gave no decision on ${action}`);
    return result.EvalDecision === "allowed" ? [] : [denied(action, resource, result)];
  });
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
