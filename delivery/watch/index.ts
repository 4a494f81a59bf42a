import { unlessAborted } from "../aws/waitUntil";
import type { EpochMs } from "../common/clock";
import { type Finding, hasSeverity, verdictOf } from "../common/findings";
import { GRACE_MS } from "../common/limits";
import type { StreamState } from "../deployment/stream";
import { type StreamReader, StreamUnreadable } from "../kinesis/streamReader";
import { lookUpStream, type OpenDeployment, openDeployment, readerOf } from "../sending/deployment";
import { checkPart } from "../sending/pacing";
import { type EndedWatch, unreadableStream, type WatchEnd, watchFindings } from "./findings";
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
  const deployment = openDeployment(options);
  try {
    validateWatchOptions(options, deployment.startedAt);
    yield* new Watch(options, deployment).run();
  } finally {
    deployment.operator.requestHandler.destroy();
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
  readonly #until: WatchUntil;

  constructor(
    private readonly options: WatchOptions,
    private readonly deployment: OpenDeployment,
  ) {
    this.#until = options.until ?? {};
  }

  async *run(): AsyncGenerator<WatchSnapshot, void, void> {
    const { signal } = this.deployment;
    const lookedUp = await unlessAborted(
      () => lookUpStream(this.deployment, (step) => this.options.onStep?.(step)),
      signal,
    ).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    const observer = new StreamObserver({
      startedAt: this.deployment.clock.now(),
      expectApps: this.options.expectApps ?? [],
      includeTests: this.options.includeTests ?? false,
    });
    const { stream, findings } = lookedUp ?? {
      findings: this.#findings(observer, { end: "signal", readingComplete: false }),
    };
    if (stream === undefined || hasSeverity(findings, "error")) {
      yield this.#notStarted(observer, findings);
      return;
    }
    // Which shard takes a record doesn't matter for reading.
    checkPart(this.options.part, { ...stream, placesRecords: false });
    const reader = this.#newReader(stream, observer);
    try {
      this.options.onStep?.("reading the stream's shards");
      void reader.start();
      yield* this.#follow({ reader, observer, startedAt: this.deployment.clock.now(), findings });
    } finally {
      observer.close();
      await reader.stop();
    }
  }

  #newReader(stream: StreamState, observer: StreamObserver): StreamReader {
    const { from = "latest", pollMs, part } = this.options;
    const oldest = new Date(stream.serviceTime - MAX_RETENTION_MS);
    return readerOf(this.deployment, stream, {
      from: from === "latest" ? new Date(stream.serviceTime) : from === "trim-horizon" ? oldest : from,
      // A shard that two parts read belongs to one of them.
      onRecords: (batch) => (batch.isOfOtherPart ? undefined : observer.take(batch)),
      pollMs,
      part,
    });
  }

  async *#follow(reading: Reading): AsyncGenerator<WatchSnapshot, void, void> {
    const { intervalMs = 1_000 } = this.options;
    const { reader } = reading;
    const endsAt = reading.startedAt + (this.#until.seconds ?? Number.POSITIVE_INFINITY) * 1000;
    try {
      for (let at = reading.startedAt; ; at = Math.max(at + intervalMs, this.deployment.clock.now())) {
        const isOver = () => this.#end(reading, endsAt) !== undefined;
        await reader.waitFor(isOver, Math.min(at, endsAt), this.deployment.signal);
        const end = this.#end(reading, endsAt);
        if (end !== undefined) {
          yield await this.#ended(reading, end);
          return;
        }
        yield this.#snapshot(reading);
      }
    } catch (error) {
      if (!(error instanceof StreamUnreadable)) throw error;
      const unreadable = unreadableStream(error, this.deployment.streamArn, this.deployment.outputs);
      yield await this.#ended({ ...reading, findings: [...reading.findings, unreadable] }, "unreadable");
    }
  }

  #end({ observer }: Reading, endsAt: number): WatchEnd | undefined {
    const { events = Number.POSITIVE_INFINITY } = this.#until;
    if (observer.eventsUnexpected > 0) return "project";
    if (observer.eventsExpected >= events) return "events";
    if (this.deployment.signal.aborted) return "signal";
    return this.deployment.clock.now() >= endsAt ? "seconds" : undefined;
  }

  /** Returns the last snapshot. After `until.seconds` it first reads what had arrived by then. */
  async #ended(reading: Reading, end: WatchEnd): Promise<WatchSnapshot> {
    const { reader, observer } = reading;
    const now = this.deployment.clock.now();
    const readingComplete =
      end === "seconds"
        ? await reader.waitFor(() => reader.hasReadUpTo(now), now + GRACE_MS, this.deployment.signal)
        : reader.hasReadUpTo(now - MAX_DELAY_MS);
    const last = this.#snapshot(reading);
    const findings = [
      ...reading.findings,
      ...this.#findings(observer, {
        end: observer.eventsUnexpected > 0 ? "project" : end,
        readingComplete,
      }),
    ];
    return { ...last, findings, verdict: verdictOf(findings, "verified") };
  }

  #findings(observer: StreamObserver, ended: Pick<EndedWatch, "end" | "readingComplete">): Finding[] {
    return watchFindings({
      observed: observer.observed(this.deployment.clock.now()),
      until: this.#until,
      expectApps: this.options.expectApps ?? [],
      where: this.deployment.streamArn,
      ...ended,
    });
  }

  #notStarted(observer: StreamObserver, findings: Finding[]): WatchSnapshot {
    const startedAt = this.deployment.clock.now();
    return { ...this.#compose(observer, findings, startedAt), verdict: verdictOf(findings, "verified") };
  }

  #snapshot({ reader, observer, startedAt, findings }: Reading): WatchSnapshot {
    return {
      ...this.#compose(observer, findings, startedAt),
      shards: reader.shardIds.length,
      caughtUp: reader.hasReadUpTo(this.deployment.clock.now() - MAX_DELAY_MS),
    };
  }

  #compose(observer: StreamObserver, findings: Finding[], startedAt: EpochMs): WatchSnapshot {
    const now = this.deployment.clock.now();
    return {
      snapshotVersion: 1,
      region: this.deployment.outputs.region,
      streamName: this.deployment.outputs.streamName,
      startedAt: new Date(startedAt).toISOString(),
      at: new Date(now).toISOString(),
      elapsedInSeconds: (now - startedAt) / 1000,
      includesTests: this.options.includeTests ?? false,
      shards: 0,
      caughtUp: false,
      ...observer.observed(now),
      findings,
      verdict: null,
    };
  }
}
