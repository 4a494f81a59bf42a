import type { LocalAws } from "../../../sandbox/aws";
import { type Aws, connect } from "../../../sandbox/pulumi/provider/clients";
import { SERVICES } from "../../../sandbox/pulumi/provider/configuration";
import { create, update } from "../../../sandbox/pulumi/provider/lifecycle";
import type { Properties } from "../../../sandbox/pulumi/provider/properties";
import type { ResourceType } from "../../../sandbox/pulumi/provider/resourceType";
import { typeOf } from "../../../sandbox/pulumi/provider/types";
import type { Credentials } from "../../sandbox/aws/localAws";
import { AMPLITUDE, allowing, checked, trusting } from "../../sandbox/pulumi/provider/inputs";

/** What `pulumi up` and `pulumi destroy` have the provider do with one kind of resource, all its changes included. */
export type Life = (aws: Aws, names: Names) => Promise<void>;

export interface Names {
  stream: string;
  role: string;
  policy: string;
  alarm: string;
  guardPipe: string;
  guardLog: string;
  guardRole: string;
  guardPolicy: string;
  /** A role of the guard's name that is there, which pipes can use. */
  existingGuardRole: string;
  /** A policy of the guard's name that is there. */
  existingGuardPolicyArn: string;
  /** A log group that is there, to write to. */
  existingLogGroupArn: string;
  /** A policy that is there, to bound the role with or to attach. */
  existingPolicyArn: string;
  /** A role that is there, to attach to. */
  existingRole: string;
  /** A stream that is there, to give a policy to. */
  existingStreamArn: string;
}

export function providerAs({ endpoint, region }: LocalAws, credentials: Credentials): Aws {
  const { accessKeyId: accessKey, secretAccessKey: secretKey, sessionToken: token } = credentials;
  const endpoints = Object.fromEntries(SERVICES.map((service) => [service, endpoint]));
  return connect({ region, accessKey, secretKey, token, endpoints });
}

async function live(aws: Aws, type: ResourceType, name: string, versions: Properties[]): Promise<void> {
  const [first = {}, ...later] = versions.map((version) => checked(type, name, version));
  let { id, state } = await create(aws, type, first);
  for (const version of later) ({ id, state } = await update(aws, type, id, version));
  await type.delete(aws, id, state);
}

const KMS = { encryptionType: "KMS", kmsKeyId: "alias/aws/kinesis" };

export const LIVES: Record<string, Life> = {
  stream: (aws, { stream: name }) => {
    const provisioned = { name, ...KMS, streamModeDetails: { streamMode: "PROVISIONED" } };
    return live(aws, typeOf("aws:kinesis/stream:Stream"), name, [
      {
        ...provisioned,
        shardCount: 1,
        retentionPeriod: 168,
        tags: { a: "1", b: "2" },
        shardLevelMetrics: ["IncomingBytes"],
      },
      {
        ...provisioned,
        shardCount: 2,
        retentionPeriod: 48,
        tags: { b: "3" },
        shardLevelMetrics: ["OutgoingBytes"],
      },
      {
        name,
        ...KMS,
        streamModeDetails: { streamMode: "ON_DEMAND" },
        retentionPeriod: 48,
        maxRecordSizeInKib: 2048,
        tags: { b: "3" },
      },
    ]);
  },
  "stream policy": (aws, { existingStreamArn }) => {
    const denying = (action: string) => ({
      resourceArn: existingStreamArn,
      policy: {
        Version: "2012-10-17",
        Statement: [{ Effect: "Deny", Principal: { AWS: "*" }, Action: action, Resource: existingStreamArn }],
      },
    });
    const versions = [denying("kinesis:MergeShards"), denying("kinesis:SplitShard")];
    return live(aws, typeOf("aws:kinesis/resourcePolicy:ResourcePolicy"), "policy", versions);
  },
  role: (aws, { role, existingPolicyArn }) => roleLife(aws, role, existingPolicyArn),
  policy: (aws, { policy }) => policyLife(aws, policy),
  attachment: (aws, { existingRole, existingPolicyArn }) =>
    attachmentLife(aws, existingRole, existingPolicyArn),
  "guard role": (aws, { guardRole, existingPolicyArn }) => roleLife(aws, guardRole, existingPolicyArn),
  "guard policy": (aws, { guardPolicy }) => policyLife(aws, guardPolicy),
  "guard attachment": (aws, { existingGuardRole, existingGuardPolicyArn }) =>
    attachmentLife(aws, existingGuardRole, existingGuardPolicyArn),
  "guard log": async (aws, { guardLog: name }) => {
    const group = { name, retentionInDays: 7, tags: { a: "1", b: "2" } };
    const logGroup = typeOf("aws:cloudwatch/logGroup:LogGroup");
    const { id, state } = await create(aws, logGroup, checked(logGroup, name, group));
    const filter = (value: string) => ({
      name: "filter",
      logGroupName: name,
      pattern: "",
      metricTransformation: { namespace: "Guard", name: "lines", value },
    });
    await live(aws, typeOf("aws:cloudwatch/logMetricFilter:LogMetricFilter"), "filter", [
      filter("1"),
      filter("2"),
    ]);
    await update(
      aws,
      logGroup,
      id,
      checked(logGroup, name, { ...group, retentionInDays: 30, tags: { b: "3" } }),
    );
    await logGroup.delete(aws, id, state);
  },
  "guard pipe": (aws, { guardPipe: name, existingGuardRole, existingStreamArn, existingLogGroupArn }) => {
    const pipe = (description: string, tags: Record<string, string>) => ({
      name,
      description,
      roleArn: `arn:aws:iam::111122223333:role/${existingGuardRole}`,
      source: existingStreamArn,
      sourceParameters: {
        kinesisStreamParameters: { startingPosition: "LATEST", batchSize: 10, maximumRetryAttempts: 1 },
      },
      target: existingLogGroupArn,
      tags,
    });
    return live(aws, typeOf("aws:pipes/pipe:Pipe"), name, [
      pipe("one", { a: "1", b: "2" }),
      pipe("two", { b: "3" }),
    ]);
  },
  alarm: (aws, { alarm: name }) => {
    const silence = (evaluationPeriods: number, tags: Record<string, string>) => ({
      name,
      metricName: "IncomingRecords",
      namespace: "AWS/Kinesis",
      statistic: "Sum",
      period: 60,
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      evaluationPeriods,
      dimensions: { StreamName: "events" },
      tags,
    });
    return live(aws, typeOf("aws:cloudwatch/metricAlarm:MetricAlarm"), name, [
      silence(5, { a: "1", b: "2" }),
      silence(6, { b: "3" }),
    ]);
  },
};

function roleLife(aws: Aws, name: string, permissionsBoundary: string): Promise<void> {
  return live(aws, typeOf("aws:iam/role:Role"), name, [
    { name, assumeRolePolicy: trusting(AMPLITUDE), tags: { a: "1", b: "2" }, description: "one" },
    {
      name,
      assumeRolePolicy: trusting("arn:aws:iam::111122223333:root"),
      description: "two",
      maxSessionDuration: 7200,
      permissionsBoundary,
      tags: { b: "3" },
    },
    { name, assumeRolePolicy: trusting(AMPLITUDE), description: "two" },
  ]);
}

function policyLife(aws: Aws, name: string): Promise<void> {
  const versions = ["PutRecord", "PutRecords", "GetRecords", "ListShards", "MergeShards", "SplitShard"];
  return live(
    aws,
    typeOf("aws:iam/policy:Policy"),
    name,
    versions.map((action, index) => ({
      name,
      policy: allowing(`kinesis:${action}`),
      tags: index === 0 ? { a: "1", b: "2" } : { b: "3" },
    })),
  );
}

function attachmentLife(aws: Aws, role: string, policyArn: string): Promise<void> {
  return live(aws, typeOf("aws:iam/rolePolicyAttachment:RolePolicyAttachment"), "attachment", [
    { role, policyArn },
  ]);
}
