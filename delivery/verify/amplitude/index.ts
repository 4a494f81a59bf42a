import { type Finding, hasSeverity } from "../../common/findings";
import { DOCUMENTED_P95_SECONDS, GRACE_MS, READ_MARGIN_MS } from "../../common/limits";
import { newRunKey } from "../../common/runId";
import { Timeline } from "../../common/timeline";
import type { StreamState } from "../../deployment/stream";
import type { ShardRecords } from "../../kinesis/shardReader";
import type { StreamReader } from "../../kinesis/streamReader";
import {
  type OpenDeployment,
  type Progress,
  preflightOf,
  readerOf,
  startReading,
  whileReading,
  withDeployment,
} from "../../sending/deployment";
import type { DeliveryReport } from "../report";
import { composeReport } from "./composeReport";
import { AmplitudeLedger, type AmplitudeRun, RowCollector } from "./ledger";
import { type AmplitudeRouteOptions, type AmplitudeSettings, settingsFrom } from "./options";
import { sendToAmplitude } from "./sender";

const SECOND_READING_MS = 60_000;
/** Interval of progress reports while no event arrives. */
const PROGRESS_MS = 1_000;
/** Time to wait for events if Amplitude accepted none. */
const UNANSWERED_MS = 10_000;
/** Time to wait if only identify calls are missing: Amplitude's documented p95. */
const IDENTIFY_MS = DOCUMENTED_P95_SECONDS * 1000;

/**
 * Sends events to Amplitude with Amplitude's own SDK, waits for them in the customer's stream, and compares the rows
 * that arrived with the events that were sent. Nothing is sent if the preflight finds an error that stops delivery.
 *
 * @throws DeliveryError `settings` for invalid outputs or options, and for a key that Amplitude does not know;
 * `credentials` if AWS does not accept the caller. Any problem of the deployment or of Amplitude's side is a finding of
 * the report. No message and no cause contains the key.
 */
export async function verifyThroughAmplitude(options: AmplitudeRouteOptions): Promise<DeliveryReport> {
  const settings = settingsFrom(options);
  return withDeployment(options, (deployment) => new AmplitudeRouteRun(options, settings, deployment).run());
}

class AmplitudeRouteRun implements AmplitudeRun {
  readonly ledger = new AmplitudeLedger();
  readonly key = newRunKey();
  readonly timeline: Timeline;
  readonly collector: RowCollector;
  readonly findings: Finding[] = [];
  shardIds: string[] = [];
  waitedSeconds = 0;
  #progress: Pick<Progress, "phase" | "step"> = { phase: "preparing", step: "" };

  constructor(
    private readonly options: AmplitudeRouteOptions,
    readonly settings: AmplitudeSettings,
    readonly deployment: OpenDeployment,
  ) {
    this.timeline = new Timeline(deployment.startedAt);
    this.collector = new RowCollector(this.ledger, this.key, this.timeline, settings.expectApp);
  }

  /** Runs the preflight as the operator, because only Amplitude can assume the role. */
  async run(): Promise<DeliveryReport> {
    const before = await preflightOf(this.deployment, { route: "operator" }, (step) => this.#prepare(step));
    const { stream } = before;
    const isBroken = stream === undefined || hasSeverity(before.findings, "error");
    return composeReport(this, before, isBroken || (await this.#sendAndAwait(stream)));
  }

  /** @returns Whether the stream was read to the end of the wait, and twice if events were missing. */
  async #sendAndAwait(stream: StreamState): Promise<boolean> {
    const { deployment, findings } = this;
    const reader = this.#reader(stream, (batch) => this.collector.take(batch));
    this.#prepare("reading the stream's shards");
    const isComplete = await whileReading(reader, deployment, findings, async () => {
      if (!(await startReading(reader, this.settings.timeoutMs, deployment, findings))) return false;
      this.#show({ phase: "sending", step: "sending events to Amplitude" });
      await sendToAmplitude(this, () => this.#show());
      return this.#await(reader, stream);
    });
    this.shardIds = reader.shardIds;
    return isComplete;
  }

  /**
   * Waits until every event that Amplitude may have accepted is read, or for the timeout. An interrupted wait also reads
   * the events that are already in the stream.
   *
   * @returns Whether the stream was read to the end of the wait, and twice if events were missing.
   */
  async #await(reader: StreamReader, stream: StreamState): Promise<boolean> {
    const { ledger, collector } = this;
    const { timeoutMs, lingerMs } = this.settings;
    const { clock, signal } = this.deployment;
    const startedAt = clock.now();
    const deadline = startedAt + (ledger.accepted === 0 ? Math.min(timeoutMs, UNANSWERED_MS) : timeoutMs);
    this.#show({ phase: "reading", step: "waiting for Amplitude to deliver" });
    const areAllHere = () => ledger.outstanding === 0;
    const areIdentifiesSeen = () => collector.identifiesSeen >= ledger.identifiesSent;
    await this.#waitFor(reader, areAllHere, deadline);
    this.waitedSeconds = (clock.now() - startedAt) / 1000;
    if (areAllHere())
      await this.#waitFor(reader, areIdentifiesSeen, Math.min(deadline, clock.now() + IDENTIFY_MS));
    const lingers = areAllHere() && !signal.aborted;
    const until = clock.now() + (lingers ? lingerMs : 0);
    const isUpTo = () => reader.hasReadUpTo(until);
    const isRead = await reader.waitFor(isUpTo, until + GRACE_MS, lingers ? signal : undefined);
    if (!isRead || areAllHere() || signal.aborted) return isRead;
    // Two readings at once would take twice their share of the stream.
    await reader.stop();
    return this.#lookAgain(stream);
  }

  /** Waits until the condition holds, the deadline passes, or the run is interrupted. */
  async #waitFor(reader: StreamReader, condition: () => boolean, deadline: number): Promise<void> {
    const { clock, signal } = this.deployment;
    while (!condition() && clock.now() < deadline && !signal.aborted) {
      await reader.waitFor(condition, Math.min(deadline, clock.now() + PROGRESS_MS), signal);
      this.#show();
    }
  }

  /** Reads the stream from the run's start again, for events that the first reading did not find. */
  async #lookAgain(stream: StreamState): Promise<boolean> {
    const { clock, signal } = this.deployment;
    this.#show({ phase: "looking again", step: "looking again for what is missing" });
    const since = clock.now();
    const reader = this.#reader(stream, (batch) => this.collector.takeMissing(batch));
    const isDone = () => this.ledger.outstanding === 0 || reader.hasReadUpTo(since);
    try {
      void reader.start();
      return await reader.waitFor(isDone, since + SECOND_READING_MS, signal);
    } finally {
      await reader.stop();
    }
  }

  #reader(stream: StreamState, onRecords: (batch: ShardRecords) => void): StreamReader {
    return readerOf(this.deployment, stream, {
      from: new Date(stream.serviceTime - READ_MARGIN_MS),
      onRecords: (batch) => {
        onRecords(batch);
        this.#show();
      },
      pollMs: this.options.pollMs,
    });
  }

  #prepare(step: string): void {
    this.#show({ phase: "preparing", step });
  }

  #show(progress = this.#progress): void {
    this.#progress = progress;
    const { sent, accepted, seen } = this.ledger;
    this.options.onProgress?.({
      ...progress,
      eventsSent: sent,
      eventsAcknowledged: accepted,
      eventsRead: seen,
      eventsExpected: this.settings.events,
    });
  }
}
