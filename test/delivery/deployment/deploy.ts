import { AttachRolePolicyCommand, CreatePolicyCommand, CreateRoleCommand } from "@aws-sdk/client-iam";
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  StartStreamEncryptionCommand,
} from "@aws-sdk/client-kinesis";
import type { LocalAws } from "../../../sandbox/aws";
import { clientsOf, trustOf } from "../../sandbox/aws/localAws";
import { until } from "../../until";

/** A customer's deployment, which a test can break. */
export interface Deployment {
  roleArn: string;
  region: string;
  streamName: string;
}

export interface DeploymentOptions {
  /** The trust policy. Default: Amplitude's account. */
  trust?: string;
  /** Statements of the write policy; undefined attaches none. Default: the vendor's. */
  statements?: ((arns: { streamArn: string; roleArn: string }) => object[]) | undefined;
  /** Default 2. */
  shards?: number;
}

export const VENDOR_ACTIONS = ["kinesis:PutRecord", "kinesis:PutRecords", "iam:SimulatePrincipalPolicy"];

/** The vendor's own template: one statement for both ARNs. */
function vendorStatements({ streamArn, roleArn }: { streamArn: string; roleArn: string }): object[] {
  return [{ Effect: "Allow", Action: VENDOR_ACTIONS, Resource: [streamArn, roleArn] }];
}

let deployed = 0;

/** Deploys with the SDK only, so that the code under test had no part in it. */
export async function deploy(aws: LocalAws, options: DeploymentOptions = {}): Promise<Deployment> {
  const { trust = trustOf("arn:aws:iam::358203115967:root"), shards = 2 } = options;
  const statements = "statements" in options ? options.statements : vendorStatements;
  const { iam, kinesis } = clientsOf(aws, aws.principals.operator);
  deployed += 1;
  const number = deployed;
  const streamName = `events-${number}`;
  const isActive = async () => {
    const { StreamDescriptionSummary } = await kinesis.send(
      new DescribeStreamSummaryCommand({ StreamName: streamName }),
    );
    return StreamDescriptionSummary?.StreamStatus === "ACTIVE";
  };
  await kinesis.send(new CreateStreamCommand({ StreamName: streamName, ShardCount: shards }));
  await until(isActive);
  await kinesis.send(
    new StartStreamEncryptionCommand({
      StreamName: streamName,
      EncryptionType: "KMS",
      KeyId: "alias/aws/kinesis",
    }),
  );
  await until(isActive);
  const RoleName = `amplitude-${number}`;
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  const roleArn = Role?.Arn ?? "";
  const streamArn = `arn:aws:kinesis:${aws.region}:111122223333:stream/${streamName}`;
  if (statements !== undefined) await attachPolicy(aws, roleArn, statements({ streamArn, roleArn }));
  return { roleArn, region: aws.region, streamName };
}

/** Attaches the policy that `deploy` leaves out if `statements` is undefined. */
export async function attachVendorPolicy(aws: LocalAws, { roleArn, streamName }: Deployment): Promise<void> {
  const streamArn = `arn:aws:kinesis:${aws.region}:111122223333:stream/${streamName}`;
  await attachPolicy(aws, roleArn, vendorStatements({ streamArn, roleArn }));
}

async function attachPolicy(aws: LocalAws, roleArn: string, statements: object[]): Promise<void> {
  const { iam } = clientsOf(aws, aws.principals.operator);
  const RoleName = roleArn.split("/").at(-1);
  const document = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  const { Policy } = await iam.send(
    new CreatePolicyCommand({ PolicyName: RoleName, PolicyDocument: document }),
  );
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: Policy?.Arn }));
}

/** Reads every record of a stream, without the code under test. */
export async function recordsOf(aws: LocalAws, StreamName: string) {
  const { kinesis } = clientsOf(aws, aws.principals.operator);
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
  const records: { partitionKey: string; bytes: Buffer }[] = [];
  for (const { ShardId } of Shards) {
    const start = { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" as const };
    let iterator = (await kinesis.send(new GetShardIteratorCommand(start))).ShardIterator;
    for (let behind: number | undefined = 1; iterator !== undefined && behind !== 0; ) {
      const answer = await kinesis.send(new GetRecordsCommand({ ShardIterator: iterator }));
      for (const { PartitionKey = "", Data = new Uint8Array() } of answer.Records ?? []) {
        records.push({ partitionKey: PartitionKey, bytes: Buffer.from(Data) });
      }
      iterator = answer.NextShardIterator;
      behind = answer.MillisBehindLatest;
    }
  }
  return records;
}
