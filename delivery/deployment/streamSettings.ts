import type { StreamDescriptionSummary } from "@aws-sdk/client-kinesis";
import { type Finding, finding } from "../common/findings";
import { MIN_RETENTION_HOURS } from "../common/limits";

/** Source: AWS, "Quotas and limits" (Kinesis Developer Guide). */
const DEFAULT_MAX_RECORD_SIZE_KIB = 1024;

export function streamOf(summary: StreamDescriptionSummary, streamArn: string): CheckedStream {
  return {
    streamArn,
    status: summary.StreamStatus ?? "unknown",
    // A stream from before there were modes has none. Source: Kinesis API reference, StreamModeDetails.
    mode: summary.StreamModeDetails?.StreamMode ?? "PROVISIONED",
    openShards: summary.OpenShardCount ?? 0,
    retentionHours: summary.RetentionPeriodHours ?? 24,
    encryption: summary.EncryptionType ?? "NONE",
    keyId: summary.KeyId ?? null,
    maxRecordSizeKib: summary.MaxRecordSizeInKiB ?? DEFAULT_MAX_RECORD_SIZE_KIB,
  };
}

/** What of the stream's settings endangers delivery; state and encryption are the preflight's. */
export function settingFindings({
  retentionHours,
  streamArn,
  streamName,
}: CheckedStream & { streamName: string }): Finding[] {
  if (retentionHours >= MIN_RETENTION_HOURS) return [];
  return [
    finding.warning(
      "stream-retention-short",
      streamArn,
      `Records are kept for ${retentionHours} hours: a consumer that stands still for longer loses events, which Amplitude does not send again (Security Hub Kinesis.3 asks for ${MIN_RETENTION_HOURS})`,
      `\`pulumi config set retentionHours ${MIN_RETENTION_HOURS} && pulumi up\`; of a stream that isn't the stack's: \`aws kinesis increase-stream-retention-period --stream-name ${streamName} --retention-period-hours ${MIN_RETENTION_HOURS}\``,
    ),
  ];
}

/** The stream as AWS describes it. */
export interface CheckedStream {
  /** Made of the outputs: role's account, region and name. */
  streamArn: string;
  /** `ACTIVE`, `UPDATING`, … */
  status: string;
  /** `ON_DEMAND` or `PROVISIONED`. */
  mode: string;
  /** Shards that take records. */
  openShards: number;
  /** How long records can be read, in hours. */
  retentionHours: number;
  /** `KMS` or `NONE`. */
  encryption: string;
  /** As the stream was given it: an ARN, an alias or a bare id; null without encryption. */
  keyId: string | null;
  /** Largest record in KiB, partition key included. */
  maxRecordSizeKib: number;
}
