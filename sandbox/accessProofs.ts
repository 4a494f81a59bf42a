import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { AwsCredentialIdentity } from "@smithy/types";
import type { LocalAws, LocalPrincipal } from "./aws";

/** A claim about access, and whether it holds. */
export interface AccessProof {
  claim: string;
  holds: boolean;
  /** The observed result, if it contradicts the claim. */
  observed?: string;
}

export interface ProofSubject {
  aws: LocalAws;
  roleArn: string;
  streamName: string;
  /** A stream in the same account that the role must not access. */
  otherStreamName: string;
}

/** Tests each claim with the request itself, through the AWS SDK's clients. Writes nothing. */
export async function proveAccess(subject: ProofSubject): Promise<AccessProof[]> {
  const { aws, roleArn } = subject;
  const { amplitude, stranger } = aws.principals;
  const proofs = [
    await prove(`Amplitude's account ${amplitude.accountId} can assume the role`, "allowed", () =>
      assume(aws, amplitude, roleArn),
    ),
    await prove(`another account (${stranger.accountId}) can't assume the role`, "denied", () =>
      assume(aws, stranger, roleArn),
    ),
  ];
  if (proofs[0]?.holds !== true) return proofs;
  const session = await assume(aws, amplitude, roleArn);
  const kinesis = kinesisClient(aws, session);
  try {
    return [...proofs, ...(await proveSession(kinesis, subject))];
  } finally {
    kinesis.destroy();
  }
}

async function proveSession(kinesis: KinesisClient, { aws, streamName, otherStreamName }: ProofSubject) {
  const operator = kinesisClient(aws, aws.principals.operator);
  const iterator = await shardIterator(operator, streamName);
  operator.destroy();
  return [
    await prove("the role can write to the stream", "allowed", () => dryWrite(kinesis, streamName)),
    await prove("the role can't write to another stream", "denied", () => dryWrite(kinesis, otherStreamName)),
    await prove("the role can't read the stream's records", "denied", () =>
      kinesis.send(new GetRecordsCommand({ ShardIterator: iterator })),
    ),
    await prove("the role can't list the stream's shards", "denied", () =>
      kinesis.send(new ListShardsCommand({ StreamName: streamName })),
    ),
    await prove("the role can't describe the stream", "denied", () =>
      kinesis.send(new DescribeStreamSummaryCommand({ StreamName: streamName })),
    ),
  ];
}

/** Returns the credentials of the role's session. */
export async function assume(
  { endpoint, region }: LocalAws,
  caller: LocalPrincipal,
  roleArn: string,
): Promise<AwsCredentialIdentity> {
  const sts = new STSClient({ endpoint, region, credentials: caller });
  try {
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "access-proof" }),
    );
    const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = Credentials ?? {};
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  } finally {
    sts.destroy();
  }
}

/** Sends a dry run, which AWS authorizes like a write and rejects if it would succeed. Source: AWS, PutRecords, DryRun. */
async function dryWrite(kinesis: KinesisClient, streamName: string): Promise<void> {
  const Records = [{ PartitionKey: "dry-run", Data: Buffer.from("{}") }];
  try {
    await kinesis.send(new PutRecordsCommand({ StreamName: streamName, Records, DryRun: true }));
  } catch (error) {
    if (error instanceof Error && error.name === "DryRunOperationException") return;
    throw error;
  }
  throw new Error("a dry run wrote a record");
}

async function shardIterator(kinesis: KinesisClient, streamName: string): Promise<string | undefined> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: streamName }));
  const input = {
    StreamName: streamName,
    ShardId: Shards[0]?.ShardId,
    ShardIteratorType: "TRIM_HORIZON" as const,
  };
  return (await kinesis.send(new GetShardIteratorCommand(input))).ShardIterator;
}

export function kinesisClient(
  { endpoint, region }: LocalAws,
  credentials: AwsCredentialIdentity,
): KinesisClient {
  return new KinesisClient({ endpoint, region, credentials, requestHandler: new NodeHttpHandler() });
}

async function prove(
  claim: string,
  expected: "allowed" | "denied",
  call: () => Promise<unknown>,
): Promise<AccessProof> {
  const error = await errorOf(call);
  const holds = expected === "allowed" ? error === undefined : error?.startsWith("AccessDenied") === true;
  return holds ? { claim, holds } : { claim, holds, observed: error ?? "the request was allowed" };
}

async function errorOf(call: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}
