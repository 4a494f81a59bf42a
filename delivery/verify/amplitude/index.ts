import { kinesisClient } from "../../aws/clients";
import { type AmplitudeZone, endpointUrl } from "../../common/amplitudeApi";
import { type Finding, hasSeverity } from "../../common/findings";
import { READ_MARGIN_MS } from "../../common/limits";
import { newRunKey } from "../../common/runId";
import { Timeline } from "../../common/timeline";
import { type Preflight, preflight } from "../../deployment/preflight";
import type { StreamState } from "../../deployment/stream";
import type { ShardRecords } from "../../kinesis/shardReader";
import { streamApi } from "../../kinesis/streamApi";
import { StreamReader, StreamUnreadable } from "../../kinesis/streamReader";
import type { Progress } from "../../sending/deployment";
import { type OpenDeployment, withDeployment } from "../../sending/deployment";
import { notReadable, notResponding } from "../../sending/findings";
import type { DeliveryReport } from "../report";
import { awaitArrivals, RowCollector } from "./arrivals";
import { composeReport } from "./composeReport";
import { DEFAULT_EVENT_TYPE } from "./ingestEvent";
import { AmplitudeLedger } from "./ledger";
import {
  type AmplitudeRouteOptions,
  checkOptions,
  DEFAULT_AMPLITUDE_TIMEOUT_SECONDS,
  DEFAULT_EVENTS,
  ZONE_URLS,
} from "./options";
import { sendToAmplitude } from "./sender";

/**
 * Sends events to Amplitude with Amplitude's own SDK, waits for them in the customer's stream, and compares the rows
 * that arrived with the events that were sent. Nothing is sent if the preflight finds an error that stops delivery.
 *
 * @throws DeliveryError `settings` for invalid outputs or options, and for a key that Amplitude does not know;
 * `credentials` if AWS does not accept the caller. Any problem of the deployment or of Amplitude's side is a finding of
 * the report. No message and no cause contains the key.
 */
export async function verifyThroughAmplitude(options: AmplitudeRouteOptions): Promise<DeliveryReport> {
  checkOptions(options);
  return withDeployment(options, (deployment) => new AmplitudeRouteRun(options, deployment).run());
}

class AmplitudeRouteRun {
  readonly #ledger = new AmplitudeLedger();
  readonly #key = newRunKey();
  readonly #timeline: Timeline;
  readonly #collector: RowCollector;
  readonly #findings: Finding[] = [];
  #shardIds: string[] = [];
  #identifiesSent = 0;
  #waitedSeconds = 0;
  #progress: Pick<Progress, "phase" | "step"> = { phase: "preparing", step: "" };

  constructor(
    private readonly options: AmplitudeRouteOptions,
    private readonly deployment: OpenDeployment,
  ) {
    this.#timeline = new Timeline(deployment.startedAt);
    this.#collector = new RowCollector(this.#ledger, this.#key, this.#timeline, options.expectApp);
  }

  async run(): Promise<DeliveryReport> {
    const before = await this.#preflight();
    const isBroken = hasSeverity(before.findings, "error");
    const { stream } = before;
    const readingComplete = stream === undefined || isBroken ? true : await this.#sendAndAwait(stream);
    return this.#report(before, readingComplete);
  }

  /** Runs the preflight as the operator, because only Amplitude can assume the role. */
  #preflight(): Promise<Preflight> {
    return preflight({
      ...this.deployment,
      route: "operator",
      sender: this.deployment.operator,
      onStep: (step) => this.#show({ phase: "preparing", step }),
    });
  }

  /** @returns Whether the stream was read to the end of the wait, and twice if events were missing. */
  async #sendAndAwait(stream: StreamState): Promise<boolean> {
    const { signal } = this.deployment;
    const reader = this.#reader(stream, (batch) => this.#collector.take(batch));
    this.#show({ phase: "preparing", step: "reading the stream's shards" });
    try {
      void reader.start();
      // Reading starts before sending, because an event that can't be read back must not be sent.
      if (!(await reader.waitFor(() => reader.hasReadAll, this.#deadline(), signal))) {
        if (!signal.aborted) this.#findings.push(notResponding(reader.silentShardIds, stream.streamArn));
        return false;
      }
      await this.#send();
      return await this.#await(reader, stream);
    } catch (error) {
      if (!(error instanceof StreamUnreadable)) throw error;
      this.#findings.push(notReadable(error, stream.streamArn));
      return false;
    } finally {
      await reader.stop();
      this.#shardIds = reader.shardIds;
    }
  }

  async #send(): Promise<void> {
    this.#show({ phase: "sending", step: "sending events to Amplitude" });
    const { identifiesSent } = await sendToAmplitude({
      ...this.deployment,
      apiKey: this.options.apiKey,
      zone: this.#zone,
      url: this.#url,
      made: {
        events: this.#events,
        eventTypes: this.#eventTypes,
        key: this.#key,
        startedAt: this.deployment.startedAt,
      },
      identify: this.options.identify === true,
      ledger: this.#ledger,
      timeline: this.#timeline,
      onResponse: () => this.#show(this.#progress),
    });
    this.#identifiesSent = identifiesSent;
  }

  async #await(reader: StreamReader, stream: StreamState): Promise<boolean> {
    const { timeoutSeconds = DEFAULT_AMPLITUDE_TIMEOUT_SECONDS, lingerMs = 5_000 } = this.options;
    const { isReadToEnd, waitedSeconds } = await awaitArrivals({
      ...this.deployment,
      reader,
      secondReader: () => this.#reader(stream, (batch) => this.#collector.takeMissing(batch)),
      ledger: this.#ledger,
      areIdentifiesSeen: () => this.#collector.identifiesSeen >= this.#identifiesSent,
      timeoutMs: timeoutSeconds * 1000,
      lingerMs,
      onStep: (progress) => this.#show(progress ?? this.#progress),
    });
    this.#waitedSeconds = waitedSeconds;
    return isReadToEnd;
  }

  #reader(stream: StreamState, onRecords: (batch: ShardRecords) => void): StreamReader {
    const { operator, outputs, clock, random } = this.deployment;
    const { pollMs } = this.options;
    return new StreamReader({
      api: streamApi(kinesisClient(operator), outputs.streamName),
      from: new Date(stream.serviceTime - READ_MARGIN_MS),
      clockOffsetMs: stream.clockOffsetMs,
      clock,
      random,
      onRecords: (batch) => {
        onRecords(batch);
        this.#show(this.#progress);
      },
      ...(pollMs === undefined ? {} : { pollMs }),
    });
  }

  #report(before: Preflight, readingComplete: boolean): DeliveryReport {
    const collector = this.#collector;
    return composeReport({
      end: {
        outputs: this.deployment.outputs,
        zone: this.#zone,
        endpoint: this.#url ?? ZONE_URLS[this.#zone],
        ledger: this.#ledger,
        counts: this.#ledger.counts(),
        latency: collector.latency.summary(),
        expectApp: this.options.expectApp,
        unexpectedApps: collector.unexpectedApps,
        recordsNotUnderstood: collector.recordsNotUnderstood,
        recordsForeignOfAmplitude: collector.recordsForeignOfAmplitude,
        identifies: { sent: this.#identifiesSent, seen: collector.identifiesSeen },
        waitedSeconds: this.#waitedSeconds,
        readingComplete,
        interrupted: this.deployment.signal.aborted,
      },
      deployment: this.deployment,
      run: { url: this.#url, zone: this.#zone, eventTypes: this.#eventTypes },
      runId: this.#key.runId,
      before,
      collector,
      timeline: this.#timeline,
      shardIds: this.#shardIds,
      findings: this.#findings,
    });
  }

  get #url(): string | undefined {
    return endpointUrl(this.options.url, ZONE_URLS.US);
  }

  get #zone(): AmplitudeZone {
    return this.options.zone ?? "US";
  }

  get #events(): number {
    return this.options.events ?? DEFAULT_EVENTS;
  }

  get #eventTypes(): string[] {
    return this.options.eventTypes ?? [DEFAULT_EVENT_TYPE];
  }

  #deadline(): number {
    return (
      this.deployment.clock.now() + (this.options.timeoutSeconds ?? DEFAULT_AMPLITUDE_TIMEOUT_SECONDS) * 1000
    );
  }

  #show(progress: Pick<Progress, "phase" | "step">): void {
    this.#progress = progress;
    this.options.onProgress?.({
      ...progress,
      eventsSent: this.#ledger.sent,
      eventsAcknowledged: this.#ledger.accepted,
      eventsRead: this.#ledger.seen,
      eventsExpected: this.#events,
    });
  }
}
