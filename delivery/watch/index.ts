import { rejectOnAbort } from "../aws/pollUntil";
import type { EpochMs } from "../common/clock";
import { SettingsError } from "../common/errors";
import { type Finding, hasSeverity, verdictOf } from "../common/findings";
import { GRACE_MS } from "../common/limits";
import type { Part } from "../common/part";
import type { StreamState } from "../deployment/stream";
import { type StreamReader, StreamUnreadable } from "../kinesis/streamReader";
import {
  type ConnectionOptions,
  lookUpStream,
  type OpenDeployment,
  openDeployment,
  readerOf,
} from "../sending/deployment";
import { checkPart } from "../sending/pacing";
import { type EndedWatch, unreadableStream, type WatchEnd, type WatchUntil, watchFindings } from "./findings";
import type { WatchSnapshot } from "./snapshot";
import { StreamObserver } from "./streamObserver";

/** Start of a watch: now, the oldest record in the stream, or a time. */
export type StartingPoint = "latest" | "trim-horizon" | Date;

/** Options of `watchStream`. Only `outputs` is required. The last snapshot follows when the signal ends the watch. */
export interface WatchOptions extends ConnectionOptions {
  /** Default: `latest`, to about a second. */
  from?: StartingPoint | undefined;
  /** Default: only the signal ends the watch. */
  until?: WatchUntil | undefined;
  /** Ids of the Amplitude projects that may write. A row from another project ends the watch as failed. Default: every project may. */
  expectApps?: readonly string[] | undefined;
  /** Counts the records of `verify` and `send` as Amplitude's, for a rehearsal. Default: false. */
  includeTests?: boolean | undefined;
  /** Time between two snapshots, from 1. Default: 1,000. */
  intervalMs?: number | undefined;
  /** Time between two reads of a shard, from 0. Default: 500, two of the five reads per second that a shard allows all its consumers. */
  pollMs?: number | undefined;
  /** One of several parts, which reads an equal share of the shards and judges only these. Default: all shards. */
  part?: Part | undefined;
  /** Receives each step before the first snapshot, in words. */
  onStep?: ((step: string) => void) | undefined;
}

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

/** A watch, and its reader once the stream is read. */
interface Watched {
  observer: StreamObserver;
  startedAt: EpochMs;
  findings: Finding[];
  reader?: StreamReader;
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
    const { clock, signal } = this.deployment;
    const { expectApps = [], includeTests = false, part, onStep } = this.options;
    const lookedUp = await rejectOnAbort(
      () => lookUpStream(this.deployment, (step) => onStep?.(step)),
      signal,
    ).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    const observer = new StreamObserver({ startedAt: clock.now(), expectApps, includeTests });
    const { stream, findings } = lookedUp ?? {
      findings: this.#findings(observer, { end: "signal", readingComplete: false }),
    };
    if (stream === undefined || hasSeverity(findings, "error")) {
      yield this.#last({ observer, startedAt: clock.now(), findings });
      return;
    }
    // Which shard takes a record doesn't matter for reading.
    checkPart(part, { ...stream, placesRecords: false });
    const reader = this.#newReader(stream, observer);
    try {
      onStep?.("reading the stream's shards");
      void reader.start();
      yield* this.#follow(reader, { reader, observer, startedAt: clock.now(), findings });
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

  async *#follow(reader: StreamReader, watched: Watched): AsyncGenerator<WatchSnapshot, void, void> {
    const { intervalMs = 1_000 } = this.options;
    const { clock, signal, streamArn, outputs } = this.deployment;
    const endsAt = watched.startedAt + (this.#until.seconds ?? Number.POSITIVE_INFINITY) * 1000;
    const currentEnd = () => this.#end(watched, endsAt);
    try {
      for (let at = watched.startedAt; ; at = Math.max(at + intervalMs, clock.now())) {
        await reader.waitFor(() => currentEnd() !== undefined, Math.min(at, endsAt), signal);
        const end = currentEnd();
        if (end !== undefined) {
          yield await this.#ended(reader, watched, end);
          return;
        }
        yield this.#snapshot(watched);
      }
    } catch (error) {
      if (!(error instanceof StreamUnreadable)) throw error;
      const findings = [...watched.findings, unreadableStream(error, streamArn, outputs)];
      yield await this.#ended(reader, { ...watched, findings }, "unreadable");
    }
  }

  #end({ observer: { counts } }: Watched, endsAt: number): WatchEnd | undefined {
    const { events = Number.POSITIVE_INFINITY } = this.#until;
    if (counts.eventsUnexpected > 0) return "project";
    if (counts.eventsExpected >= events) return "events";
    if (this.deployment.signal.aborted) return "signal";
    return this.deployment.clock.now() >= endsAt ? "seconds" : undefined;
  }

  /** Returns the last snapshot. After `until.seconds` it first reads what had arrived by then. */
  async #ended(reader: StreamReader, watched: Watched, end: WatchEnd): Promise<WatchSnapshot> {
    const { observer } = watched;
    const now = this.deployment.clock.now();
    const readingComplete =
      end === "seconds"
        ? await reader.waitFor(() => reader.hasReadUpTo(now), now + GRACE_MS, this.deployment.signal)
        : reader.hasReadUpTo(now - MAX_DELAY_MS);
    const judged = this.#findings(observer, {
      end: observer.counts.eventsUnexpected > 0 ? "project" : end,
      readingComplete,
    });
    return this.#last({ ...watched, findings: [...watched.findings, ...judged] });
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

  #last(watched: Watched): WatchSnapshot {
    return { ...this.#snapshot(watched), verdict: verdictOf(watched.findings, "verified") };
  }

  #snapshot({ reader, observer, startedAt, findings }: Watched): WatchSnapshot {
    const now = this.deployment.clock.now();
    return {
      snapshotVersion: 1,
      region: this.deployment.outputs.region,
      streamName: this.deployment.outputs.streamName,
      startedAt: new Date(startedAt).toISOString(),
      at: new Date(now).toISOString(),
      elapsedInSeconds: (now - startedAt) / 1000,
      includesTests: this.options.includeTests ?? false,
      shards: reader?.shardIds.length ?? 0,
      caughtUp: reader?.hasReadUpTo(now - MAX_DELAY_MS) ?? false,
      ...observer.observed(now),
      findings,
      verdict: null,
    };
  }
}

const PROJECT_ID =
  "give the id of an Amplitude project, a number. It is in the project's settings and in the field `app` of its events";

/** @throws SettingsError about the first invalid option. */
function validateWatchOptions({ from, until, expectApps, intervalMs }: WatchOptions, now: EpochMs): void {
  if (until?.events !== undefined && !(Number.isInteger(until.events) && until.events >= 1)) {
    throw new SettingsError(`until.events is ${until.events}: give an integer from 1`);
  }
  if (until?.seconds !== undefined && !(until.seconds > 0)) {
    throw new SettingsError(`until.seconds is ${until.seconds}: give a number above 0`);
  }
  if (intervalMs !== undefined && !(intervalMs >= 1)) {
    throw new SettingsError(`intervalMs is ${intervalMs}: give a number from 1`);
  }
  const wrong = expectApps?.find((app) => !/^\d{1,20}$/.test(app));
  if (wrong !== undefined)
    throw new SettingsError(`expectApps holds ${JSON.stringify(wrong)}: ${PROJECT_ID}`);
  if (from instanceof Date && Number.isNaN(from.getTime()))
    throw new SettingsError("from is an invalid date: give a valid one");
  if (from instanceof Date && from.getTime() > now) {
    throw new SettingsError(
      `from is ${from.toISOString()}, which is in the future: give a past time. A time without a zone is UTC`,
    );
  }
}
