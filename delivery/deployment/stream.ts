import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  type StreamDescriptionSummary,
} from "@aws-sdk/client-kinesis";
import { describeCredentials } from "../aws/credentials";
import { pollUntil, type WaitOptions } from "../aws/pollUntil";
import type { AwsOptions } from "../aws/profile";
import { accountOf, streamArnOf } from "../common/arn";
import type { Clock } from "../common/clock";
import { DeliveryError } from "../common/errors";
import { type Finding, finding, present } from "../common/findings";
import { MIN_RETENTION_HOURS } from "../common/limits";
import type { StackOutputs } from "../common/outputs";
import { isObject, withoutUndefined } from "../common/values";
import { ACTIONS } from "./iam/actions";
import { failed, grantRemedy, inspect, isNamed, kinesisCommand, streamRemedy } from "./inspection";

/** Properties of the stream that a run needs. */
export interface StreamState {
  streamArn: string;
  /** Maximum size of a record in bytes, partition key included. */
  largestRecordBytes: number;
  /** Customer managed key: its ARN, or the alias or bare id by which the stream names it. Absent for AWS's own. */
  kmsKeyId?: string;
  /** The service's time at the response, in epoch milliseconds. Reading starts from it, not from this machine's time. */
  serviceTime: number;
  /** Upper bound of how far the service's clock is ahead of this machine's, in ms. */
  clockOffsetMs: number;
  /** Shards that accept records. Absent if the endpoint doesn't report it. */
  openShards?: number;
  /** Whether the stream ignores partition keys and hash keys. Default: false. */
  placesRecords?: boolean;
  /** How long records can be read. Absent if the endpoint doesn't report it. */
  retentionHours?: number;
  /** When the stream was created, in epoch milliseconds of the service. Absent if the endpoint doesn't report it. */
  createdAt?: number;
}

export interface StreamCheck {
  stream?: StreamState;
  /** Description by AWS. */
  summary?: StreamDescriptionSummary;
  findings: Finding[];
}

/** 1 MiB, unless the stream was configured for larger records. Source: AWS, "Quotas and limits" (Kinesis Developer Guide). */
const DEFAULT_MAX_RECORD_KIB = 1024;

/**
 * Describes the stream with the operator's credentials, and waits for a stream that is still being created.
 *
 * @throws DeliveryError `credentials` if AWS rejects them, or if they belong to another account than the role.
 */
export function checkStream(
  client: KinesisClient,
  outputs: StackOutputs,
  wait: WaitOptions,
  operator: AwsOptions = {},
): Promise<StreamCheck> {
  const streamArn = streamArnOf(outputs);
  return inspect<StreamCheck>(
    async () => {
      const described = await pollUntil(
        () => describe(client, outputs.streamName, wait.clock),
        ({ summary }) => summary.StreamStatus !== "CREATING",
        wait,
      );
      // Another account may have a stream of this name: it would be read in place of the customer's, and every event missed.
      const actual = accountOf(described.summary.StreamARN ?? streamArn);
      const expected = accountOf(streamArn);
      if (actual !== expected) throw wrongAccount(actual, expected, operator);
      return judge(described, streamArn, outputs);
    },
    (error) => {
      if (error instanceof DeliveryError) throw error;
      return { findings: [describeProblem(error, streamArn, outputs)] };
    },
  );
}

type Described = Awaited<ReturnType<typeof describe>>;

async function describe(client: KinesisClient, streamName: string, clock: Clock) {
  const command = new DescribeStreamSummaryCommand({ StreamName: streamName });
  let serviceTime: number | undefined;
  let clockOffsetMs = 0;
  command.middlewareStack.add(
    (next) => async (args) => {
      const sentAt = clock.now();
      const output = await next(args);
      serviceTime = serverDate(output.response);
      // The header has no fraction of a second, and the service may have responded at any time since the request.
      if (serviceTime !== undefined) clockOffsetMs = serviceTime + DATE_RESOLUTION_MS - sentAt;
      return output;
    },
    { step: "deserialize", name: "readServiceClock" },
  );
  const { StreamDescriptionSummary } = await client.send(command);
  if (StreamDescriptionSummary === undefined)
    throw new Error("the response to DescribeStreamSummary has no description");
  return { summary: StreamDescriptionSummary, serviceTime: serviceTime ?? clock.now(), clockOffsetMs };
}

/** Source: RFC 9110, "Date/Time Formats". */
const DATE_RESOLUTION_MS = 1_000;

function serverDate(response: unknown): number | undefined {
  const headers = isObject(response) ? response.headers : undefined;
  const time = Date.parse(isObject(headers) ? String(headers.date) : "");
  return Number.isNaN(time) ? undefined : time;
}

export function wrongAccount(actual: string, expected: string, operator: AwsOptions): DeliveryError {
  const remedy =
    operator.credentialsName === undefined
      ? "(AWS_PROFILE or --profile)"
      : "with --profile, or correct the stack's aws: settings";
  const message = `The ${describeCredentials(operator)} are of account ${actual}, but the role and its stream belong to account ${expected}: choose credentials of ${expected} ${remedy}`;
  return new DeliveryError("credentials", message);
}

function judge(
  { summary, serviceTime, clockOffsetMs }: Described,
  streamArn: string,
  outputs: StackOutputs,
): StreamCheck {
  const { KeyId, MaxRecordSizeInKiB = DEFAULT_MAX_RECORD_KIB } = summary;
  const hasOwnKey = KeyId !== undefined && !/(^|:)alias\/aws\/kinesis$/.test(KeyId);
  return {
    findings: stateFindings(summary, streamArn, outputs),
    summary,
    stream: {
      streamArn,
      largestRecordBytes: MaxRecordSizeInKiB * 1024,
      serviceTime,
      clockOffsetMs,
      ...(summary.RecordDistributionStrategy === "AUTO" && { placesRecords: true }),
      ...withoutUndefined({
        openShards: summary.OpenShardCount,
        retentionHours: summary.RetentionPeriodHours,
        createdAt: summary.StreamCreationTimestamp?.getTime(),
        kmsKeyId: hasOwnKey ? KeyId : undefined,
      }),
    },
  };
}

function stateFindings(
  { StreamStatus, EncryptionType }: StreamDescriptionSummary,
  where: string,
  outputs: StackOutputs,
): Finding[] {
  const encrypt = "start-stream-encryption --encryption-type KMS --key-id alias/aws/kinesis";
  return present([
    StreamStatus !== "ACTIVE" &&
      StreamStatus !== "UPDATING" &&
      finding.error(
        "stream-not-active",
        where,
        `The stream is ${StreamStatus}, and accepts no records`,
        `Wait until it is ACTIVE. If it is being deleted: ${createAgain(outputs)}`,
      ),
    EncryptionType !== "KMS" &&
      finding.warning(
        "stream-not-encrypted",
        where,
        "The stream is not encrypted at rest",
        streamRemedy(
          outputs,
          "Run `pulumi up --refresh`: the component encrypts it with alias/aws/kinesis, which changes nothing for Amplitude",
          `run ${kinesisCommand(outputs, encrypt)}, which changes nothing for Amplitude`,
        ),
      ),
  ]);
}

/** Returns the remedy for a stream that is gone. */
export function createAgain(outputs: StackOutputs): string {
  return streamRemedy(
    outputs,
    "Run `pulumi up --refresh`, and change the stream name in Amplitude's form if the new stream has another one",
    `create it again under the same name: ${kinesisCommand(outputs, "create-stream --stream-mode-details StreamMode=ON_DEMAND")}`,
  );
}

function describeProblem(error: unknown, where: string, outputs: StackOutputs): Finding {
  if (isNamed(error, "ResourceNotFoundException"))
    return finding.error(
      "stream-not-found",
      where,
      "There is no such stream in this account and region, so Kinesis rejects Amplitude's records",
      `Compare the region and the name with \`pulumi stack output\`. If the stream is gone: ${createAgain(outputs)}`,
    );
  const grant = grantRemedy([...ACTIONS.describeStream, ...ACTIONS.readShards], "the stream");
  return finding.undetermined(
    "stream-not-described",
    where,
    ...failed("The stream can't be looked up", error, grant),
  );
}

/** Returns the stream's settings for a report. */
export function streamOf(summary: StreamDescriptionSummary, streamArn: string): CheckedStream {
  return {
    streamArn,
    status: summary.StreamStatus ?? "unknown",
    // A stream that is older than modes has none. Source: Kinesis API reference, StreamModeDetails.
    mode: summary.StreamModeDetails?.StreamMode ?? "PROVISIONED",
    openShards: summary.OpenShardCount ?? 0,
    retentionHours: summary.RetentionPeriodHours ?? 24,
    encryption: summary.EncryptionType ?? "NONE",
    keyId: summary.KeyId ?? null,
    maxRecordSizeKib: summary.MaxRecordSizeInKiB ?? DEFAULT_MAX_RECORD_KIB,
  };
}

/** Finds a retention that endangers delivery. */
export function checkRetention(
  { retentionHours, streamArn }: CheckedStream,
  outputs: StackOutputs,
): Finding[] {
  if (retentionHours >= MIN_RETENTION_HOURS) return [];
  const increase = `increase-stream-retention-period --retention-period-hours ${MIN_RETENTION_HOURS}`;
  return [
    finding.warning(
      "stream-retention-short",
      streamArn,
      `The stream keeps records for ${retentionHours} hours. A consumer that stops for longer loses events, which Amplitude does not send again (Security Hub Kinesis.3 demands ${MIN_RETENTION_HOURS})`,
      streamRemedy(
        outputs,
        `Run \`pulumi config set retentionHours ${MIN_RETENTION_HOURS} && pulumi up --refresh\``,
        `run ${kinesisCommand(outputs, increase)}`,
      ),
    ),
  ];
}

/** The stream as AWS describes it. */
export interface CheckedStream {
  /** ARN from the outputs: the role's account, the region and the name. */
  streamArn: string;
  /** `ACTIVE`, `UPDATING`, … */
  status: string;
  /** `ON_DEMAND` or `PROVISIONED`. */
  mode: string;
  /** Shards that accept records. */
  openShards: number;
  /** How long records can be read, in hours. */
  retentionHours: number;
  /** `KMS` or `NONE`. */
  encryption: string;
  /** Key as the stream names it: an ARN, an alias or a bare id. Null without encryption. */
  keyId: string | null;
  /** Maximum size of a record in KiB, partition key included. */
  maxRecordSizeKib: number;
}
