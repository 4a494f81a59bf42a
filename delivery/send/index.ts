import { type ClientOptions, type Connection, connect } from "../aws/clients";
import { type Clock, startClock } from "../common/clock";
import { type Finding, hasSeverity } from "../common/findings";
import { DEFAULT_PROPAGATION_SECONDS } from "../common/limits";
import { namesOf, resolveOutputs, type StackOutputs } from "../common/outputs";
import { newRunKey } from "../common/runId";
import { type Preflight, preflight } from "../deployment/preflight";
import { resolveAmplitudeCaller, resolveSender } from "../deployment/route";
import type { StreamState } from "../deployment/stream";
import type { SourceEvent } from "../events/source";
import type { OutgoingRecord } from "../kinesis/record";
import { interrupted, noEvents, omissionsOf, senderFailed, sourceProblems } from "../sending/findings";
import { pacedEvents } from "../sending/pacing";
import { PROPAGATING, pacedRecords, sendRecords } from "../sending/sendRecords";
import { fateFindings, SendCounter, sendOutcome } from "./findings";
import type { SendOptions } from "./options";
import type { SendReport } from "./report";

/**
 * Sends the source's events to the customer's stream, as `verifyDelivery` does, and reads nothing back. Memory does not
 * grow with the number of events. Nothing is sent if the preflight finds an error that stops delivery.
 *
 * @throws DeliveryError `settings` for invalid outputs, `credentials` if AWS does not accept the caller, `no-events` if
 * the source has none. An error that the source throws before its first event is passed on. Any problem of the
 * deployment is a finding of the report.
 */
export async function sendEvents(options: SendOptions): Promise<SendReport> {
  const sending = new Sending(options);
  try {
    return await sending.run();
  } finally {
    sending.close();
  }
}

class Sending {
  readonly #options: SendOptions;
  readonly #outputs: StackOutputs;
  readonly #operator: Connection;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #counter = new SendCounter();
  readonly #key = newRunKey();
  #taken = 0;

  constructor(options: SendOptions) {
    const { clock = startClock(), signal = new AbortController().signal } = options;
    this.#options = options;
    this.#outputs = resolveOutputs([{ description: "options.outputs", values: options.outputs }]);
    this.#operator = connect({ ...options, region: this.#outputs.region });
    this.#clock = clock;
    this.#signal = signal;
  }

  close(): void {
    this.#operator.requestHandler.destroy();
  }

  async run(): Promise<SendReport> {
    const startedAt = this.#clock.now();
    const before = await this.#preflight();
    const { stream, writer, findings } = before;
    const canSend = stream !== undefined && writer !== undefined && !hasSeverity(findings, "error");
    const run = canSend ? await this.#send(stream, writer) : this.#notSent(before);
    return this.#report(before, run, startedAt);
  }

  #preflight(): Promise<Preflight> {
    const { route, externalId } = this.#options;
    return preflight({
      outputs: this.#outputs,
      route,
      operator: this.#operator,
      sender: resolveSender(this.#operator, this.#options),
      externalId,
      amplitude: resolveAmplitudeCaller(this.#options),
      wait: { clock: this.#clock, waitMs: this.#propagationMs, signal: this.#signal },
      onStep: (step) => this.#show(step),
    });
  }

  /** @returns Findings of the run. */
  async #send(stream: StreamState, writer: ClientOptions): Promise<Finding[]> {
    const { source, rate, concurrency, random = Math.random } = this.#options;
    const paced = await pacedEvents(this.#options, stream);
    const records = pacedRecords(paced, {
      clock: this.#clock,
      signal: this.#signal,
      toRecord: (event) => this.#record(event),
      onBatch: () => this.#show(paced.step),
    });
    const findings = await sendRecords(records, {
      stream,
      writer,
      streamName: this.#outputs.streamName,
      listener: this.#counter,
      sent: () => this.#counter.sent,
      concurrency,
      rate,
      clock: this.#clock,
      random,
      propagationMs: this.#propagationMs,
      signal: this.#signal,
      onAccessDenied: () => this.#show(PROPAGATING),
    });
    if (this.#taken === 0 && !this.#signal.aborted) throw noEvents(source);
    return [...findings, ...fateFindings(this.#counter, stream.streamArn), ...this.#interruption()];
  }

  #record({ bytes }: SourceEvent): OutgoingRecord {
    const index = this.#taken;
    this.#taken += 1;
    return { index, partitionKey: this.#key.partitionKey(index), bytes };
  }

  /**
   * Returns findings that explain why nothing was sent. Without an error or an interruption, the stream could not be
   * looked up, or the role could not be assumed.
   */
  #notSent({ stream, findings }: Preflight): Finding[] {
    if (hasSeverity(findings, "error") || this.#signal.aborted) return this.#interruption();
    const what = stream === undefined ? "the stream could not be looked up" : "the role could not be assumed";
    return [senderFailed(what, 0)];
  }

  #interruption(): Finding[] {
    return this.#signal.aborted ? [interrupted(this.#counter.sent)] : [];
  }

  #report(before: Preflight, run: Finding[], startedAt: number): SendReport {
    const counter = this.#counter;
    const shards = [...counter.acknowledgedByShard].map(([shardId, eventsAcknowledged]) => ({
      shardId,
      eventsAcknowledged,
    }));
    return {
      reportVersion: 1,
      outcome: sendOutcome(before.findings, run),
      route: before.route,
      ...namesOf(this.#outputs),
      runId: this.#key.runId,
      startedAt: new Date(startedAt).toISOString(),
      durationInSeconds: (this.#clock.now() - startedAt) / 1000,
      eventsSent: counter.sent,
      eventsAcknowledged: counter.acknowledged,
      eventsRefused: counter.refused,
      eventsUnknown: counter.unknown,
      ...omissionsOf(this.#options.source),
      shards: shards.sort((a, b) => (a.shardId < b.shardId ? -1 : 1)),
      findings: [...before.findings, ...run, ...sourceProblems(this.#options.source)],
    };
  }

  get #propagationMs(): number {
    return (this.#options.propagationSeconds ?? DEFAULT_PROPAGATION_SECONDS) * 1000;
  }

  #show(step: string): void {
    const { onProgress, source } = this.#options;
    onProgress?.({
      step,
      eventsSent: this.#counter.sent,
      eventsAcknowledged: this.#counter.acknowledged,
      ...(source.expectedEvents === undefined ? {} : { eventsExpected: source.expectedEvents }),
    });
  }
}
