import { type ClientOptions, kinesisWriteClient } from "../aws/clients";
import type { Clock } from "../common/clock";
import { SourceError } from "../common/errors";
import type { Finding } from "../common/findings";
import type { LatencyRecorder } from "../common/histogram";
import type { Timeline } from "../common/timeline";
import type { StreamState } from "../deployment/stream";
import { Producer } from "../kinesis/producer";
import { putRecordsTo } from "../kinesis/record";
import { endedEarly, noEvents, sendingEnded } from "../sending/findings";
import type { Progress } from "../sending/options";
import { defaultConcurrency, type PacedEvents } from "../sending/pacing";
import type { VerifyOptions } from "./options";
import { outgoing } from "./outgoing";
import type { RunState } from "./resume/runState";
import { SendRecorder } from "./sendRecorder";

const PROPAGATING = "refused so far; a new policy takes up to a minute and a half to take effect";

export interface SendingOptions extends Pick<VerifyOptions, "source" | "concurrency" | "rate"> {
  stream: StreamState;
  streamName: string;
  writer: ClientOptions;
  state: RunState;
  timeline: Timeline;
  clock: Clock;
  random: () => number;
  propagationMs: number;
  /** No event is taken after it. */
  signal: AbortSignal;
  onStep: (step: Pick<Progress, "phase" | "step">) => void;
  /** Called with every event that was taken from the source. */
  onProgress: () => void;
}

/** What sending came to; what became of the events is in the ledger. */
export interface Sent {
  /** How long acknowledgements took. */
  acknowledgement: LatencyRecorder;
  findings: Finding[];
}

/**
 * Sends the source's events, or what is left of them in a run that is gone on with.
 *
 * @throws DeliveryError `no-events` where the source has none; what the source throws before its first event, and a
 * SourceError at any time.
 */
export async function sendPaced(
  { batches, pace, step }: PacedEvents,
  options: SendingOptions,
): Promise<Sent> {
  const { stream, state, timeline, clock, random, propagationMs, signal, onStep } = options;
  const { ledger, key, unsettled } = state;
  onStep({ phase: "sending", step });
  const recorder = new SendRecorder(state, timeline);
  const findings: Finding[] = [];
  const producer = new Producer({
    put: putRecordsTo(kinesisWriteClient(options.writer), options.streamName),
    listener: recorder,
    clock,
    random,
    concurrency: options.concurrency ?? defaultConcurrency(options.rate),
    largestRecordBytes: stream.largestRecordBytes,
    propagationMs,
    onAccessDenied: () => onStep({ phase: "sending", step: PROPAGATING }),
  });
  try {
    const { onProgress } = options;
    const records = outgoing(batches, { ledger, key, unsettled, clock, signal, onProgress, pace });
    const stopped = await producer.run(records, signal);
    if (stopped !== undefined) findings.push(endedEarly(stopped, ledger.sent, stream.streamArn));
  } catch (error) {
    if (ledger.sent === 0 || error instanceof SourceError) throw error;
    findings.push(sendingEnded(error, ledger.sent));
  } finally {
    // What an earlier process left open, and this one didn't get to: nothing can be said of it but that it is unknown.
    for (const index of unsettled) ledger.onAbandoned(index);
  }
  if (ledger.size === 0 && !signal.aborted) throw noEvents(options.source);
  return { acknowledgement: recorder.acknowledgement, findings };
}
