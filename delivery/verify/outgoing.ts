import type { Clock } from "../common/clock";
import { SourceError } from "../common/errors";
import { LatencyRecorder } from "../common/histogram";
import { counted } from "../common/text";
import type { Timeline } from "../common/timeline";
import type { SourceEvent } from "../events/source";
import type { OutgoingRecord } from "../kinesis/outcome";
import type { PartOfStream } from "../kinesis/partOfStream";
import type { OutcomeListener, RecordEnd } from "../kinesis/producer";
import type { PacedEvents } from "../sending/pacing";
import { pacedRecords } from "../sending/pacing";
import type { RunState } from "./resume/runState";

/** An event that an earlier process has sent is sent again only if it is unsettled. */
export interface OutgoingOptions extends Pick<RunState, "ledger" | "key" | "unsettled"> {
  /** Part of the stream that is written; undefined for all of it. */
  part?: PartOfStream | undefined;
  clock: Clock;
  signal: AbortSignal;
  onProgress: () => void;
}

/**
 * Yields the source's events as records. Each is in the ledger before it is yielded.
 *
 * @throws SourceError if the source is not the one from which an earlier process of the run has sent.
 */
export async function* outgoing(
  paced: Pick<PacedEvents, "batches" | "limiter">,
  options: OutgoingOptions,
): AsyncGenerator<readonly OutgoingRecord[]> {
  const { clock, signal, onProgress } = options;
  const sentBefore = options.ledger.size;
  let index = -1;
  yield* pacedRecords(paced, {
    clock,
    signal,
    isToBeSent: (event) => {
      index += 1;
      return isToBeSent(index, event, options);
    },
    toRecord: (event, dueAt) => entered(index, event, dueAt, options),
    onBatch: onProgress,
  });
  if (index + 1 < sentBefore && !signal.aborted)
    throw anotherSource(`it has ${counted(index + 1, "event")}, the run has sent ${sentBefore}`);
}

/** Returns false for an event that an earlier process sent and whose outcome is settled. */
function isToBeSent(index: number, event: SourceEvent, { ledger, unsettled }: OutgoingOptions): boolean {
  if (!ledger.isSent(index)) return true;
  if (!ledger.matches(index, event.bytes)) throw anotherSource(event.origin);
  return unsettled.has(index);
}

/** Returns the event's record, after it is in the ledger. */
function entered(
  index: number,
  { bytes }: SourceEvent,
  dueAt: number | undefined,
  { ledger, key, part }: OutgoingOptions,
): OutgoingRecord {
  if (!ledger.isSent(index)) ledger.put(index, bytes, dueAt);
  const partitionKey = key.partitionKey(index);
  if (part === undefined) return { index, partitionKey, bytes };
  return { index, partitionKey, explicitHashKey: part.hashKey(index), bytes };
}

function anotherSource(where: string): SourceError {
  return new SourceError(
    `These are not the events that the run began with (${where}): give it the same source, in the version that began it, or begin a new run`,
  );
}

/** Enters the outcome of every event that is sent into the ledger, the run file and the timeline. */
export class SendRecorder implements OutcomeListener {
  /** Latency from when an event was due, or first attempted, until Kinesis acknowledged it. */
  readonly acknowledgement = new LatencyRecorder();

  constructor(
    private readonly run: Pick<RunState, "ledger" | "journal" | "unsettled" | "leftOpen">,
    private readonly timeline: Timeline,
  ) {}

  beforeAttempt(records: readonly OutgoingRecord[], at: number): void {
    this.run.journal?.attempt(records, at, this.run.ledger);
  }

  onAttempt(index: number, at: number): void {
    this.run.unsettled.delete(index);
    if (this.run.ledger.onAttempt(index, at)) this.timeline.count("sent", at);
  }

  onAmbiguous(index: number): void {
    this.run.ledger.onAmbiguous(index);
    this.run.journal?.ambiguous(index);
  }

  onEnd(index: number, end: RecordEnd, at: number): void {
    const { ledger, leftOpen, journal } = this.run;
    if (ledger.onEnd(index, end) && end.kind === "acknowledged") {
      this.timeline.count("acknowledged", at);
      this.acknowledgement.record(ledger.waited(index, at));
    }
    if (end.kind === "leftOpen") leftOpen.add(index);
    journal?.ended(index, end);
  }
}
