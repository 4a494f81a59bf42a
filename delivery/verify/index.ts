import { type ClientOptions, kinesisClient } from "../aws/clients";
import { type Finding, hasSeverity } from "../common/findings";
import { LatencyRecorder } from "../common/histogram";
import { DEFAULT_TIMEOUT_SECONDS, READ_MARGIN_MS } from "../common/limits";
import { Timeline } from "../common/timeline";
import { type Preflight, preflight } from "../deployment/preflight";
import { resolveSender } from "../deployment/route";
import { checkStream, type StreamState } from "../deployment/stream";
import { streamApi } from "../kinesis/streamApi";
import { StreamUnreadable } from "../kinesis/streamReader";
import type { Progress } from "../sending/deployment";
import { type OpenDeployment, withDeployment } from "../sending/deployment";
import {
  isOfLostRecords,
  notReadable,
  notReadToEnd,
  notResponding,
  recordsExpired,
} from "../sending/findings";
import { checkPart, type PacedEvents, pacedEvents } from "../sending/pacing";
import { composeReport } from "./composeReport";
import { type Ledger, MAX_EVENTS_PER_RUN, tooManyEvents } from "./ledger";
import type { VerifyOptions } from "./options";
import { Collector, ReadBack } from "./readBack";
import type { DeliveryReport } from "./report";
import type { RunHeader } from "./resume/runFileFormat";
import { RunState } from "./resume/runState";
import { sendPaced } from "./sendPaced";

/**
 * Interval that uses all five reads per second that a shard allows. Source: AWS, "Quotas and limits" (Kinesis Developer
 * Guide).
 */
const MIN_POLL_INTERVAL_MS = 200;

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
  readonly #findings: Finding[] = [];
  readonly #timeline: Timeline;
  #acknowledgement = new LatencyRecorder();
  readonly #collector: Collector;
  #shardIds: string[] = [];
  #progress: Pick<Progress, "phase" | "step"> = { phase: "preparing", step: "" };

  constructor(
    private readonly options: VerifyOptions,
    private readonly deployment: OpenDeployment,
    private readonly state: RunState,
  ) {
    this.#timeline = new Timeline(deployment.startedAt);
    this.#collector = new Collector(state.ledger, state.key, this.#timeline);
  }

  async run(): Promise<DeliveryReport> {
    const before = await this.#preflight();
    const { stream, writer } = before;
    const canSend = stream !== undefined && writer !== undefined && !hasSeverity(before.findings, "error");
    // A resumed run has sent events before, and has not read all of them.
    const readingComplete = canSend ? await this.#sendAndRead(stream, writer) : this.#ledger.sent === 0;
    return this.#report(before, readingComplete);
  }

  #preflight(): Promise<Preflight> {
    const { route, externalId } = this.options;
    return preflight({
      ...this.deployment,
      route,
      sender: resolveSender(this.deployment.operator, this.options),
      externalId,
      onStep: (step) => this.#show({ phase: "preparing", step }),
    });
  }

  /** @returns Whether the stream was read to its end. */
  async #sendAndRead(stream: StreamState, writer: ClientOptions): Promise<boolean> {
    const { outputs, signal, startedAt } = this.deployment;
    const begun: RunStream = this.state.header ?? streamAtStart(stream);
    const { readFrom } = begun;
    const isGone = (reason: string | undefined) => {
      if (reason !== undefined) this.#findings.push(recordsExpired(readFrom, reason, stream.streamArn));
      return reason !== undefined;
    };
    if (isGone(lossSince(begun, stream))) return false;
    // A part that is resumed has the same hash keys, whatever shards there are now.
    if (this.state.header === undefined) checkPart(this.options.part, stream);
    const paced = await pacedEvents(this.options, stream);
    const readBack = this.#readBack(stream, readFrom);
    this.#show({ phase: "preparing", step: "reading the stream's shards" });
    try {
      // Reading starts before sending, because an event that can't be read back must not be sent.
      if (!(await readBack.start())) {
        if (!signal.aborted) this.#findings.push(notResponding(readBack.silentShardIds, stream.streamArn));
        return false;
      }
      const { sourceDescription: source = null } = this.options;
      this.state.begin({ outputs, startedAt, ...begun, source });
      await this.#send(paced, stream, writer, AbortSignal.any([signal, readBack.failed]));
      const isComplete = await readBack.finish();
      if (readBack.unreadShardIds !== undefined)
        this.#findings.push(notReadToEnd(readBack.unreadShardIds, stream.streamArn));
      if (!isComplete || signal.aborted || this.#ledger.outstanding === 0) return isComplete;
      return !isGone(await this.#lossMeanwhile(begun));
    } catch (error) {
      if (!(error instanceof StreamUnreadable)) throw error;
      this.#findings.push(notReadable(error, stream.streamArn));
      return false;
    } finally {
      await readBack.stop();
      this.#shardIds = readBack.shardIds;
    }
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

  async #send(
    paced: PacedEvents,
    stream: StreamState,
    writer: ClientOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const { source, concurrency, rate } = this.options;
    const { acknowledgement, findings } = await sendPaced(paced, {
      source,
      concurrency,
      rate,
      deployment: this.deployment,
      stream,
      writer,
      state: this.state,
      timeline: this.#timeline,
      signal,
      onStep: (progress) => this.#show(progress),
      onProgress: () => this.#show(this.#progress),
    });
    this.#acknowledgement = acknowledgement;
    this.#findings.push(...findings);
  }

  #readBack({ clockOffsetMs }: StreamState, readFrom: number): ReadBack {
    const { clock, operator, outputs, random, signal } = this.deployment;
    const { part } = this.state;
    const {
      pollMs,
      capacityShare,
      settleMs = 10_000,
      timeoutSeconds = DEFAULT_TIMEOUT_SECONDS,
    } = this.options;
    const takesAll = capacityShare === 1;
    return new ReadBack({
      api: streamApi(kinesisClient(operator), outputs.streamName),
      from: new Date(readFrom),
      clockOffsetMs,
      pollMs: pollMs ?? (takesAll ? MIN_POLL_INTERVAL_MS : undefined),
      bytesPerSecond: takesAll ? Number.POSITIVE_INFINITY : undefined,
      part,
      clock,
      random,
      ledger: this.#ledger,
      collector: this.#collector,
      settleMs,
      timeoutMs: timeoutSeconds * 1000,
      signal,
      onProgress: (progress = this.#progress) => this.#show(progress),
    });
  }

  #report(before: Preflight, readingComplete: boolean): DeliveryReport {
    return composeReport({
      deployment: this.deployment,
      source: this.options.source,
      before,
      state: this.state,
      collector: this.#collector,
      acknowledgement: this.#acknowledgement,
      timeline: this.#timeline,
      shardIds: this.#shardIds,
      findings: this.#findings,
      readingComplete,
    });
  }

  get #ledger(): Ledger {
    return this.state.ledger;
  }

  #show(progress: Pick<Progress, "phase" | "step">): void {
    this.#progress = progress;
    const { onProgress, source } = this.options;
    onProgress?.({
      ...progress,
      eventsSent: this.#ledger.sent,
      eventsAcknowledged: this.#ledger.acknowledged,
      eventsRead: this.#ledger.seen,
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
