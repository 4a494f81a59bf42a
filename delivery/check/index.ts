import { type KinesisClient, ListTagsForResourceCommand } from "@aws-sdk/client-kinesis";
import {
  cloudWatchClient,
  iamClient,
  kinesisClient,
  kmsClient,
  logsClient,
  pipesClient,
} from "../aws/clients";
import { rejectOnAbort } from "../aws/pollUntil";
import { roleNameOf, streamArnOf } from "../common/arn";
import { bySeverity, type Finding, finding, present, verdictOf } from "../common/findings";
import { type FurtherOutputs, namesOf, type StackOutputs } from "../common/outputs";
import { type AlarmsCheck, checkAlarms } from "../deployment/alarms";
import { checkGuard, type GuardCheck } from "../deployment/guard";
import { ACTIONS } from "../deployment/iam/actions";
import { failed, grantRemedy, inspect, streamRemedy, withIgnoredChanges } from "../deployment/inspection";
import { checkStreamKey } from "../deployment/key";
import type { Preflight } from "../deployment/preflight";
import { checkRolePolicies, type RolePolicies } from "../deployment/role";
import { checkRetention, type StreamState, streamOf } from "../deployment/stream";
import { checkStreamPolicy } from "../deployment/streamPolicy";
import { checkTrustBreadth } from "../deployment/trust";
import {
  type ConnectionOptions,
  type OpenDeployment,
  preflightOf,
  type TrustOptions,
  withDeployment,
} from "../sending/deployment";
import type { CheckedRole, CheckReport } from "./report";

/** Options of `checkDeployment`. Only `outputs` is required. If its signal ends a check, it rejects with the signal's reason. */
export interface CheckOptions extends Omit<ConnectionOptions, "outputs" | "random">, TrustOptions {
  /** The stack's outputs. */
  outputs: StackOutputs & FurtherOutputs;
  /** Principals that should be trusted besides Amplitude, to test delivery. Default: none. */
  testPrincipalArns?: string[] | undefined;
  /** How long new resources may take to propagate, in seconds, from 0. Default: 0. */
  propagationSeconds?: number | undefined;
  /** Receives the name of each step. */
  onStep?: ((step: string) => void) | undefined;
}

/**
 * Compares the deployment with what Amplitude needs, without writing anything: the stream, its key, policy, alarms, guard
 * and tags, the role, its trust and its permissions as AWS decides them, and whether the outputs match. Every problem of the
 * deployment is a finding of the report.
 *
 * @throws DeliveryError `settings` for malformed outputs, `credentials` if AWS rejects the caller, or if the credentials
 * belong to another account than the role. Throws the signal's reason if it is aborted.
 */
export async function checkDeployment(options: CheckOptions): Promise<CheckReport> {
  return withDeployment({ ...options, propagationSeconds: options.propagationSeconds ?? 0 }, (deployment) =>
    rejectOnAbort(() => check(options, deployment), deployment.signal),
  );
}

/** Inputs of every inspection. */
interface Subject extends OpenDeployment {
  options: CheckOptions;
  before: Preflight;
}

async function check(options: CheckOptions, deployment: OpenDeployment): Promise<CheckReport> {
  const { outputs, clock } = deployment;
  // On the operator's route nothing is written and no role is assumed.
  const before = await preflightOf(deployment, { route: "operator" }, (step) => options.onStep?.(step));
  options.onStep?.("checking policies, key, alarms and tags");
  const subject: Subject = { ...deployment, options, before };
  const [policies, alarms, guard, ...others] = await Promise.all([
    inspectPolicies(subject),
    inspectAlarms(subject),
    inspectGuard(subject),
    inspectStream(subject),
    inspectRole(subject),
  ]);
  const findings = bySeverity([
    ...before.findings,
    ...checkOutputs({ ...options.outputs, ...outputs }, policies.arns),
    ...withIgnoredChanges(
      [...policies.findings, ...alarms.findings, ...guard.findings, ...others.flat()],
      outputs,
    ),
  ]);
  return {
    reportVersion: 1,
    verdict: verdictOf(findings, "passed"),
    ...namesOf(outputs),
    checkedAs: before.operatorIdentity.arn,
    checkedAt: new Date(clock.now()).toISOString(),
    stream: before.streamSummary === undefined ? null : streamOf(before.streamSummary, subject.streamArn),
    role: checkedRole(subject, policies),
    alarms: alarms.names,
    guard: guard.guard,
    findings,
    notProven: notProven(before.stream, outputs),
  };
}

async function inspectPolicies({ outputs, streamArn, operator, before }: Subject): Promise<RolePolicies> {
  const { role, stream } = before;
  if (role?.description === undefined || role.findings.length > 0)
    return { names: null, arns: null, findings: [] };
  const needed = { streamArn, roleArn: outputs.roleArn, kmsKeyId: stream?.kmsKeyId };
  const boundaryArn = role.description.PermissionsBoundary?.PermissionsBoundaryArn;
  return checkRolePolicies(iamClient(operator), needed, boundaryArn);
}

async function inspectAlarms({ outputs, streamArn, operator, before }: Subject): Promise<AlarmsCheck> {
  if (before.stream === undefined) return { names: null, findings: [] };
  return checkAlarms(cloudWatchClient(operator), { name: outputs.streamName, arn: streamArn });
}

async function inspectGuard({ outputs, streamArn, operator, before }: Subject): Promise<GuardCheck> {
  if (before.stream === undefined) return { guard: null, findings: [] };
  const clients = {
    pipes: () => pipesClient(operator),
    logs: () => logsClient(operator),
    cloudWatch: cloudWatchClient(operator),
  };
  return checkGuard(clients, outputs, streamArn);
}

async function inspectStream({ outputs, streamArn, operator, before }: Subject): Promise<Finding[]> {
  const { stream, streamSummary, role } = before;
  if (stream === undefined || streamSummary === undefined) return [];
  const kinesis = kinesisClient(operator);
  const findings = await Promise.all([
    checkRetention(streamOf(streamSummary, streamArn), outputs),
    checkStreamPolicy(kinesis, { streamArn, roleArn: outputs.roleArn, roleId: role?.description?.RoleId }),
    checkStreamTags(kinesis, streamArn, outputs),
    stream.kmsKeyId === undefined ? [] : checkStreamKey(kmsClient(operator), stream.kmsKeyId, outputs),
  ]);
  return findings.flat();
}

function inspectRole({ outputs: { roleArn }, amplitude, options, before }: Subject): Finding[] {
  const { trustDocument, description, findings } = before.role ?? { findings: [] };
  if (trustDocument === undefined || description === undefined || findings.length > 0) return [];
  const intended = {
    amplitudeAccountId: amplitude.accountId,
    testPrincipalArns: options.testPrincipalArns ?? [],
  };
  return [
    ...checkTrustBreadth(trustDocument, roleArn, intended),
    ...untagged("role", "IAM.24", description.Tags ?? [], roleArn),
  ];
}

function checkedRole({ outputs, before }: Subject, policies: RolePolicies): CheckedRole | null {
  const description = before.role?.description;
  if (description === undefined) return null;
  return {
    roleArn: description.Arn ?? outputs.roleArn,
    maxSessionSeconds: description.MaxSessionDuration ?? 3600,
    permissionsBoundaryArn: description.PermissionsBoundary?.PermissionsBoundaryArn ?? null,
    policies: policies.names,
  };
}

function notProven(
  stream: StreamState | undefined,
  { guardPipeArn, guardProjectIds }: StackOutputs,
): string[] {
  return present([
    "that records arrive: `npx amplitude-kinesis verify` sends some and reads them back",
    stream?.kmsKeyId !== undefined &&
      "that the policy of the stream's own key allows it: AWS's simulator ignores that policy",
    guardPipeArn === undefined
      ? "that only your Amplitude project writes to the stream: the input guard raises an alarm if another one does, and `npx amplitude-kinesis watch --expect-app ID` looks now"
      : "that the guard sees every record: it is blind to a record that holds several events or isn't JSON, and `npx amplitude-kinesis watch` names how the stream's records hold events",
    guardPipeArn !== undefined &&
      guardProjectIds === undefined &&
      "that the guard expects the right projects: the output guardProjectIds is missing or secret, so nothing was compared",
    "that no policy of the AWS organization which the simulator does not know denies it, and that Amplitude is set up with these three values",
  ]);
}

/**
 * Finds outputs that contradict each other or the deployment: they come from two stacks, or a resource was changed by
 * hand. Amplitude writes to the stream that region, stream name and role ARN name.
 *
 * @param attachedArns managed policies of the role; null if they could not be listed.
 */
function checkOutputs(outputs: StackOutputs & FurtherOutputs, attachedArns: string[] | null): Finding[] {
  const { roleArn, streamArn, roleName, policyArn } = outputs;
  const expectedArn = streamArnOf(outputs);
  const expectedName = roleNameOf(roleArn);
  return present([
    streamArn !== undefined &&
      streamArn !== expectedArn &&
      mismatch("error", "streamArn", streamArn, `role ARN, region and stream name make it ${expectedArn}`),
    roleName !== undefined &&
      roleName !== expectedName &&
      mismatch("error", "roleName", roleName, `the role's ARN contains ${expectedName}`),
    policyArn !== undefined &&
      attachedArns?.includes(policyArn) === false &&
      mismatch("warning", "policyArn", policyArn, "that policy is not attached to the role"),
  ]);
}

function mismatch(severity: "error" | "warning", output: string, value: string, why: string): Finding {
  return finding[severity](
    "output-mismatch",
    `output ${output}`,
    `The stack's output ${output} is ${value}, but ${why}`,
    "Take all outputs from one stack (`pulumi stack output --json --stack NAME`). If they are, run `pulumi up --refresh`",
  );
}

/** Checks that the stream has a tag. Source: AWS Security Hub, Kinesis.2. */
function checkStreamTags(
  client: KinesisClient,
  streamArn: string,
  outputs: StackOutputs,
): Promise<Finding[]> {
  return inspect(
    async () => {
      const { Tags = [] } = await client.send(new ListTagsForResourceCommand({ ResourceARN: streamArn }));
      const tag = `aws kinesis tag-resource --region ${outputs.region} --resource-arn ${streamArn} --tags owner=NAME`;
      const remedy = streamRemedy(outputs, TAG_AGAIN, `run \`${tag}\``);
      return untagged("stream", "Kinesis.2", Tags, streamArn, remedy);
    },
    (error) => {
      const grant = grantRemedy(ACTIONS.readStreamTags, "the stream");
      const problem = failed("The stream's tags can't be read", error, grant);
      return [finding.warning("tags-not-readable", streamArn, ...problem)];
    },
  );
}

const TAG_AGAIN =
  "Run `pulumi up --refresh` to tag it again. `pulumi config set --path 'tags.owner' NAME` adds your own tags";

/** Ignores AWS's own tags, whose keys begin with `aws:`. Source: AWS Security Hub, Kinesis.2 and IAM.24. */
function untagged(
  kind: "stream" | "role",
  control: string,
  tags: { Key?: string | undefined }[],
  where: string,
  remedy = TAG_AGAIN,
): Finding[] {
  if (tags.some(({ Key = "" }) => !Key.startsWith("aws:"))) return [];
  const message = `The ${kind} has no tag (Security Hub ${control}), so its owner can't be identified`;
  return [finding.warning("untagged", where, message, remedy)];
}
