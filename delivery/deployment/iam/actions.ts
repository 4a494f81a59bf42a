import { ASSUME_ROLE_ACTION, GENERATE_DATA_KEY_ACTION, SIMULATE_ACTION } from "../../../components/contract";

/** A task of an operator. Verifying and sending have two routes, which need different permissions. */
export type Task =
  | "up"
  | "adopt"
  | "check"
  | "verify-role"
  | "verify-operator"
  | "send-role"
  | "send-operator"
  | "watch"
  | "reconcile"
  | "backfill";

/** Resource of a statement; also its Sid. */
export type Target =
  | "Stream"
  | "AnyStream"
  | "Role"
  | "AttachedPolicy"
  | "WritePolicy"
  | "AnyPolicy"
  | "Alarms"
  | "AnyMetric"
  | "GuardPipe"
  | "GuardLog"
  | "AnyLogGroup"
  | "GuardRole"
  | "PassedRole"
  | "GuardPolicy"
  | "GuardAttachment"
  | "Key"
  | "KeyThroughKinesis";

/** Actions per resource. */
export type Needs = Partial<Record<Target, readonly string[]>>;

/** Actions that one inspection needs. The policy of an operator and the remedies of findings both come from here. */
export const ACTIONS = {
  describeStream: ["kinesis:DescribeStreamSummary"],
  readShards: ["kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"],
  readStreamPolicy: ["kinesis:GetResourcePolicy"],
  readStreamTags: ["kinesis:ListTagsForResource"],
  readRole: ["iam:GetRole"],
  simulateRole: [SIMULATE_ACTION],
  readRolePolicies: ["iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:GetRolePolicy"],
  readPolicies: ["iam:GetPolicy", "iam:GetPolicyVersion"],
  readAlarms: ["cloudwatch:DescribeAlarmsForMetric"],
  readGuard: ["pipes:DescribePipe"],
  readGuardLog: ["logs:DescribeMetricFilters"],
  readKey: ["kms:DescribeKey"],
  decryptRecords: ["kms:Decrypt"],
} as const;

const { describeStream, readShards, readRole, simulateRole, decryptRecords } = ACTIONS;
const WRITE = "kinesis:PutRecords";
const READ_STREAM: Needs = { Stream: [...describeStream, ...readShards], KeyThroughKinesis: decryptRecords };

const MANAGE_ROLE = [
  "iam:CreateRole",
  "iam:GetRole",
  "iam:UpdateRole",
  "iam:UpdateRoleDescription",
  "iam:UpdateAssumeRolePolicy",
  "iam:PutRolePermissionsBoundary",
  "iam:DeleteRolePermissionsBoundary",
  "iam:TagRole",
  "iam:UntagRole",
  "iam:ListAttachedRolePolicies",
  "iam:ListInstanceProfilesForRole",
  "iam:DeleteRole",
];
const MANAGE_POLICY = [
  "iam:CreatePolicy",
  "iam:GetPolicy",
  "iam:GetPolicyVersion",
  "iam:ListPolicyVersions",
  "iam:CreatePolicyVersion",
  "iam:DeletePolicyVersion",
  "iam:TagPolicy",
  "iam:UntagPolicy",
  "iam:DeletePolicy",
];
const ATTACH_POLICY = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"];

/** GetCallerIdentity needs no permission. Source: AWS, STS API Reference, GetCallerIdentity. */
const NEEDS: Record<Task, Needs> = {
  /** Creates, changes, refreshes and destroys the component's resources. */
  up: {
    Stream: [
      "kinesis:CreateStream",
      "kinesis:DescribeStreamSummary",
      "kinesis:IncreaseStreamRetentionPeriod",
      "kinesis:DecreaseStreamRetentionPeriod",
      "kinesis:UpdateMaxRecordSize",
      "kinesis:StartStreamEncryption",
      "kinesis:ListTagsForStream",
      "kinesis:AddTagsToStream",
      "kinesis:RemoveTagsFromStream",
      "kinesis:GetResourcePolicy",
      "kinesis:PutResourcePolicy",
      "kinesis:DeleteResourcePolicy",
      "kinesis:DeleteStream",
    ],
    /** These actions take no resource. Source: AWS, Service Authorization Reference, Kinesis. */
    AnyStream: [
      "kinesis:UpdateStreamMode",
      "kinesis:UpdateShardCount",
      "kinesis:EnableEnhancedMonitoring",
      "kinesis:DisableEnhancedMonitoring",
    ],
    Role: MANAGE_ROLE,
    /** Only the write policy: the role must not get another one. */
    AttachedPolicy: ATTACH_POLICY,
    WritePolicy: MANAGE_POLICY,
    GuardPipe: [
      "pipes:CreatePipe",
      "pipes:DescribePipe",
      "pipes:UpdatePipe",
      "pipes:DeletePipe",
      "pipes:TagResource",
      "pipes:UntagResource",
    ],
    GuardLog: [
      "logs:CreateLogGroup",
      "logs:DeleteLogGroup",
      "logs:PutRetentionPolicy",
      "logs:ListTagsForResource",
      "logs:TagResource",
      "logs:UntagResource",
      "logs:PutMetricFilter",
      "logs:DescribeMetricFilters",
      "logs:DeleteMetricFilter",
    ],
    /** It takes no resource. Source: AWS, Service Authorization Reference, CloudWatch Logs. */
    AnyLogGroup: ["logs:DescribeLogGroups"],
    GuardRole: MANAGE_ROLE,
    /** Whoever gives a role to a service has to pass it. Source: AWS, IAM User Guide, "Grant a user permissions to pass a role". */
    PassedRole: ["iam:PassRole"],
    GuardPolicy: MANAGE_POLICY,
    GuardAttachment: ATTACH_POLICY,
    Alarms: [
      "cloudwatch:PutMetricAlarm",
      "cloudwatch:DescribeAlarms",
      "cloudwatch:ListTagsForResource",
      "cloudwatch:TagResource",
      "cloudwatch:UntagResource",
      "cloudwatch:DeleteAlarms",
    ],
    /** Source: AWS, "Permissions to use user-generated KMS keys" (Kinesis Developer Guide), stream administrators. */
    Key: ACTIONS.readKey,
  },
  adopt: {
    Stream: [...describeStream, ...ACTIONS.readStreamPolicy, ...ACTIONS.readStreamTags],
    Role: [...readRole, ...ACTIONS.readRolePolicies],
    AnyPolicy: ACTIONS.readPolicies,
    Key: ACTIONS.readKey,
  },
  check: {
    Stream: [...describeStream, ...ACTIONS.readStreamPolicy, ...ACTIONS.readStreamTags],
    Role: [...readRole, ...simulateRole, ...ACTIONS.readRolePolicies],
    /** Any policy, because the check looks for policies that were attached by hand. */
    AnyPolicy: ACTIONS.readPolicies,
    AnyMetric: ACTIONS.readAlarms,
    GuardPipe: ACTIONS.readGuard,
    GuardLog: ACTIONS.readGuardLog,
    Key: ACTIONS.readKey,
  },
  "verify-role": {
    Stream: [...describeStream, ...readShards],
    Role: [...readRole, ASSUME_ROLE_ACTION],
    KeyThroughKinesis: decryptRecords,
  },
  "verify-operator": {
    Stream: [...describeStream, ...readShards, WRITE],
    Role: [...readRole, ...simulateRole],
    KeyThroughKinesis: [...decryptRecords, GENERATE_DATA_KEY_ACTION],
  },
  "send-role": { Stream: describeStream, Role: [...readRole, ASSUME_ROLE_ACTION] },
  "send-operator": {
    Stream: [...describeStream, WRITE],
    Role: [...readRole, ...simulateRole],
    KeyThroughKinesis: [GENERATE_DATA_KEY_ACTION],
  },
  watch: READ_STREAM,
  reconcile: READ_STREAM,
  /** `reconcile --backfill`. */
  backfill: {
    Stream: [...describeStream, ...readShards, WRITE],
    KeyThroughKinesis: [...decryptRecords, GENERATE_DATA_KEY_ACTION],
  },
};

/** All tasks of an operator. */
export const TASKS = Object.keys(NEEDS) as readonly Task[];

/**
 * Actions that the real AWS provider calls and the sandbox's does not: a policy's new version becomes the default by a
 * separate call, and a role's inline policies are read with it. Read in the source, not observed.
 * Source: hashicorp/terraform-provider-aws, on which Pulumi's provider is based, `internal/service/iam`.
 */
export const REAL_PROVIDER_NEEDS: Needs = {
  Role: ["iam:ListRolePolicies", "iam:GetRolePolicy"],
  WritePolicy: ["iam:SetDefaultPolicyVersion"],
  GuardRole: ["iam:ListRolePolicies", "iam:GetRolePolicy"],
  GuardPolicy: ["iam:SetDefaultPolicyVersion"],
};

/** Returns the actions that these tasks need, per resource, sorted and without duplicates. */
export function needsOf(tasks: readonly Task[]): Needs {
  const all = tasks.flatMap((task) => (task === "up" ? [NEEDS.up, REAL_PROVIDER_NEEDS] : [NEEDS[task]]));
  const needs: Partial<Record<Target, string[]>> = {};
  for (const each of all) {
    for (const [target, actions] of Object.entries(each) as [Target, readonly string[]][])
      needs[target] = [...new Set([...(needs[target] ?? []), ...actions])].sort();
  }
  return needs;
}
