import { type ClientOptions, kinesisWriteClient } from "../aws/clients";
import type { Clock } from "../common/clock";
import { SourceError } from "../common/errors";
import type { Finding } from "../common/findings";
import { KEY_BYTES } from "../common/runId";
import type { StreamState } from "../deployment/stream";
import type { SourceEvent } from "../events/source";
import { type OutcomeListener, Producer } from "../kinesis/producer";
import { type OutgoingRecord, putRecordsTo, type RecordSource } from "../kinesis/putRecords";
import { isAhead, waitForSlot } from "../kinesis/rateLimit";
import type { OpenDeployment } from "./deployment";
import { endedEarly, sendingEnded } from "./findings";
import { defaultConcurrency, type PacedEvents } from "./pacing";

export const PROPAGATING = "refused so far; a new policy takes up to a minute and a half to take effect";

export interface PacingOptions {
  clock: Clock;
  signal: AbortSignal;
  /** Whether an event is sent at all. Called once per event, in order. Default: every event is. */
  isToBeSent?: (event: SourceEvent) => boolean;
  /** Makes the record of an event that is sent. `dueAt` is the time from which its latency is measured, if it has one. */
  toRecord: (event: SourceEvent, dueAt: number | undefined) => OutgoingRecord;
  /** Called after each batch of the source. */
  onBatch: () => void;
}

/** Yields the source's events as records, no faster than the rate limit. */
export async function* pacedRecords(
  { batches, limiter }: Pick<PacedEvents, "batches" | "limiter">,
  { clock, signal, isToBeSent = () => true, toRecord, onBatch }: PacingOptions,
): AsyncGenerator<readonly OutgoingRecord[]> {
  for await (const events of batches) {
    let ready: OutgoingRecord[] = [];
    for (const event of events) {
      if (!isToBeSent(event)) continue;
      const slot = limiter?.slot(event.bytes.length + KEY_BYTES, clock.now());
      if (slot !== undefined && isAhead(slot, clock)) {
        if (ready.length > 0) yield ready;
        ready = [];
        await waitForSlot(slot, clock, signal);
      }
      ready.push(toRecord(event, slot?.dueAt));
    }
    if (ready.length > 0) yield ready;
    onBatch();
    if (signal.aborted) return;
  }
}

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
