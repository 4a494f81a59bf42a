import { type ClientOptions, kinesisClient } from "../aws/clients";
import type { EpochMs } from "../common/clock";
import { type Finding, hasSeverity } from "../common/findings";
import { DEFAULT_TIMEOUT_SECONDS, READ_MARGIN_MS } from "../common/limits";
import { Timeline } from "../common/timeline";
import { checkStream, type StreamState } from "../deployment/stream";
import { PartOfStream } from "../kinesis/partOfStream";
import {
  type OpenDeployment,
  type Progress,
  preflightOf,
  readerOf,
  type SenderOptions,
  startReading,
  whileReading,
  withDeployment,
} from "../sending/deployment";
import { isOfLostRecords, noEvents, notReadToEnd, recordsExpired } from "../sending/findings";
import { checkPart, type PacedEvents, pacedEvents } from "../sending/pacing";
import { PROPAGATING, sendRecords } from "../sending/sendRecords";
import { composeReport } from "./composeReport";
import { MAX_EVENTS_PER_RUN, tooManyEvents } from "./ledger";
import { outgoing, SendRecorder } from "./outgoing";
import { Collector, ReadBack } from "./readBack";
import type { DeliveryReport } from "./report";
import type { RunHeader } from "./resume/runFile";
import { RunState } from "./resume/runState";

/** Options of `verifyDelivery`. Only `outputs` and `source` are required. */
export interface VerifyOptions extends SenderOptions {
  /** Folder of the run file, with which an interrupted or undecided run can be resumed. Default: no run file. */
  runFolder?: string | undefined;
  /** JSON description of the source, which the run file keeps for the process that resumes the run. */
  sourceDescription?: unknown;
  /**
   * Id of the run to resume, whose file is in `runFolder`. Events that it sent are read back, and unfinished ones are
   * sent. `outputs` and `source` have to be the same as before.
   */
  resume?: string | undefined;
  /** Time to wait for a further event after the last one, in seconds, from 1. Default: 120. */
  timeoutSeconds?: number | undefined;
  /** Interval between two reads of a shard, in ms, from 0. Default: 500, two of the five reads per second that a shard allows. */
  pollMs?: number | undefined;
  /** Time after the last attempt until an event counts as missing, in ms, from 0. Default: 10,000. */
  settleMs?: number | undefined;
  /** Called at every step, and with every batch that was sent or read. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Sends the source's events to the customer's stream, reads them back, and accounts for every one.
 *
 * @throws DeliveryError `settings` for invalid outputs, or a load that was not agreed to; `credentials` if AWS does not
 * accept the caller; `no-events` if the source has none; `too-many-events` if it has more than one run accounts for;
 * `run-file` if the run file can't be written or resumed. An error that the source throws before its first event is
 * passed on. Any problem of the deployment is a finding of the report.
 */
export async function verifyDelivery(options: VerifyOptions): Promise<DeliveryReport> {
  return withDeployment(options, async (deployment) => {
    if ((options.source.expectedEvents ?? 0) > MAX_EVENTS_PER_RUN) throw tooManyEvents();
    const state = await RunState.open({ ...options, outputs: deployment.outputs });
    let isOver = false;
    try {
      const report = await new DeliveryRun(options, deployment, state).run();
      isOver = !report.resumable && !report.findings.some(isOfLostRecords);
      return report;
    } finally {
      state.end(isOver);
    }
  });
}

class DeliveryRun {
  readonly findings: Finding[] = [];
  readonly timeline: Timeline;
  readonly collector: Collector;
  readonly recorder: SendRecorder;
  shardIds: string[] = [];
  #progress: Pick<Progress, "phase" | "step"> = { phase: "preparing", step: "" };

  constructor(
    readonly options: VerifyOptions,
    readonly deployment: OpenDeployment,
    readonly state: RunState,
  ) {
    this.timeline = new Timeline(deployment.startedAt);
    this.collector = new Collector(state.ledger, state.key, this.timeline);
    this.recorder = new SendRecorder(state, this.timeline);
  }

  async run(): Promise<DeliveryReport> {
    const before = await preflightOf(this.deployment, this.options, (step) => this.#prepare(step));
    const { stream, writer } = before;
    const canSend = stream !== undefined && writer !== undefined && !hasSeverity(before.findings, "error");
    // A resumed run has sent events before, and has not read all of them.
    const readingComplete = canSend ? await this.#sendAndRead(stream, writer) : this.state.ledger.sent === 0;
    return composeReport(this, before, { readingComplete });
  }

  /** @returns Whether the stream was read to its end. */
  async #sendAndRead(stream: StreamState, writer: ClientOptions): Promise<boolean> {
    const { state, deployment, findings } = this;
    const { outputs, signal, startedAt } = deployment;
    const begun: RunStream = state.header ?? streamAtStart(stream);
    const { readFrom } = begun;
    const isGone = (reason: string | undefined) => {
      if (reason !== undefined) findings.push(recordsExpired(readFrom, reason, stream.streamArn));
      return reason !== undefined;
    };
    if (isGone(lossSince(begun, stream))) return false;
    // A part that is resumed has the same hash keys, whatever shards there are now.
    if (state.header === undefined) checkPart(this.options.part, stream);
    const paced = await pacedEvents(this.options, stream);
    const readBack = this.#readBack(stream, readFrom);
    const { reader } = readBack;
    this.#prepare("reading the stream's shards");
    const isComplete = await whileReading(reader, deployment, findings, async () => {
      if (!(await startReading(reader, this.#timeoutMs, deployment, findings))) return false;
      const { sourceDescription: source = null } = this.options;
      state.begin({ outputs, startedAt, ...begun, source });
      await this.#send(paced, stream, writer, AbortSignal.any([signal, reader.failed]));
      const isRead = await readBack.finish();
      if (readBack.unreadShardIds !== undefined)
        findings.push(notReadToEnd(readBack.unreadShardIds, stream.streamArn));
      if (!isRead || signal.aborted || state.ledger.outstanding === 0) return isRead;
      return !isGone(await this.#lossMeanwhile(begun));
    });
    this.shardIds = reader.shardIds;
    return isComplete;
  }

  /** Returns why missing events may be gone from the stream though they arrived; undefined if nothing explains it. */
  async #lossMeanwhile(begun: RunStream): Promise<string | undefined> {
    const { operator, outputs, clock } = this.deployment;
    const { stream, findings } = await checkStream(kinesisClient(operator), outputs, { clock, waitMs: 0 });
    if (stream === undefined) return `it can't be described again: ${findings[0]?.message}`;
    const { retentionHours = 0 } = begun;
    const isShorter = stream.retentionHours !== undefined && stream.retentionHours < retentionHours;
    return (
      lossSince(begun, stream) ??
      (isShorter ? `its retention was shortened to ${stream.retentionHours} h` : undefined)
    );
  }

  /**
   * Sends the source's events, or the remaining ones of a resumed run.
   *
   * @param signal Signal after which no event is taken from the source.
   */
  async #send(
    paced: PacedEvents,
    stream: StreamState,
    writer: ClientOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const { deployment, state } = this;
    const { source, concurrency, rate } = this.options;
    const { ledger, unsettled } = state;
    this.#show({ phase: "sending", step: paced.step });
    const records = outgoing(paced, {
      ...state,
      part: state.part && new PartOfStream(state.part),
      clock: deployment.clock,
      signal,
      onProgress: () => this.#show(),
    });
    try {
      const findings = await sendRecords(records, {
        deployment,
        stream,
        writer,
        concurrency,
        rate,
        signal,
        listener: this.recorder,
        sent: () => ledger.sent,
        onAccessDenied: () => this.#show({ phase: "sending", step: PROPAGATING }),
        throwsSourceErrors: true,
      });
      this.findings.push(...findings);
      if (ledger.size === 0 && !signal.aborted) throw noEvents(source);
    } finally {
      // The outcome of an event that an earlier process left open, and that this one did not reach, stays unknown.
      for (const index of unsettled) ledger.onEnd(index, { kind: "abandoned" });
    }
  }

  #readBack(stream: StreamState, readFrom: EpochMs): ReadBack {
    const { options, deployment, state, collector } = this;
    const { pollMs, capacityShare, settleMs = 10_000 } = options;
    const from = new Date(readFrom);
    return new ReadBack({
      ...deployment,
      newReader: (onRecords) =>
        readerOf(deployment, stream, { from, pollMs, capacityShare, part: state.part, onRecords }),
      ledger: state.ledger,
      collector,
      settleMs,
      timeoutMs: this.#timeoutMs,
      onProgress: (progress) => this.#show(progress),
    });
  }

  get #timeoutMs(): number {
    return (this.options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000;
  }

  #prepare(step: string): void {
    this.#show({ phase: "preparing", step });
  }

  #show(progress = this.#progress): void {
    this.#progress = progress;
    const { onProgress, source } = this.options;
    const { sent, acknowledged, seen } = this.state.ledger;
    onProgress?.({
      ...progress,
      eventsSent: sent,
      eventsAcknowledged: acknowledged,
      eventsRead: seen,
      ...(source.expectedEvents === undefined ? {} : { eventsExpected: source.expectedEvents }),
    });
  }
}

/** The stream as it was when the run began. */
type RunStream = Pick<RunHeader, "readFrom" | "createdAt" | "retentionHours">;

function streamAtStart({ serviceTime, createdAt, retentionHours }: StreamState): RunStream {
  return {
    readFrom: serviceTime - READ_MARGIN_MS,
    ...(createdAt !== undefined && { createdAt }),
    ...(retentionHours !== undefined && { retentionHours }),
  };
}

/** Returns why the stream no longer has what a run has sent; undefined if it should have it. */
function lossSince(
  begun: RunStream,
  { serviceTime, createdAt, retentionHours }: StreamState,
): string | undefined {
  // The service's time is known to the second.
  const { readFrom, createdAt: before = readFrom + READ_MARGIN_MS + 1_000 } = begun;
  if (createdAt !== undefined && createdAt > before)
    return `it was deleted, and created again on ${new Date(createdAt).toISOString()}`;
  if (retentionHours === undefined || serviceTime - readFrom <= retentionHours * 3_600_000) return undefined;
  return `it keeps records for ${retentionHours} h`;
}
