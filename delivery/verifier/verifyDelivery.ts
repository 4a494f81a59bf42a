import { AMPLITUDE_ACCOUNT_ID } from "../../components/contract";
import { type ClientOptions, keptOpen, kinesisClient, kinesisWriteClient } from "../clients";
import { type Clock, systemClock } from "../clock";
import type { Finding } from "../findings";
import { type Preflight, preflight } from "../preflight/preflight";
import type { StreamState } from "../preflight/stream";
import type { TrustedCaller } from "../preflight/trustDocument";
import { Producer } from "../producer/producer";
import { putRecordsTo } from "../producer/putRecords";
import type { OutgoingRecord } from "../producer/record";
import type { ShardRecords } from "../reader/shardReader";
import { streamApi } from "../reader/streamApi";
import { StreamReader, StreamUnreadable } from "../reader/streamReader";
import type { DeliveryReport } from "../report/report";
import { resolveOutputs, type StackOutputs } from "../settings";
import { Collector } from "./collector";
import { composeReport } from "./composeReport";
import { Ledger } from "./ledger";
import type { Progress, VerifyOptions } from "./options";
import {
  noEvents,
  notAnswering,
  notReadable,
  notReadToEnd,
  senderFailed,
  sourceFailed,
  writeRefused,
} from "./runFindings";
import { newRunKey } from "./runKey";
import { SendRecorder } from "./sendRecorder";
import { Timeline } from "./timeline";

/** Readings start this long before the run, by the service's clock: arrival times are promised no accuracy. */
const READ_MARGIN_MS = 10_000;
/** After an interruption: how long what was sent is still waited for. */
const GRACE_MS = 10_000;
const PROPAGATING = "refused so far; a new policy takes up to a minute and a half to take effect";

/**
 * Sends the source's events to the customer's stream, reads them back, and accounts for every one.
 *
 * @throws DeliveryError `settings` for outputs that can't be right, `credentials` where AWS does not accept the
 * caller, `no-events` where the source has none; what the source throws before its first event. Whatever is wrong with
 * the deployment is a finding of the report.
 */
export async function verifyDelivery(options: VerifyOptions): Promise<DeliveryReport> {
  return new DeliveryRun(options).run();
}

class DeliveryRun {
  readonly #options: VerifyOptions;
  readonly #outputs: StackOutputs;
  readonly #operator: ClientOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #signal: AbortSignal;
  readonly #connections = keptOpen();
  readonly #ledger = new Ledger();
  readonly #key = newRunKey();
  readonly #findings: Finding[] = [];
  readonly #startedAt: number;
  readonly #timeline: Timeline;
  readonly #collector: Collector;
  #shardIds: string[] = [];
  #progress: Pick<Progress, "phase" | "step"> = { phase: "preparing", step: "" };

  constructor(options: VerifyOptions) {
    const { clock = systemClock, random = Math.random, signal = new AbortController().signal } = options;
    this.#options = options;
    this.#outputs = resolveOutputs([{ description: "options.outputs", values: options.outputs }]);
    const { credentials, profile, endpoint } = options;
    const { region } = this.#outputs;
    this.#operator = { region, credentials, profile, endpoint, requestHandler: this.#connections };
    this.#clock = clock;
    this.#random = random;
    this.#signal = signal;
    this.#startedAt = clock.now();
    this.#timeline = new Timeline(this.#startedAt);
    this.#collector = new Collector(this.#ledger, this.#key, this.#timeline);
  }

  async run(): Promise<DeliveryReport> {
    try {
      return await this.#run();
    } finally {
      this.#connections.destroy();
    }
  }

  async #run(): Promise<DeliveryReport> {
    const before = await this.#preflight();
    const { stream, writer } = before;
    const isBroken = before.findings.some(({ severity }) => severity === "error");
    const canSend = stream !== undefined && writer !== undefined && !isBroken;
    const readingComplete = canSend ? await this.#sendAndRead(stream, writer) : true;
    return this.#report(before, readingComplete);
  }

  #preflight(): Promise<Preflight> {
    const { route, senderCredentials, senderProfile, externalId } = this.#options;
    const hasOwnSender = senderCredentials !== undefined || senderProfile !== undefined;
    const sender = { ...this.#operator, credentials: senderCredentials, profile: senderProfile };
    return preflight({
      outputs: this.#outputs,
      route,
      operator: this.#operator,
      sender: hasOwnSender ? sender : this.#operator,
      externalId,
      amplitude: this.#amplitude,
      patience: { clock: this.#clock, waitMs: this.#propagationMs, signal: this.#signal },
      onStep: (step) => this.#show({ phase: "preparing", step }),
    });
  }

  /** @returns whether the stream was read to its end. */
  async #sendAndRead(stream: StreamState, writer: ClientOptions): Promise<boolean> {
    const reader = this.#reader(stream, (batch) => this.#collector.take(batch));
    this.#show({ phase: "preparing", step: "reading the stream's shards" });
    try {
      await reader.start();
      // Reading comes first: what can't be read back must not be sent.
      if (!(await reader.waitFor(() => reader.hasReadAll, this.#deadline(), this.#signal))) {
        if (!this.#signal.aborted) this.#findings.push(notAnswering(reader.silentShardIds, stream.streamArn));
        return false;
      }
      await this.#send(stream, writer, AbortSignal.any([this.#signal, reader.failed]));
      return await this.#awaitEvents(reader, stream);
    } catch (error) {
      if (!(error instanceof StreamUnreadable)) throw error;
      this.#findings.push(notReadable(error, stream.streamArn));
      return false;
    } finally {
      await reader.stop();
      this.#shardIds = reader.shardIds;
    }
  }

  async #send(stream: StreamState, writer: ClientOptions, signal: AbortSignal): Promise<void> {
    const { source, concurrency = 1 } = this.#options;
    this.#show({ phase: "sending", step: "sending events" });
    const producer = new Producer({
      put: putRecordsTo(kinesisWriteClient(writer), this.#outputs.streamName),
      listener: new SendRecorder(this.#ledger, this.#timeline, this.#clock),
      clock: this.#clock,
      random: this.#random,
      concurrency,
      largestRecordBytes: stream.largestRecordBytes,
      propagationMs: this.#propagationMs,
      onAccessDenied: () => this.#show({ phase: "sending", step: PROPAGATING }),
    });
    try {
      const stopped = await producer.run(this.#outgoing(), signal);
      if (stopped?.ofSender) this.#findings.push(senderFailed(stopped.reason, this.#ledger.sent));
      else if (stopped !== undefined) this.#findings.push(writeRefused(stopped.reason, stream.streamArn));
    } catch (error) {
      if (this.#ledger.sent === 0) throw error;
      this.#findings.push(sourceFailed(error, this.#ledger.sent));
    }
    if (this.#ledger.size === 0 && !signal.aborted) throw noEvents(source);
  }

  async *#outgoing(): AsyncGenerator<OutgoingRecord> {
    for await (const { bytes } of this.#options.source.events()) {
      const index = this.#ledger.add(bytes);
      yield { index, partitionKey: this.#key.partitionKey(index), bytes };
      this.#show({ phase: "sending", step: "sending events" });
    }
  }

  /** @returns whether the stream was read to its end, and twice where events were missing. */
  async #awaitEvents(reader: StreamReader, stream: StreamState): Promise<boolean> {
    const { settleMs = 10_000 } = this.#options;
    const sentAt = this.#clock.now();
    const deadline = this.#deadline();
    this.#show({ phase: "reading", step: "reading events back" });
    const allRead = () => this.#ledger.outstanding === 0 && reader.hasReadUpTo(sentAt);
    const isSettled = () => allRead() || reader.hasReadUpTo(sentAt + settleMs);
    const settled = await reader.waitFor(isSettled, deadline, this.#signal);
    if (this.#signal.aborted) return reader.waitFor(allRead, this.#clock.now() + GRACE_MS);
    if (!settled) this.#findings.push(notReadToEnd(reader.unreadShardIds(sentAt), stream.streamArn));
    if (!settled || this.#ledger.outstanding === 0) return settled;
    // Two readers at once would take twice their share of the stream, and count one record as two.
    await reader.stop();
    return this.#lookAgain(stream, deadline);
  }

  /** A second reading from the start, for what the first one did not find. */
  async #lookAgain(stream: StreamState, deadline: number): Promise<boolean> {
    this.#show({ phase: "looking again", step: "looking again for what is missing" });
    const since = this.#clock.now();
    const reader = this.#reader(stream, (batch) => this.#collector.takeMissing(batch));
    const isDone = () => this.#ledger.outstanding === 0 || reader.hasReadUpTo(since);
    try {
      await reader.start();
      const done = await reader.waitFor(isDone, deadline, this.#signal);
      if (!done && !this.#signal.aborted)
        this.#findings.push(notReadToEnd(reader.unreadShardIds(since), stream.streamArn));
      return done;
    } finally {
      await reader.stop();
    }
  }

  #reader(
    { serviceTime, clockOffsetMs }: StreamState,
    onRecords: (batch: ShardRecords) => void,
  ): StreamReader {
    const { pollMs } = this.#options;
    return new StreamReader({
      api: streamApi(kinesisClient(this.#operator), this.#outputs.streamName),
      from: new Date(serviceTime - READ_MARGIN_MS),
      clockOffsetMs,
      clock: this.#clock,
      random: this.#random,
      onRecords: (batch) => {
        onRecords(batch);
        this.#show(this.#progress);
      },
      ...(pollMs === undefined ? {} : { pollMs }),
    });
  }

  #report(before: Preflight, readingComplete: boolean): DeliveryReport {
    return composeReport({
      outputs: this.#outputs,
      source: this.#options.source,
      amplitude: this.#amplitude,
      runId: this.#key.runId,
      before,
      ledger: this.#ledger,
      collector: this.#collector,
      timeline: this.#timeline,
      shardIds: this.#shardIds,
      findings: this.#findings,
      readingComplete,
      interrupted: this.#signal.aborted,
      startedAt: this.#startedAt,
      endedAt: this.#clock.now(),
    });
  }

  get #amplitude(): TrustedCaller {
    const { amplitudeAccountId, amplitudePrincipalArns, amplitudeExternalId } = this.#options;
    return {
      accountId: amplitudeAccountId ?? AMPLITUDE_ACCOUNT_ID,
      principalArns: amplitudePrincipalArns,
      externalId: amplitudeExternalId,
    };
  }

  get #propagationMs(): number {
    return (this.#options.propagationSeconds ?? 90) * 1000;
  }

  #deadline(): number {
    return this.#clock.now() + (this.#options.timeoutSeconds ?? 120) * 1000;
  }

  #show(progress: Pick<Progress, "phase" | "step">): void {
    this.#progress = progress;
    const { onProgress, source } = this.#options;
    onProgress?.({
      ...progress,
      eventsSent: this.#ledger.sent,
      eventsAcknowledged: this.#ledger.acknowledged,
      eventsRead: this.#ledger.seen,
      ...(source.expectedEvents === undefined ? {} : { eventsExpected: source.expectedEvents }),
    });
  }
}
