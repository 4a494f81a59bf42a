import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  type StreamDescriptionSummary,
} from "@aws-sdk/client-kinesis";
import { credentialsProblem } from "../aws/credentials";
import { describeError, isAccessDenied, isCredentialsError } from "../aws/errors";
import { type Patience, tryPatiently } from "../aws/waitUntil";
import { accountOf, streamArnOf } from "../common/arn";
import type { Clock } from "../common/clock";
import { DeliveryError } from "../common/errors";
import { type Finding, finding } from "../common/findings";
import type { StackOutputs } from "../common/outputs";

/** What the rest of the run has to know of the stream. */
export interface StreamState {
  streamArn: string;
  /** Largest record in bytes, partition key included. */
  largestRecordBytes: number;
  /** A customer's own KMS key, as the stream was given it: an ARN, an alias or a bare id. Absent for the AWS-managed one. */
  kmsKeyId?: string;
  /** The service's clock at the time of the answer, in ms since 1970: readings start from it, not from this machine's. */
  serviceTime: number;
  /** How far the service's clock is ahead of this machine's at the most, in ms: a second more than it is, and the request's time. */
  clockOffsetMs: number;
  /** Shards that take records; absent where the endpoint doesn't say. */
  openShards?: number;
  /** How long records can be read; absent where the endpoint doesn't say. */
  retentionHours?: number;
}

export interface StreamCheck {
  stream?: StreamState;
  /** As AWS describes it. */
  summary?: StreamDescriptionSummary;
  findings: Finding[];
}

/** 1 MiB unless the stream was opened for larger records. Source: AWS, "Quotas and limits" (Kinesis Developer Guide). */
const DEFAULT_LARGEST_RECORD_KIB = 1024;

/**
 * Looks the stream up with the operator's credentials, and waits for one that is still being created.
 *
 * @throws DeliveryError `credentials` where they are not accepted, or belong to another account than the role.
 */
export async function checkStream(
  client: KinesisClient,
  outputs: StackOutputs,
  patience: Patience,
): Promise<StreamCheck> {
  const where = streamArnOf(outputs);
  const attempt = () => describe(client, outputs.streamName, patience.clock);
  try {
    const described = await tryPatiently(
      attempt,
      ({ summary }) => summary.StreamStatus !== "CREATING",
      patience,
    );
    checkAccount(described.summary.StreamARN, where);
    return judge(described, where);
  } catch (error) {
    if (error instanceof DeliveryError) throw error;
    return { findings: [describeProblem(error, where)] };
  }
}

type Described = Awaited<ReturnType<typeof describe>>;

async function describe(client: KinesisClient, streamName: string, clock: Clock) {
  const command = new DescribeStreamSummaryCommand({ StreamName: streamName });
  let serviceTime: number | undefined;
  let clockOffsetMs = 0;
  command.middlewareStack.add(
    (next) => async (args) => {
      const asked = clock.now();
      const answer = await next(args);
      serviceTime = serverDate(answer.response);
      // The header leaves the fraction out, and the answer was made at any time since it was asked for.
      if (serviceTime !== undefined) clockOffsetMs = serviceTime + DATE_RESOLUTION_MS - asked;
      return answer;
    },
    { step: "deserialize", name: "readServiceClock" },
  );
  const { StreamDescriptionSummary } = await client.send(command);
  if (StreamDescriptionSummary === undefined)
    throw new Error("DescribeStreamSummary answered without a description");
  return { summary: StreamDescriptionSummary, serviceTime: serviceTime ?? clock.now(), clockOffsetMs };
}

/** Source: RFC 9110, "Date/Time Formats". */
const DATE_RESOLUTION_MS = 1_000;

function serverDate(response: unknown): number | undefined {
  if (typeof response !== "object" || response === null || !("headers" in response)) return undefined;
  const headers = response.headers as Record<string, string | undefined>;
  const time = Date.parse(headers.date ?? "");
  return Number.isNaN(time) ? undefined : time;
}

/** A stream of the same name in another account would be read as if it were the customer's, and every event be missed. */
function checkAccount(actualArn: string | undefined, expectedArn: string): void {
  const expected = accountOf(expectedArn);
  const actual = accountOf(actualArn ?? expectedArn);
  if (actual !== expected) throw wrongAccount(actual, expected);
}

export function wrongAccount(actual: string, expected: string): DeliveryError {
  const message = `The credentials are of account ${actual}, but the role and its stream belong to account ${expected}: choose credentials of ${expected} (AWS_PROFILE or --profile)`;
  return new DeliveryError("credentials", message);
}

function judge({ summary, serviceTime, clockOffsetMs }: Described, where: string): StreamCheck {
  const findings: Finding[] = [];
  const { StreamStatus, EncryptionType, KeyId, MaxRecordSizeInKiB } = summary;
  if (StreamStatus !== "ACTIVE" && StreamStatus !== "UPDATING") {
    const message = `The stream is ${StreamStatus}, and takes no records`;
    const remedy = "Wait until it is ACTIVE, or run `pulumi up` to create it again";
    findings.push(finding.error("stream-not-active", where, message, remedy));
  }
  if (EncryptionType !== "KMS") {
    const message = "The stream is not encrypted at rest";
    const remedy =
      "Run `pulumi up --refresh`: the component encrypts it with alias/aws/kinesis, at no change for Amplitude";
    findings.push(finding.warning("stream-not-encrypted", where, message, remedy));
  }
  const { OpenShardCount, RetentionPeriodHours } = summary;
  const largestRecordBytes = (MaxRecordSizeInKiB ?? DEFAULT_LARGEST_RECORD_KIB) * 1024;
  const ownKey = KeyId === undefined || /(^|:)alias\/aws\/kinesis$/.test(KeyId) ? {} : { kmsKeyId: KeyId };
  return {
    findings,
    summary,
    stream: {
      streamArn: where,
      largestRecordBytes,
      serviceTime,
      clockOffsetMs,
      ...(OpenShardCount !== undefined && { openShards: OpenShardCount }),
      ...(RetentionPeriodHours !== undefined && { retentionHours: RetentionPeriodHours }),
      ...ownKey,
    },
  };
}

function describeProblem(error: unknown, where: string): Finding {
  const text = describeError(error);
  if (isCredentialsError(error)) throw credentialsProblem(error);
  if (error instanceof Error && error.name === "ResourceNotFoundException") {
    const message =
      "There is no such stream in this account and region: Amplitude's records would be refused";
    const remedy =
      "Compare the region and the name with `pulumi stack output`, and run `pulumi up --refresh` if the stream is gone";
    return finding.error("stream-not-found", where, message, remedy);
  }
  const remedy = isAccessDenied(error)
    ? "Give the person who runs this kinesis:DescribeStreamSummary, kinesis:ListShards, kinesis:GetShardIterator and kinesis:GetRecords on the stream"
    : "Check the region, the network and AWS_ENDPOINT_URL, and run this again";
  return finding.undetermined(
    "stream-not-described",
    where,
    `The stream can't be looked up: ${text}`,
    remedy,
  );
}
