import type { ClientOptions } from "../aws/clients";
import type { Clock } from "../common/clock";
import { SourceError } from "../common/errors";
import type { Finding } from "../common/findings";
import { LatencyRecorder } from "../common/histogram";
import type { RunKey } from "../common/runId";
import { counted } from "../common/text";
import type { Timeline } from "../common/timeline";
import type { StreamState } from "../deployment/stream";
import type { SourceEvent } from "../events/source";
import type { Reason } from "../kinesis/outcome";
import { PartOfStream } from "../kinesis/partOfStream";
import type { OutcomeListener } from "../kinesis/producer";
import type { OutgoingRecord } from "../kinesis/record";
import type { OpenDeployment, Progress } from "../sending/deployment";
import { noEvents } from "../sending/findings";
import type { PacedEvents } from "../sending/pacing";
import { PROPAGATING, pacedRecords, sendRecords } from "../sending/sendRecords";
import type { Ledger } from "./ledger";
import type { VerifyOptions } from "./options";
import type { RunJournal } from "./resume/runFile";
import type { RunState } from "./resume/runState";

export interface SendingOptions extends Pick<VerifyOptions, "source" | "concurrency" | "rate"> {
  deployment: OpenDeployment;
  stream: StreamState;
  writer: ClientOptions;
  state: RunState;
  timeline: Timeline;
  /** Signal after which no event is taken from the source. */
  signal: AbortSignal;
  onStep: (step: Pick<Progress, "phase" | "step">) => void;
  /** Called with every event that was taken from the source. */
  onProgress: () => void;
}

/** Result of sending. The outcomes of the events are in the ledger. */
export interface Sent {
  /** Latency of acknowledgements. */
  acknowledgement: LatencyRecorder;
  findings: Finding[];
}

/**
 * Sends the source's events, or the remaining ones of a resumed run.
 *
 * @throws DeliveryError `no-events` if the source has none. An error that the source throws before its first event is
 * passed on, and a SourceError at any time.
 */
export async function sendPaced(paced: PacedEvents, options: SendingOptions): Promise<Sent> {
  const { state, timeline, signal, onStep, onProgress } = options;
  const { ledger, key, unsettled, part } = state;
  onStep({ phase: "sending", step: paced.step });
  const recorder = new SendRecorder(state, timeline);
  try {
    const records = outgoing(paced, {
      ledger,
      key,
      part: part && new PartOfStream(part),
      unsettled,
      clock: options.deployment.clock,
      signal,
      onProgress,
    });
    const findings = await sendRecords(records, {
      ...options,
      listener: recorder,
      sent: () => ledger.sent,
      onAccessDenied: () => onStep({ phase: "sending", step: PROPAGATING }),
      throwsSourceErrors: true,
    });
    if (ledger.size === 0 && !signal.aborted) throw noEvents(options.source);
    return { acknowledgement: recorder.acknowledgement, findings };
  } finally {
    // The outcome of an event that an earlier process left open, and that this one did not reach, stays unknown.
    for (const index of unsettled) ledger.onAbandoned(index);
  }
}

export interface OutgoingOptions {
  ledger: Ledger;
  key: RunKey;
  /** Part of the stream that is written; undefined for all of it. */
  part?: PartOfStream | undefined;
  /** Events of an earlier process that have to be sent again. All others that it sent are skipped. */
  unsettled: ReadonlySet<number>;
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

  readonly #ledger: Ledger;
  readonly #journal: RunJournal | undefined;

  constructor(
    private readonly run: Pick<RunState, "ledger" | "journal" | "unsettled" | "leftOpen">,
    private readonly timeline: Timeline,
  ) {
    this.#ledger = run.ledger;
    this.#journal = run.journal;
  }

  beforeAttempt(records: readonly OutgoingRecord[], at: number): void {
    this.#journal?.attempt(records, at, this.#ledger);
  }

  onAttempt(index: number, at: number): void {
    this.run.unsettled.delete(index);
    if (this.#ledger.onAttempt(index, at)) this.timeline.count("sent", at);
  }

  onAmbiguous(index: number): void {
    this.#ledger.onAmbiguous(index);
    this.#journal?.ambiguous(index);
  }

  onAcknowledged(index: number, shardId: string, at: number): void {
    if (this.#ledger.onAcknowledged(index, shardId)) {
      this.timeline.count("acknowledged", at);
      this.acknowledgement.record(this.#ledger.waited(index, at));
    }
    this.#journal?.acknowledged(index, shardId);
  }

  onRefused(index: number, reason: Reason): void {
    this.#ledger.onRefused(index, reason);
    this.#journal?.refused(index, reason);
  }

  onUnanswered(index: number, reason: Reason): void {
    this.#ledger.onUnanswered(index, reason);
    this.#journal?.unanswered(index, reason);
  }

  onAbandoned(index: number): void {
    this.#ledger.onAbandoned(index);
    this.#journal?.abandoned(index);
  }

  /**
   * Journals the event as abandoned. The run file already has its attempts and which of them may have written it, so a
   * resumed run retries the event.
   */
  onLeftOpen(index: number): void {
    this.#ledger.onLeftOpen(index);
    this.run.leftOpen.add(index);
    this.#journal?.abandoned(index);
  }
}
