import { type ClientOptions, kinesisWriteClient } from "../aws/clients";
import { SourceError } from "../common/errors";
import type { Finding } from "../common/findings";
import type { StreamState } from "../deployment/stream";
import type { RecordSource } from "../kinesis/outcome";
import { type OutcomeListener, Producer } from "../kinesis/producer";
import { putRecordsTo } from "../kinesis/streamApi";
import type { OpenDeployment } from "./deployment";
import { endedEarly, sendingEnded } from "./findings";
import { defaultConcurrency } from "./pacing";

export const PROPAGATING = "refused so far; a new policy takes up to a minute and a half to take effect";

export interface RecordSending {
  deployment: Pick<OpenDeployment, "outputs" | "clock" | "random" | "wait">;
  stream: StreamState;
  writer: ClientOptions;
  listener: OutcomeListener;
  /** Returns the number of events sent so far. */
  sent: () => number;
  /** Default: enough for the rate. */
  concurrency?: number | undefined;
  rate?: number | undefined;
  signal: AbortSignal;
  onAccessDenied: () => void;
  /** Whether an error of the source ends the run with it, instead of with a finding. */
  throwsSourceErrors?: boolean;
}

/**
 * Sends records, and returns the findings about an early end.
 *
 * @throws What the source throws before its first event, and a SourceError at any time with `throwsSourceErrors`.
 */
export async function sendRecords(records: RecordSource, options: RecordSending): Promise<Finding[]> {
  const { deployment, stream, writer, sent, concurrency, rate, signal, throwsSourceErrors } = options;
  const { outputs, wait } = deployment;
  const producer = new Producer({
    ...deployment,
    ...options,
    put: putRecordsTo(kinesisWriteClient(writer), outputs.streamName),
    concurrency: concurrency ?? defaultConcurrency(rate),
    propagationMs: wait.waitMs,
    largestRecordBytes: stream.largestRecordBytes,
  });
  try {
    const stopped = await producer.run(records, signal);
    return stopped === undefined ? [] : [endedEarly(stopped, sent(), stream.streamArn)];
  } catch (error) {
    if (sent() === 0 || (throwsSourceErrors && error instanceof SourceError)) throw error;
    return [sendingEnded(error, sent())];
  }
}
