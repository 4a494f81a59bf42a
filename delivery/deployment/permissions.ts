import {
  type ContextEntry,
  ContextKeyTypeEnum,
  type EvaluationResult,
  type IAMClient,
  SimulatePrincipalPolicyCommand,
} from "@aws-sdk/client-iam";
import { GENERATE_DATA_KEY_ACTION, SIMULATE_ACTION, WRITE_ACTIONS } from "../../components/contract";
import { describeError, isAccessDenied, isUnsupported } from "../aws/errors";
import { accountOf, regionOf } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import { unique } from "../common/values";
import type { Route } from "./route";
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
  asker: Route;
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
  asker: Route,
): Promise<PermissionsCheck> {
  const findings = keyFindings(roleArn, stream, asker);
  for (const question of questions(roleArn, stream, asker)) {
    try {
      findings.push(...(await ask(client, { roleArn, streamArn: stream.streamArn, asker }, question)));
    } catch (error) {
      return { findings: [...findings, notSimulated(error, roleArn, asker)], simulated: false };
    }
  }
  return { findings, simulated: true };
}

function questions(roleArn: string, { streamArn, kmsKeyId }: StreamState, asker: Route): Question[] {
  const list: Question[] = [
    { actions: WRITE_ACTIONS, resource: streamArn, context: [] },
    { actions: [SIMULATE_ACTION], resource: roleArn, context: [] },
  ];
  // The role's own writes prove what it may do with the key.
  if (asker === "operator" && kmsKeyId !== undefined && canSimulateKey(kmsKeyId, roleArn)) {
    const context = [
      contextEntry("kms:ViaService", `kinesis.${regionOf(streamArn)}.amazonaws.com`),
      contextEntry("kms:EncryptionContext:aws:kinesis:arn", streamArn),
    ];
    list.push({ actions: [GENERATE_DATA_KEY_ACTION], resource: kmsKeyId, context });
  }
  return list;
}

/** A policy names a key by its ARN alone; a key of another account is decided by its own policy too. */
function canSimulateKey(kmsKeyId: string, roleArn: string): boolean {
  return kmsKeyId.includes(":key/") && accountOf(kmsKeyId) === accountOf(roleArn);
}

function keyFindings(roleArn: string, { kmsKeyId }: StreamState, asker: Route): Finding[] {
  if (asker === "role" || kmsKeyId === undefined || canSimulateKey(kmsKeyId, roleArn)) return [];
  return [
    finding.undetermined(
      "permissions-undetermined",
      kmsKeyId,
      `Whether the role may ${GENERATE_DATA_KEY_ACTION} on the stream's key can't be simulated: the stream names it as ${kmsKeyId}, which is not the ARN of a key of the role's account`,
      "Encrypt the stream with the key's ARN (kmsKeyArn), or prove the permission by writing (--route role)",
    ),
  ];
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
  return unique([...MissingContextValues, ...ofResources]);
}

/** A role's own writes prove what its simulation can't. */
function undecidable(action: string, resource: string, missing: string[], asker: Route): Finding {
  return finding[asker === "role" ? "warning" : "undetermined"](
    "permissions-undetermined",
    resource,
    `Whether the role may ${action} depends on ${missing.join(", ")}, which a simulation does not know: Amplitude's own check may come out as a refusal`,
    "Take the conditions on these keys out of the role's policies and boundary, or prove the permissions by writing (--route role)",
  );
}

function denied(action: string, resource: string, result: EvaluationResult): Finding {
  const { cause, remedy } = causeOf(action, resource, result);
  const isSimulate = action === SIMULATE_ACTION;
  const effect = isSimulate
    ? "Amplitude can't check its permissions"
    : "Amplitude's records would be refused";
  return finding.error(
    isSimulate ? "simulate-not-allowed" : "write-not-allowed",
    resource,
    `The role may not ${action} on ${resource}: ${cause}. ${effect}`,
    remedy,
  );
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
      "Run `pulumi up --refresh` to restore the policy and its attachment; `pulumi refresh` shows what was changed by hand",
  };
}

function notSimulated(error: unknown, roleArn: string, asker: Route): Finding {
  const text = describeError(error);
  if (asker === "role" && isAccessDenied(error)) {
    return finding.error(
      "simulate-not-allowed",
      roleArn,
      `The role may not ${SIMULATE_ACTION} on itself, as Amplitude does to check its permissions: ${text}`,
      "Run `pulumi up --refresh` to restore the policy and its attachment",
    );
  }
  return finding[asker === "role" ? "warning" : "undetermined"](
    "simulation-unavailable",
    roleArn,
    `AWS could not be asked what the role may do: ${text}`,
    remedyWithoutSimulation(error, asker),
  );
}

function remedyWithoutSimulation(error: unknown, asker: Route): string {
  if (asker === "role")
    return "Nothing, where this endpoint is not AWS: writing proves kinesis:PutRecords. On AWS, run this again";
  if (isAccessDenied(error))
    return `Give the person who runs this ${SIMULATE_ACTION} on the role, or use --route role`;
  return isUnsupported(error)
    ? "This endpoint has no SimulatePrincipalPolicy: use --route role, which proves the permissions by writing"
    : "Run this again; if it stays, use --route role, which proves the permissions by writing";
}
