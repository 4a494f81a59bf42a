import type { ClientOptions } from "../aws/clients";
import { type Finding, hasSeverity } from "../common/findings";
import { namesOf } from "../common/outputs";
import { type RunKey, startedRunKey } from "../common/runId";
import { withIgnoredChanges } from "../deployment/inspection";
import type { Preflight } from "../deployment/preflight";
import type { StreamState } from "../deployment/stream";
import { omissionsOf, type SourceEvent } from "../events/source";
import type { OutgoingRecord } from "../kinesis/outcome";
import { PartOfStream } from "../kinesis/partOfStream";
import type { Progress, SenderOptions } from "../sending/deployment";
import { type OpenDeployment, preflightOf, withDeployment } from "../sending/deployment";
import { interrupted, noEvents, senderFailed, sourceProblems } from "../sending/findings";
import { checkPart, pacedEvents, pacedRecords } from "../sending/pacing";
import { PROPAGATING, sendRecords } from "../sending/sendRecords";
import { fateFindings, SendCounter, type SendReport, sendOutcome } from "./report";

/** Progress of sending, for a display. */
export type SendProgress = Pick<Progress, "step" | "eventsSent" | "eventsAcknowledged" | "eventsExpected">;

/** Options of `sendEvents`. Only `outputs` and `source` are required. */
export interface SendOptions extends SenderOptions {
  /** Called at every step, and with every event that was taken from the source. */
  onProgress?: ((progress: SendProgress) => void) | undefined;
}

/**
 * Sends the source's events to the customer's stream, as `verifyDelivery` does, and reads nothing back. Memory does not
 * grow with the number of events. Nothing is sent if the preflight finds an error that stops delivery.
 *
 * @throws DeliveryError `settings` for invalid outputs, `credentials` if AWS does not accept the caller, `no-events` if
 * the source has none. An error that the source throws before its first event is passed on. Any problem of the
 * deployment is a finding of the report.
 */
export async function sendEvents(options: SendOptions): Promise<SendReport> {
  return withDeployment(options, (deployment) => new Sending(options, deployment).run());
}

class Sending {
  readonly #counter = new SendCounter();
  readonly #key: RunKey;
  readonly #part: PartOfStream | undefined;
  #taken = 0;

  constructor(
    private readonly options: SendOptions,
    private readonly deployment: OpenDeployment,
  ) {
    this.#key = startedRunKey(options);
    this.#part = options.part && new PartOfStream(options.part);
  }

  async run(): Promise<SendReport> {
    const before = await preflightOf(this.deployment, this.options, (step) => this.#show(step));
    const { stream, writer, findings } = before;
    const canSend = stream !== undefined && writer !== undefined && !hasSeverity(findings, "error");
    const run = canSend ? await this.#send(stream, writer) : this.#notSent(before);
    return this.#report(before, run);
  }

  /** @returns Findings of the run. */
  async #send(stream: StreamState, writer: ClientOptions): Promise<Finding[]> {
    const { source, rate, concurrency } = this.options;
    const { signal } = this.deployment;
    checkPart(this.options.part, stream);
    const paced = await pacedEvents(this.options, stream);
    const records = pacedRecords(paced, {
      ...this.deployment,
      toRecord: (event) => this.#record(event),
      onBatch: () => this.#show(paced.step),
    });
    const findings = await sendRecords(records, {
      deployment: this.deployment,
      stream,
      writer,
      concurrency,
      rate,
      signal,
      listener: this.#counter,
      sent: () => this.#counter.sent,
      onAccessDenied: () => this.#show(PROPAGATING),
    });
    if (this.#taken === 0 && !signal.aborted) throw noEvents(source);
    return [...findings, ...fateFindings(this.#counter, stream.streamArn), ...this.#interruption()];
  }

  #record({ bytes }: SourceEvent): OutgoingRecord {
    const index = this.#taken;
    this.#taken += 1;
    const record = { index, partitionKey: this.#key.partitionKey(index), bytes };
    return this.#part ? { ...record, explicitHashKey: this.#part.hashKey(index) } : record;
  }

  /**
   * Returns findings that explain why nothing was sent. Without an error or an interruption, the stream could not be
   * looked up, or the role could not be assumed.
   */
  #notSent({ stream, findings }: Preflight): Finding[] {
    if (hasSeverity(findings, "error") || this.deployment.signal.aborted) return this.#interruption();
    const what = stream === undefined ? "the stream could not be looked up" : "the role could not be assumed";
    return [senderFailed(what, 0)];
  }

  #interruption(): Finding[] {
    return this.deployment.signal.aborted ? [interrupted(this.#counter.sent)] : [];
  }

  #report(before: Preflight, run: Finding[]): SendReport {
    const counter = this.#counter;
    const { outputs, clock, startedAt } = this.deployment;
    const shards = [...counter.acknowledgedByShard].map(([shardId, eventsAcknowledged]) => ({
      shardId,
      eventsAcknowledged,
    }));
    return {
      reportVersion: 1,
      outcome: sendOutcome(before.findings, run),
      route: before.route,
      ...namesOf(outputs),
      runId: this.#key.runId,
      part: this.options.part ?? null,
      startedAt: new Date(startedAt).toISOString(),
      durationInSeconds: (clock.now() - startedAt) / 1000,
      eventsSent: counter.sent,
      eventsAcknowledged: counter.acknowledged,
      eventsRefused: counter.refused,
      eventsUnknown: counter.unknown,
      ...omissionsOf(this.options.source),
      shards: shards.sort((a, b) => (a.shardId < b.shardId ? -1 : 1)),
      findings: [
        ...before.findings,
        ...withIgnoredChanges(run, outputs),
        ...sourceProblems(this.options.source),
      ],
    };
  }

  #show(step: string): void {
    const { onProgress, source } = this.options;
    onProgress?.({
      step,
      eventsSent: this.#counter.sent,
      eventsAcknowledged: this.#counter.acknowledged,
      ...(source.expectedEvents === undefined ? {} : { eventsExpected: source.expectedEvents }),
    });
  }
}
