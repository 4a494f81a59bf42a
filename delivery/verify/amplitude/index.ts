import { AMPLITUDE_ACCOUNT_ID } from "../../../components/contract";
import { type Connection, connect, kinesisClient } from "../../aws/clients";
import { type Clock, startClock } from "../../common/clock";
import { type Finding, hasSeverity } from "../../common/findings";
import { DEFAULT_PROPAGATION_SECONDS, READ_MARGIN_MS } from "../../common/limits";
import { resolveOutputs, type StackOutputs } from "../../common/outputs";
import { newRunKey } from "../../common/runId";
import { Timeline } from "../../common/timeline";
import { type Preflight, preflight } from "../../deployment/preflight";
import type { StreamState } from "../../deployment/stream";
import type { ShardRecords } from "../../kinesis/shardReader";
import { streamApi } from "../../kinesis/streamApi";
import { StreamReader, StreamUnreadable } from "../../kinesis/streamReader";
import { notAnswering, notReadable } from "../../sending/findings";
import type { Progress } from "../../sending/options";
import type { DeliveryReport } from "../report";
import { awaitArrivals, RowCollector } from "./arrivals";
import { composeReport } from "./composeReport";
import { DEFAULT_EVENT_TYPE } from "./ingestEvent";
import { AmplitudeLedger } from "./ledger";
import {
  type AmplitudeRouteOptions,
  type AmplitudeZone,
  checkOptions,
  DEFAULT_AMPLITUDE_TIMEOUT_SECONDS,
  DEFAULT_EVENTS,
  endpointUrl,
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
  return new AmplitudeRouteRun(options).run();
}

class AmplitudeRouteRun {
  readonly #options: AmplitudeRouteOptions;
  readonly #outputs: StackOutputs;
  readonly #operator: Connection;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #startedAt: number;
  readonly #ledger = new AmplitudeLedger();
  readonly #key = newRunKey();
  readonly #timeline: Timeline;
  readonly #collector: RowCollector;
  readonly #findings: Finding[] = [];
  #shardIds: string[] = [];
  #identifiesSent = 0;
  #waitedSeconds = 0;
  #progress: Pick<Progress, "phase" | "step"> = { phase: "preparing", step: "" };

  constructor(options: AmplitudeRouteOptions) {
    const { clock = startClock(), signal = new AbortController().signal } = options;
    this.#options = options;
    this.#outputs = resolveOutputs([{ description: "options.outputs", values: options.outputs }]);
    this.#operator = connect({ ...options, region: this.#outputs.region });
    this.#clock = clock;
    this.#signal = signal;
    this.#startedAt = clock.now();
    this.#timeline = new Timeline(this.#startedAt);
    this.#collector = new RowCollector(this.#ledger, this.#key, this.#timeline, options.expectApp);
  }

  async run(): Promise<DeliveryReport> {
    try {
      const before = await this.#preflight();
      const isBroken = hasSeverity(before.findings, "error");
      const { stream } = before;
      const readingComplete = stream === undefined || isBroken ? true : await this.#sendAndAwait(stream);
      return this.#report(before, readingComplete);
    } finally {
      this.#operator.requestHandler.destroy();
    }
  }

  /** Runs the preflight as the operator, because only Amplitude can assume the role. */
  #preflight(): Promise<Preflight> {
    const { amplitudeAccountId, amplitudePrincipalArns, amplitudeExternalId, propagationSeconds } =
      this.#options;
    return preflight({
      outputs: this.#outputs,
      route: "operator",
      operator: this.#operator,
      sender: this.#operator,
      amplitude: {
        accountId: amplitudeAccountId ?? AMPLITUDE_ACCOUNT_ID,
        principalArns: amplitudePrincipalArns,
        externalId: amplitudeExternalId,
      },
      wait: {
        clock: this.#clock,
        waitMs: (propagationSeconds ?? DEFAULT_PROPAGATION_SECONDS) * 1000,
        signal: this.#signal,
      },
      onStep: (step) => this.#show({ phase: "preparing", step }),
    });
  }

  /** @returns Whether the stream was read to the end of the wait, and twice if events were missing. */
  async #sendAndAwait(stream: StreamState): Promise<boolean> {
    const reader = this.#reader(stream, (batch) => this.#collector.take(batch));
    this.#show({ phase: "preparing", step: "reading the stream's shards" });
    try {
      void reader.start();
      // Reading starts before sending, because an event that can't be read back must not be sent.
      if (!(await reader.waitFor(() => reader.hasReadAll, this.#deadline(), this.#signal))) {
        if (!this.#signal.aborted) this.#findings.push(notAnswering(reader.silentShardIds, stream.streamArn));
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
      apiKey: this.#options.apiKey,
      zone: this.#zone,
      url: this.#url,
      made: {
        events: this.#events,
        eventTypes: this.#eventTypes,
        key: this.#key,
        startedAt: this.#startedAt,
      },
      identify: this.#options.identify === true,
      ledger: this.#ledger,
      timeline: this.#timeline,
      clock: this.#clock,
      signal: this.#signal,
      onAnswer: () => this.#show(this.#progress),
    });
    this.#identifiesSent = identifiesSent;
  }

  async #await(reader: StreamReader, stream: StreamState): Promise<boolean> {
    const { timeoutSeconds = DEFAULT_AMPLITUDE_TIMEOUT_SECONDS, lingerMs = 5_000 } = this.#options;
    const { isReadToEnd, waitedSeconds } = await awaitArrivals({
      reader,
      secondReader: () => this.#reader(stream, (batch) => this.#collector.takeMissing(batch)),
      ledger: this.#ledger,
      areIdentifiesSeen: () => this.#collector.identifiesSeen >= this.#identifiesSent,
      timeoutMs: timeoutSeconds * 1000,
      lingerMs,
      clock: this.#clock,
      signal: this.#signal,
      onStep: (progress) => this.#show(progress ?? this.#progress),
    });
    this.#waitedSeconds = waitedSeconds;
    return isReadToEnd;
  }

  #reader(stream: StreamState, onRecords: (batch: ShardRecords) => void): StreamReader {
    const { pollMs, random = Math.random } = this.#options;
    return new StreamReader({
      api: streamApi(kinesisClient(this.#operator), this.#outputs.streamName),
      from: new Date(stream.serviceTime - READ_MARGIN_MS),
      clockOffsetMs: stream.clockOffsetMs,
      clock: this.#clock,
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
        outputs: this.#outputs,
        zone: this.#zone,
        endpoint: this.#url ?? ZONE_URLS[this.#zone],
        ledger: this.#ledger,
        counts: this.#ledger.counts(),
        latency: collector.latency.summary(),
        expectApp: this.#options.expectApp,
        unexpectedApps: collector.unexpectedApps,
        recordsNotUnderstood: collector.recordsNotUnderstood,
        recordsForeignOfAmplitude: collector.recordsForeignOfAmplitude,
        identifies: { sent: this.#identifiesSent, seen: collector.identifiesSeen },
        waitedSeconds: this.#waitedSeconds,
        readingComplete,
        interrupted: this.#signal.aborted,
      },
      run: { url: this.#url, zone: this.#zone, eventTypes: this.#eventTypes },
      runId: this.#key.runId,
      before,
      collector,
      timeline: this.#timeline,
      shardIds: this.#shardIds,
      findings: this.#findings,
      startedAt: this.#startedAt,
      endedAt: this.#clock.now(),
    });
  }

  get #url(): string | undefined {
    return endpointUrl(this.#options.url);
  }

  get #zone(): AmplitudeZone {
    return this.#options.zone ?? "US";
  }

  get #events(): number {
    return this.#options.events ?? DEFAULT_EVENTS;
  }

  get #eventTypes(): string[] {
    return this.#options.eventTypes ?? [DEFAULT_EVENT_TYPE];
  }

  #deadline(): number {
    return this.#clock.now() + (this.#options.timeoutSeconds ?? DEFAULT_AMPLITUDE_TIMEOUT_SECONDS) * 1000;
  }

  #show(progress: Pick<Progress, "phase" | "step">): void {
    this.#progress = progress;
    this.#options.onProgress?.({
      ...progress,
      eventsSent: this.#ledger.sent,
      eventsAcknowledged: this.#ledger.accepted,
      eventsRead: this.#ledger.seen,
      eventsExpected: this.#events,
    });
  }
}
