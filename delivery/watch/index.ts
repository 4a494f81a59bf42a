import { type Connection, connect, kinesisClient, stsClient } from "../aws/clients";
import { callerIdentity } from "../aws/credentials";
import { accountOf, streamArnOf } from "../common/arn";
import { type Clock, type EpochMs, startClock } from "../common/clock";
import { type Finding, hasSeverity, verdictOf } from "../common/findings";
import { DEFAULT_PROPAGATION_SECONDS, GRACE_MS } from "../common/limits";
import { resolveOutputs, type StackOutputs } from "../common/outputs";
import { checkStream, type StreamCheck, type StreamState, wrongAccount } from "../deployment/stream";
import { streamApi } from "../kinesis/streamApi";
import { StreamReader, StreamUnreadable } from "../kinesis/streamReader";
import { unreadableStream, type WatchEnd, watchFindings } from "./findings";
import { validateWatchOptions, type WatchOptions, type WatchUntil } from "./options";
import type { WatchSnapshot } from "./snapshot";
import { StreamObserver } from "./streamObserver";

/** Longer than the longest retention (365 days): Kinesis then starts at the oldest record. Source: Kinesis API Reference, GetShardIterator. */
const MAX_RETENTION_MS = 366 * 24 * 3600 * 1000;
/** Longest delay of reading that counts as caught up. */
const MAX_DELAY_MS = 2_000;

/**
 * Follows the customer's stream, including shards that resharding creates, and reports what arrives. Yields a snapshot every
 * `intervalMs`, and a last one with all findings and the verdict when the watch ends. It writes nothing. Snapshots show an
 * event's type and project; other values are redacted. Leaving the loop ends the watch.
 *
 * @throws DeliveryError `settings` if an option is invalid, `credentials` if AWS rejects the caller's. Problems of the stream
 * are findings.
 */
export async function* watchStream(options: WatchOptions): AsyncGenerator<WatchSnapshot, void, void> {
  const watch = new Watch(options);
  try {
    yield* watch.run();
  } finally {
    watch.close();
  }
}

/** A stream that is being read. */
interface Reading {
  reader: StreamReader;
  observer: StreamObserver;
  startedAt: EpochMs;
  findings: Finding[];
}

class Watch {
  readonly #options: WatchOptions;
  readonly #outputs: StackOutputs;
  readonly #client: Connection;
  readonly #clock: Clock;
  readonly #until: WatchUntil;
  readonly #signal: AbortSignal;
  readonly #where: string;

  constructor(options: WatchOptions) {
    const { clock = startClock(), until = {}, signal = new AbortController().signal } = options;
    validateWatchOptions(options, clock.now());
    this.#options = options;
    this.#outputs = resolveOutputs([{ description: "options.outputs", values: options.outputs }]);
    this.#client = connect({ ...options, region: this.#outputs.region });
    this.#clock = clock;
    this.#until = until;
    this.#signal = signal;
    this.#where = streamArnOf(this.#outputs);
  }

  close(): void {
    this.#client.requestHandler.destroy();
  }

  async *run(): AsyncGenerator<WatchSnapshot, void, void> {
    const { stream, findings } = await this.#lookUp();
    const observer = new StreamObserver({
      startedAt: this.#clock.now(),
      expectApps: this.#options.expectApps ?? [],
      includeTests: this.#options.includeTests ?? false,
    });
    if (stream === undefined || hasSeverity(findings, "error")) {
      yield this.#notStarted(observer, findings);
      return;
    }
    const reader = this.#newReader(stream, observer);
    try {
      this.#options.onStep?.("reading the stream's shards");
      void reader.start();
      yield* this.#follow({ reader, observer, startedAt: this.#clock.now(), findings });
    } finally {
      observer.close();
      await reader.stop();
    }
  }

  async #lookUp(): Promise<StreamCheck> {
    const { onStep, profile, propagationSeconds = DEFAULT_PROPAGATION_SECONDS } = this.#options;
    onStep?.("checking credentials");
    const whose = profile === undefined ? "AWS credentials" : `AWS credentials (profile "${profile}")`;
    const { accountId } = await callerIdentity(stsClient(this.#client), whose);
    onStep?.("looking up the stream");
    const wait = { clock: this.#clock, waitMs: propagationSeconds * 1000, signal: this.#signal };
    const check = await checkStream(kinesisClient(this.#client), this.#outputs, wait);
    const expected = accountOf(this.#outputs.roleArn);
    // AWS looks names up in the caller's account, so a stream that is missing from another account proves nothing.
    if (check.stream === undefined && accountId !== expected) throw wrongAccount(accountId, expected);
    return check;
  }

  #newReader({ serviceTime, clockOffsetMs }: StreamState, observer: StreamObserver): StreamReader {
    const { from = "latest", pollMs, random = Math.random } = this.#options;
    const oldest = new Date(serviceTime - MAX_RETENTION_MS);
    return new StreamReader({
      api: streamApi(kinesisClient(this.#client), this.#outputs.streamName),
      from: from === "latest" ? new Date(serviceTime) : from === "trim-horizon" ? oldest : from,
      clockOffsetMs,
      clock: this.#clock,
      random,
      onRecords: (batch) => observer.take(batch),
      ...(pollMs === undefined ? {} : { pollMs }),
    });
  }

  async *#follow(reading: Reading): AsyncGenerator<WatchSnapshot, void, void> {
    const { intervalMs = 1_000 } = this.#options;
    const { reader } = reading;
    const endsAt = reading.startedAt + (this.#until.seconds ?? Number.POSITIVE_INFINITY) * 1000;
    try {
      for (let at = reading.startedAt; ; at = Math.max(at + intervalMs, this.#clock.now())) {
        const isOver = () => this.#end(reading, endsAt) !== undefined;
        await reader.waitFor(isOver, Math.min(at, endsAt), this.#signal);
        const end = this.#end(reading, endsAt);
        if (end !== undefined) {
          yield await this.#ended(reading, end);
          return;
        }
        yield this.#snapshot(reading);
      }
    } catch (error) {
      if (!(error instanceof StreamUnreadable)) throw error;
      const unreadable = unreadableStream(error, this.#where, this.#outputs);
      yield await this.#ended({ ...reading, findings: [...reading.findings, unreadable] }, "unreadable");
    }
  }

  #end({ observer }: Reading, endsAt: number): WatchEnd | undefined {
    const { events = Number.POSITIVE_INFINITY } = this.#until;
    if (observer.eventsUnexpected > 0) return "project";
    if (observer.eventsExpected >= events) return "events";
    if (this.#signal.aborted) return "signal";
    return this.#clock.now() >= endsAt ? "seconds" : undefined;
  }

  /** Returns the last snapshot. After `until.seconds` it first reads what had arrived by then. */
  async #ended(reading: Reading, end: WatchEnd): Promise<WatchSnapshot> {
    const { reader, observer } = reading;
    const now = this.#clock.now();
    const readingComplete =
      end === "seconds"
        ? await reader.waitFor(() => reader.hasReadUpTo(now), now + GRACE_MS, this.#signal)
        : reader.hasReadUpTo(now - MAX_DELAY_MS);
    const last = this.#snapshot(reading);
    const findings = [
      ...reading.findings,
      ...watchFindings({
        observed: observer.observed(now),
        end: observer.eventsUnexpected > 0 ? "project" : end,
        until: this.#until,
        expectApps: this.#options.expectApps ?? [],
        readingComplete,
        where: this.#where,
      }),
    ];
    return { ...last, findings, verdict: verdictOf(findings, "verified") };
  }

  #notStarted(observer: StreamObserver, findings: Finding[]): WatchSnapshot {
    const startedAt = this.#clock.now();
    return { ...this.#compose(observer, findings, startedAt), verdict: verdictOf(findings, "verified") };
  }

  #snapshot({ reader, observer, startedAt, findings }: Reading): WatchSnapshot {
    return {
      ...this.#compose(observer, findings, startedAt),
      shards: reader.shardIds.length,
      caughtUp: reader.hasReadUpTo(this.#clock.now() - MAX_DELAY_MS),
    };
  }

  #compose(observer: StreamObserver, findings: Finding[], startedAt: EpochMs): WatchSnapshot {
    const now = this.#clock.now();
    return {
      snapshotVersion: 1,
      region: this.#outputs.region,
      streamName: this.#outputs.streamName,
      startedAt: new Date(startedAt).toISOString(),
      at: new Date(now).toISOString(),
      elapsedInSeconds: (now - startedAt) / 1000,
      includesTests: this.#options.includeTests ?? false,
      shards: 0,
      caughtUp: false,
      ...observer.observed(now),
      findings,
      verdict: null,
    };
  }
}
