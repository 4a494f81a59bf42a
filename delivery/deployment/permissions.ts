import {
  type ContextEntry,
  ContextKeyTypeEnum,
  type EvaluationResult,
  type IAMClient,
  SimulatePrincipalPolicyCommand,
} from "@aws-sdk/client-iam";
import { GENERATE_DATA_KEY_ACTION, SIMULATE_ACTION, WRITE_ACTIONS } from "../../components/contract";
import { classify, describeError } from "../aws/errors";
import { accountOf, regionOf } from "../common/arn";
import { type Finding, finding } from "../common/findings";
import { unique } from "../common/values";
import { ACTIONS } from "./iam/actions";
import { failureRemedy, grantRemedy } from "./inspection";
import type { Route } from "./route";
import type { StreamState } from "./stream";

/** A simulation of one resource, because since 2026 the decision for several is the most restrictive of them. */
interface Simulation {
  actions: readonly string[];
  resource: string;
  context: ContextEntry[];
}

export interface PermissionsCheck {
  findings: Finding[];
  /** False if AWS could not be asked. Nothing is known then. */
  simulated: boolean;
}

/**
 * Has AWS decide whether the role may do what Amplitude does. With the role's own session it is the same call that
 * Amplitude makes. An operator needs `iam:SimulatePrincipalPolicy` for it.
 */
export async function checkPermissions(
  client: IAMClient,
  roleArn: string,
  stream: StreamState,
  caller: Route,
): Promise<PermissionsCheck> {
  const findings = keyFindings(roleArn, stream, caller);
  for (const simulation of simulations(roleArn, stream, caller)) {
    try {
      const results = await simulate(client, roleArn, stream.streamArn, simulation);
      findings.push(...results.flatMap((result) => resultFindings(result, simulation.resource, caller)));
    } catch (error) {
      return { findings: [...findings, notSimulated(error, roleArn, caller)], simulated: false };
    }
  }
  return { findings, simulated: true };
}

function simulations(roleArn: string, { streamArn, kmsKeyId }: StreamState, caller: Route): Simulation[] {
  const list: Simulation[] = [
    { actions: WRITE_ACTIONS, resource: streamArn, context: [] },
    { actions: [SIMULATE_ACTION], resource: roleArn, context: [] },
  ];
  // The role's own writes prove what it may do with the key.
  if (caller === "operator" && kmsKeyId !== undefined && canSimulateKey(kmsKeyId, roleArn)) {
    const context = [
      contextEntry("kms:ViaService", `kinesis.${regionOf(streamArn)}.amazonaws.com`),
      contextEntry("kms:EncryptionContext:aws:kinesis:arn", streamArn),
    ];
    list.push({ actions: [GENERATE_DATA_KEY_ACTION], resource: kmsKeyId, context });
  }
  return list;
}

/** A policy names a key only by its ARN, and the policy of another account's key takes part in the decision. */
function canSimulateKey(kmsKeyId: string, roleArn: string): boolean {
  return kmsKeyId.includes(":key/") && accountOf(kmsKeyId) === accountOf(roleArn);
}

function keyFindings(roleArn: string, { kmsKeyId }: StreamState, caller: Route): Finding[] {
  if (caller === "role" || kmsKeyId === undefined || canSimulateKey(kmsKeyId, roleArn)) return [];
  const [why, remedy] = kmsKeyId.includes(":key/")
    ? [
        "it belongs to another account than the role, and the simulator doesn't know its policy",
        `Run ${PROVE}`,
      ]
    : [
        "the stream doesn't name it by its ARN, and the caller can't look the ARN up",
        `${grantRemedy(ACTIONS.readKey, "the key")}, or run ${PROVE}`,
      ];
  const message = `Whether the role may ${GENERATE_DATA_KEY_ACTION} on the stream's key ${kmsKeyId} can't be simulated: ${why}`;
  return [finding.undetermined("permissions-undetermined", kmsKeyId, message, remedy)];
}

const PROVE = "`npx amplitude-kinesis verify --route role` to prove the permission by writing";

async function simulate(
  client: IAMClient,
  roleArn: string,
  streamArn: string,
  { actions, resource, context }: Simulation,
): Promise<EvaluationResult[]> {
  const { EvaluationResults = [] } = await client.send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: roleArn,
      ActionNames: [...actions],
      ResourceArns: [resource],
      ContextEntries: [...requestContext(roleArn, streamArn), ...context],
    }),
  );
  return actions.map((action) => {
    const result = EvaluationResults.find(({ EvalActionName }) => EvalActionName === action);
    if (result === undefined)
      throw new Error(`the response to SimulatePrincipalPolicy has no decision on ${action}`);
    return result;
  });
}

/**
 * Returns what AWS knows of a real request and the simulator doesn't. Without it, every boundary or guard rail that denies
 * by region or transport would deny.
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

function resultFindings(result: EvaluationResult, resource: string, caller: Route): Finding[] {
  const { EvalActionName: action = "", EvalDecision } = result;
  const missing = missingContext(result);
  if (missing.length > 0)
    return [
      // The role's own writes prove what its simulation can't.
      finding[caller === "role" ? "warning" : "undetermined"](
        "permissions-undetermined",
        resource,
        `Whether the role may ${action} depends on ${missing.join(", ")}, which a simulation does not know. Amplitude's own check may fail for the same reason`,
        "Take the conditions on these keys out of the role's policies and boundary, or prove the permissions by writing (--route role)",
      ),
    ];
  return EvalDecision === "allowed" ? [] : [denied(action, resource, result)];
}

/** If a request has ResourceArns, the resource's own result lists the keys. Source: AWS, EvaluationResult. */
function missingContext({
  MissingContextValues = [],
  ResourceSpecificResults = [],
}: EvaluationResult): string[] {
  const ofResources = ResourceSpecificResults.flatMap(({ MissingContextValues: keys = [] }) => keys);
  return unique([...MissingContextValues, ...ofResources]);
}

function denied(action: string, resource: string, result: EvaluationResult): Finding {
  const [cause, remedy] = causeOf(action, resource, result);
  const [code, effect] =
    action === SIMULATE_ACTION
      ? (["simulate-not-allowed", "Amplitude can't check its permissions"] as const)
      : (["write-not-allowed", "Amplitude's records would be refused"] as const);
  const message = `The role may not ${action} on ${resource}: ${cause}. ${effect}`;
  return finding.error(code, resource, message, remedy);
}

function causeOf(
  action: string,
  resource: string,
  result: EvaluationResult,
): [cause: string, remedy: string] {
  if (result.OrganizationsDecisionDetail?.AllowedByOrganizations === false)
    return [
      "a service control policy of the organization denies it",
      `Ask the administrators of the AWS organization to allow ${action} on ${resource}`,
    ];
  if (result.PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary === false)
    return [
      "the role's permissions boundary does not allow it",
      `Add ${action} on ${resource} to the boundary policy, or deploy the role without one`,
    ];
  if (result.EvalDecision === "explicitDeny")
    return [
      "a policy of the role denies it explicitly",
      "Find the Deny statement among the role's policies (`aws iam list-attached-role-policies`, `aws iam list-role-policies`) and remove it",
    ];
  return [
    "no policy attached to the role allows it (the action is missing, the policy names another ARN, or it is not attached)",
    "Run `pulumi up --refresh` to restore the policy and its attachment. `pulumi refresh` shows what was changed by hand",
  ];
}

function notSimulated(error: unknown, roleArn: string, caller: Route): Finding {
  const text = describeError(error);
  if (caller === "role" && classify(error) === "access-denied")
    return finding.error(
      "simulate-not-allowed",
      roleArn,
      `The role may not ${SIMULATE_ACTION} on itself, which Amplitude does to check its permissions: ${text}`,
      "Run `pulumi up --refresh` to restore the policy and its attachment",
    );
  return finding[caller === "role" ? "warning" : "undetermined"](
    "simulation-unavailable",
    roleArn,
    `AWS could not be asked what the role may do: ${text}`,
    remedyWithoutSimulation(error, caller),
  );
}

const USE_ROLE = "use --route role, which proves the permissions by writing";

function remedyWithoutSimulation(error: unknown, caller: Route): string {
  if (caller === "role")
    return "Ignore this if the endpoint is not AWS, because writing proves kinesis:PutRecords. On AWS, run this again";
  return classify(error) === "unsupported"
    ? `Because this endpoint has no SimulatePrincipalPolicy, ${USE_ROLE}`
    : `${failureRemedy(error, grantRemedy(ACTIONS.simulateRole, "the role"))}, or ${USE_ROLE}`;
}
