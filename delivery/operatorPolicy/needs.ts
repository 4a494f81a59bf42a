import type { PolicySubject } from "./subject";

/** What a person runs. Verifying and sending have two routes, which take different permissions. */
export type Task =
  | "up"
  | "check"
  | "verify-role"
  | "verify-operator"
  | "send-role"
  | "send-operator"
  | "watch";

export const TASKS: readonly Task[] = [
  "up",
  "check",
  "verify-role",
  "verify-operator",
  "send-role",
  "send-operator",
  "watch",
];

/** What a statement is about; also its Sid. */
export type Target =
  | "Stream"
  | "AnyStream"
  | "Role"
  | "AttachedPolicy"
  | "WritePolicy"
  | "AnyPolicy"
  | "Alarms"
  | "AnyMetric"
  | "Key"
  | "KeyThroughKinesis";

export type Needs = Partial<Record<Target, readonly string[]>>;

const READING = ["DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"];

/** GetCallerIdentity is everybody's. Source: AWS, STS API Reference, GetCallerIdentity. */
const NEEDS: Record<Task, Needs> = {
  /** Creating, changing, refreshing and destroying the component's resources. */
  up: {
    Stream: kinesis([
      "CreateStream",
      "DescribeStreamSummary",
      "IncreaseStreamRetentionPeriod",
      "DecreaseStreamRetentionPeriod",
      "UpdateMaxRecordSize",
      "StartStreamEncryption",
      "ListTagsForStream",
      "AddTagsToStream",
      "RemoveTagsFromStream",
      "GetResourcePolicy",
      "PutResourcePolicy",
      "DeleteResourcePolicy",
      "DeleteStream",
    ]),
    /** Source: AWS, Service Authorization Reference, Kinesis: these know no resource. */
    AnyStream: kinesis([
      "UpdateStreamMode",
      "UpdateShardCount",
      "EnableEnhancedMonitoring",
      "DisableEnhancedMonitoring",
    ]),
    Role: iam([
      "CreateRole",
      "GetRole",
      "UpdateRole",
      "UpdateRoleDescription",
      "UpdateAssumeRolePolicy",
      "PutRolePermissionsBoundary",
      "DeleteRolePermissionsBoundary",
      "TagRole",
      "UntagRole",
      "ListAttachedRolePolicies",
      "ListInstanceProfilesForRole",
      "DeleteRole",
    ]),
    /** Of the write policy alone: the role is to get no other. */
    AttachedPolicy: iam(["AttachRolePolicy", "DetachRolePolicy"]),
    WritePolicy: iam([
      "CreatePolicy",
      "GetPolicy",
      "GetPolicyVersion",
      "ListPolicyVersions",
      "CreatePolicyVersion",
      "DeletePolicyVersion",
      "TagPolicy",
      "UntagPolicy",
      "DeletePolicy",
    ]),
    Alarms: cloudWatch([
      "PutMetricAlarm",
      "DescribeAlarms",
      "ListTagsForResource",
      "TagResource",
      "UntagResource",
      "DeleteAlarms",
    ]),
    /** Source: AWS, "Permissions to use user-generated KMS keys" (Kinesis Developer Guide), stream administrators. */
    Key: ["kms:DescribeKey"],
  },
  check: {
    Stream: kinesis(["DescribeStreamSummary", "GetResourcePolicy", "ListTagsForResource"]),
    Role: iam([
      "GetRole",
      "SimulatePrincipalPolicy",
      "ListAttachedRolePolicies",
      "ListRolePolicies",
      "GetRolePolicy",
    ]),
    /** It looks for what somebody attached by hand, which may be any policy. */
    AnyPolicy: iam(["GetPolicy", "GetPolicyVersion"]),
    AnyMetric: cloudWatch(["DescribeAlarmsForMetric"]),
    Key: ["kms:DescribeKey"],
  },
  "verify-role": {
    Stream: kinesis(READING),
    Role: ["iam:GetRole", "sts:AssumeRole"],
    KeyThroughKinesis: ["kms:Decrypt"],
  },
  "verify-operator": {
    Stream: kinesis([...READING, "PutRecords"]),
    Role: iam(["GetRole", "SimulatePrincipalPolicy"]),
    KeyThroughKinesis: ["kms:Decrypt", "kms:GenerateDataKey"],
  },
  "send-role": { Stream: kinesis(["DescribeStreamSummary"]), Role: ["iam:GetRole", "sts:AssumeRole"] },
  "send-operator": {
    Stream: kinesis(["DescribeStreamSummary", "PutRecords"]),
    Role: iam(["GetRole", "SimulatePrincipalPolicy"]),
    KeyThroughKinesis: ["kms:GenerateDataKey"],
  },
  watch: { Stream: kinesis(READING), KeyThroughKinesis: ["kms:Decrypt"] },
};

/**
 * What the real AWS provider calls beyond the sandbox's. Source: hashicorp/terraform-provider-aws, which Pulumi's provider
 * is made of, `internal/service/iam`: a policy's new version is made the default by a call of its own, and a role's inline
 * policies are read with it. Read, not seen at work.
 */
export const READ_IN_THE_PROVIDERS_SOURCE: Needs = {
  Role: iam(["ListRolePolicies", "GetRolePolicy"]),
  WritePolicy: iam(["SetDefaultPolicyVersion"]),
};

export function needsOf(task: Task): Needs {
  return task === "up" ? joined([NEEDS.up, READ_IN_THE_PROVIDERS_SOURCE]) : NEEDS[task];
}

export function joined(all: Needs[]): Needs {
  const targets = [...new Set(all.flatMap((needs) => Object.keys(needs) as Target[]))];
  return Object.fromEntries(
    targets.map((target) => [target, [...new Set(all.flatMap((needs) => needs[target] ?? []))].sort()]),
  );
}

/** What a statement is held to. */
export interface Scope {
  /** ARNs, or patterns of them. */
  Resource: string | string[];
  /** Under which it holds. */
  Condition?: Record<string, Record<string, string>>;
}

/** Undefined where there is nothing of the kind: a key, for a stream with AWS's own. */
export function scopeOf(target: Target, subject: PolicySubject): Scope | undefined {
  const { streamArn, roleArn, policyArn, accountId, region, kmsKeyArn } = subject;
  switch (target) {
    case "Stream":
      return { Resource: streamArn };
    case "Role":
      return { Resource: roleArn };
    case "AttachedPolicy":
      return { Resource: roleArn, Condition: { ArnLike: { "iam:PolicyARN": policyArn } } };
    case "WritePolicy":
      return { Resource: policyArn };
    case "AnyPolicy":
      return { Resource: [`arn:aws:iam::${accountId}:policy/*`, "arn:aws:iam::aws:policy/*"] };
    case "Alarms":
      return { Resource: subject.alarmArn };
    case "AnyStream":
    case "AnyMetric":
      return { Resource: "*" };
    case "Key":
      return kmsKeyArn === undefined ? undefined : { Resource: kmsKeyArn };
    case "KeyThroughKinesis":
      if (kmsKeyArn === undefined) return undefined;
      return {
        Resource: kmsKeyArn,
        Condition: {
          StringLike: {
            "kms:ViaService": `kinesis.${region}.amazonaws.com`,
            "kms:EncryptionContext:aws:kinesis:arn": streamArn,
          },
        },
      };
  }
}

function kinesis(names: string[]): string[] {
  return names.map((name) => `kinesis:${name}`);
}

function iam(names: string[]): string[] {
  return names.map((name) => `iam:${name}`);
}

function cloudWatch(names: string[]): string[] {
  return names.map((name) => `cloudwatch:${name}`);
}
