import { kinesisClient } from "../aws/clients";
import type { EpochMs } from "../common/clock";
import { SettingsError, SourceError } from "../common/errors";
import { type Finding, finding, hasSeverity } from "../common/findings";
import { READ_MARGIN_MS, VERSION } from "../common/limits";
import { namesOf } from "../common/outputs";
import type { Part } from "../common/part";
import { unique } from "../common/values";
import { checkStream, type StreamState } from "../deployment/stream";
import { redactName } from "../events/event";
import type { ExportedEvent } from "../events/export/rows";
import type { ShardRecords } from "../kinesis/shardReader";
import {
  lookUpStream,
  type OpenDeployment,
  readerOf,
  waitWhileProgressing,
  whileReading,
  withDeployment,
} from "../sending/deployment";
import { interrupted, notReadToEnd } from "../sending/findings";
import { AmplitudeClient } from "./amplitudeClient";
import {
  composeReport,
  MAX_DIFFERENCES,
  metricsUnavailable,
  partsNotMerged,
  type Reconciled,
  verdictFrom,
} from "./composeReport";
import { ExportedHours } from "./exportedHours";
import { Matcher } from "./matcher";
import { backfill, prepareMissing, writeMissing } from "./missingEvents";
import {
  formatHour,
  HOUR_MS,
  type HourRange,
  type ReconcileOptions,
  validateReconcileOptions,
} from "./options";
import { PartLog, type PartReading, type Period, preparePartFile } from "./partFile";
import type { AmplitudeMetrics, BackfillReport, ReconcileReport } from "./report";

/** Time in which Amplitude retries an event. Source: Amplitude, "Amazon Kinesis Data Streams", delivery. */
const RETRY_WINDOW_MS = 4 * HOUR_MS;
/** Time without any progress after which reading the stream is given up. */
const MAX_STALL_MS = 600_000;

/**
 * Compares the events that Amplitude received, by its export, with those in the customer's stream. It reads both sides, and
 * writes to the stream only with `backfill`. Memory is bounded: at most 32 bytes per exported event, and 64 MiB.
 *
 * @throws DeliveryError `settings` if an option is invalid, or if the stream's retention doesn't reach back to `from`;
 * `credentials` if AWS or Amplitude rejects the caller's; `source` if an archive can't be read or an hour can't be fetched;
 * `report` if the file of missing events can't be written.
 * Problems of the stream are findings.
 */
export async function reconcileDelivery(options: ReconcileOptions): Promise<ReconcileReport> {
  return withDeployment(options, async (deployment) => {
    const range = validateReconcileOptions(options, deployment.startedAt);
    const { exports, syncId, apiKey, secretKey, zone, url } = options;
    const needsClient = exports === undefined || syncId !== undefined;
    const client = needsClient
      ? new AmplitudeClient({ apiKey, secretKey, zone, url, ...deployment })
      : undefined;
    const log = options.part === undefined ? undefined : await PartLog.open();
    try {
      return await new Reconciliation(options, deployment, range, client, log).run();
    } finally {
      client?.destroy();
      await log?.close();
    }
  });
}

class Reconciliation {
  readonly #findings: Finding[] = [];
  readonly #matcher: Matcher;
  readonly #exported: ExportedHours;
  readonly #windowEnd: EpochMs;
  readonly #reading: PartReading = { readWithin: false, readAfter: null, expired: null, findingsAfter: [] };
  #step = "";
  /** Whether the stream was read as far as it can decide. */
  #readingComplete = false;
  #exportRead = false;
  #rowsRead = 0;
  #backfilled: BackfillReport | null = null;
  #metrics: AmplitudeMetrics | null = null;

  constructor(
    private readonly options: ReconcileOptions,
    private readonly deployment: OpenDeployment,
    private readonly range: HourRange,
    private readonly client: AmplitudeClient | undefined,
    private readonly log: PartLog | undefined,
  ) {
    this.#windowEnd = range.end + RETRY_WINDOW_MS;
    this.#matcher = new Matcher(range, this.#windowEnd, options, log);
    this.#exported = new ExportedHours(options, range, client, deployment.startedAt);
  }

  async run(): Promise<ReconcileReport> {
    // Fails before anything is read.
    if (this.options.missing !== undefined) await prepareMissing(this.options.missing);
    if (this.options.partFile !== undefined) await preparePartFile(this.options.partFile);
    await this.#exported.prepare();
    const { stream, findings } = await lookUpStream(this.deployment, (step) => this.#show(step));
    this.#findings.push(...findings);
    if (stream !== undefined && !hasSeverity(this.#findings, "error")) {
      this.#checkRetention(stream);
      await this.#readExport();
      await this.#readStream(stream);
      await this.#matchAgain();
      await this.#backfill(stream);
      await this.#lookAgain();
      await this.#readMetrics();
    }
    const { part, partFile } = this.options;
    if (part !== undefined && partFile !== undefined && this.log !== undefined)
      return this.#partReport(part, partFile, this.log);
    return composeReport({ ...this.#result(), before: this.#findings, after: this.#interruption() });
  }

  #checkRetention({ retentionHours, serviceTime, streamArn }: StreamState): void {
    if (retentionHours === undefined) return;
    const oldest = serviceTime - retentionHours * HOUR_MS;
    if (this.range.from - READ_MARGIN_MS >= oldest) return;
    const first = Math.ceil((oldest + READ_MARGIN_MS) / HOUR_MS) * HOUR_MS;
    throw new SettingsError(
      `${streamArn} keeps records for ${retentionHours} h, so it has none from before ${new Date(oldest).toISOString()}, and can't be compared with hour ${this.options.from}. Give --from ${formatHour(first)} or later, and raise retentionHours for the future`,
    );
  }

  async #readExport(): Promise<void> {
    this.#show("reading the export");
    for await (const events of this.#exported.read()) {
      for (const event of events) this.#matcher.addExported(event);
      this.#show();
      if (this.deployment.signal.aborted) return;
    }
    this.#exportRead = true;
  }

  /** Reads the stream as far as its result can depend on it. `mergeReconciliations` decides the same for parts. */
  async #readStream(stream: StreamState): Promise<void> {
    if (this.deployment.signal.aborted) return;
    this.#show("reading the stream");
    const reading = this.#reading;
    const now = this.deployment.clock.now();
    const read = (from: EpochMs, to: EpochMs, period: Period) =>
      this.#read(stream, from, to, (batch) => this.#matcher.take(batch, period));
    reading.readWithin = await read(this.range.from, Math.min(this.#windowEnd, now), "within");
    reading.expired = this.#expiry(stream);
    this.#readingComplete = reading.readWithin;
    // Only all parts together tell whether events are missing.
    const isPart = this.log !== undefined;
    if (!isPart && reading.expired !== null && this.#matcher.tally.missing > 0) {
      this.#readingComplete = false;
      this.#findings.push(reading.expired);
    }
    if (!this.#readingComplete || now <= this.#windowEnd) return;
    if (!isPart && !this.#matcher.tally.mayArriveLater) return;
    this.#show("reading on for missing events");
    const before = this.#findings.length;
    reading.readAfter = await read(this.#windowEnd, now, "after");
    if (isPart) reading.findingsAfter = this.#findings.splice(before);
    else this.#readingComplete = reading.readAfter;
  }

  /** Records may have expired before they were read, so events of the first hours that are missing prove nothing then. */
  #expiry({ retentionHours, clockOffsetMs, streamArn }: StreamState): Finding | null {
    if (retentionHours === undefined) return null;
    const oldest = this.deployment.clock.now() + clockOffsetMs - retentionHours * HOUR_MS;
    if (oldest <= this.range.from) return null;
    return finding.undetermined(
      "records-expired",
      streamArn,
      `The stream's retention of ${retentionHours} h passed the first hour while the stream was read, so events may have expired unread`,
      `Give --from ${formatHour(Math.ceil(oldest / HOUR_MS) * HOUR_MS)} or later, and raise retentionHours for the future`,
    );
  }

  /** Matches rows of the stream without a uuid, by reading the hours again in which they were uploaded. */
  async #matchAgain(): Promise<void> {
    const hours = this.#matcher.hoursToMatchAgain();
    if (hours.size > 0 && !this.deployment.signal.aborted) {
      this.#show("matching rows without a uuid");
      for await (const events of this.#exported.read(hours))
        for (const event of events) this.#matcher.matchAgain(event);
    }
    this.#matcher.endMatching();
  }

  /**
   * Reads the records that arrived from a time on.
   *
   * @returns Whether they were read up to the other time. The findings say why they were not.
   */
  async #read(
    stream: StreamState,
    from: EpochMs,
    to: EpochMs,
    onRecords: (batch: ShardRecords) => void,
  ): Promise<boolean> {
    const { pollMs, capacityShare, part } = this.options;
    const reader = readerOf(this.deployment, stream, {
      from: new Date(from - READ_MARGIN_MS),
      onRecords: (batch) => {
        // A shard that two parts read belongs to one of them.
        if (batch.isOfOtherPart) return;
        this.#rowsRead += batch.records.length;
        onRecords(batch);
        this.#show();
      },
      pollMs,
      capacityShare,
      part,
    });
    return whileReading(reader, this.deployment, this.#findings, async () => {
      void reader.start();
      const isDone = () => reader.hasReadUpTo(to);
      const progress = () => this.#rowsRead - reader.unreadShardIds(to).length;
      const isRead = await waitWhileProgressing(reader, isDone, progress, MAX_STALL_MS, this.deployment);
      const { signal, streamArn } = this.deployment;
      if (!isRead && !signal.aborted) this.#findings.push(notReadToEnd(reader.unreadShardIds(to), streamArn));
      return isRead;
    });
  }

  /** Writes what is missing, if the caller agrees, and reads it back. */
  async #backfill(stream: StreamState): Promise<void> {
    const { backfill: isRequested = false, confirmBackfill, capacityShare } = this.options;
    const { signal, outputs, clock, operator, wait } = this.deployment;
    if (!isRequested || !this.#readingComplete || signal.aborted) return;
    const { missing } = this.#matcher.tally;
    if (missing === 0) return;
    if (!(await (confirmBackfill?.(missing) ?? true))) return;
    // The first reading ended some time ago, and the service's time is what arrivals are compared with.
    const { stream: current = stream } = await checkStream(kinesisClient(operator), outputs, wait);
    this.#show("writing missing events");
    const [report, findings] = await backfill({
      missing: this.#missingEvents(this.#matcher.hoursWithMissing()),
      deployment: this.deployment,
      stream: current,
      capacityShare,
      onStep: (step) => this.#show(step),
    });
    this.#backfilled = report;
    this.#findings.push(...findings);
    this.#show("reading back what was written");
    const takeAgain = (batch: ShardRecords) => this.#matcher.takeAgain(batch);
    this.#readingComplete = await this.#read(current, current.serviceTime, clock.now(), takeAgain);
  }

  /** Looks at the events of some hours again. Yields those that are missing. */
  async *#missingEvents(hours: ReadonlySet<number>): AsyncGenerator<readonly ExportedEvent[]> {
    this.#matcher.startLook();
    for await (const events of this.#exported.read(hours)) {
      const missing: ExportedEvent[] = [];
      for (const event of events) if (this.#matcher.lookAgain(event)) missing.push(event);
      if (missing.length > 0) yield missing;
    }
  }

  /** Reads the hours again that have different or missing events, because only the export has their content. */
  async #lookAgain(): Promise<void> {
    const { missing } = this.options;
    if (this.deployment.signal.aborted) return;
    const different = this.#matcher.hoursWithDifferences();
    const hours =
      missing === undefined ? different : new Set([...different, ...this.#matcher.hoursWithMissing()]);
    if (hours.size > 0) this.#show("looking at the export again");
    if (missing !== undefined) await writeMissing(missing, this.#missingEvents(hours));
    else if (hours.size > 0) {
      this.#matcher.startLook();
      for await (const events of this.#exported.read(hours))
        for (const event of events) this.#matcher.lookAgain(event);
    }
  }

  async #readMetrics(): Promise<void> {
    const { syncId } = this.options;
    if (syncId === undefined || this.client === undefined) return;
    this.#show("reading Amplitude's delivery metrics");
    try {
      this.#metrics = (await this.client.metrics(syncId, this.range)) ?? null;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      this.#findings.push(metricsUnavailable(error.message));
      return;
    }
    if (this.#metrics === null && !this.deployment.signal.aborted)
      this.#findings.push(metricsUnavailable("Amplitude knows no destination with this --sync-id"));
  }

  #interruption(): Finding[] {
    return this.deployment.signal.aborted ? [interrupted(this.#matcher.eventsExported)] : [];
  }

  #result(): Omit<Reconciled, "before" | "after"> {
    const { tally, eventsWithoutIdentity, rowsIgnored, typesNotExported } = this.#matcher;
    const { options, deployment } = this;
    return {
      names: namesOf(deployment.outputs),
      where: deployment.streamArn,
      hours: { from: options.from, to: options.to },
      start: deployment.startedAt,
      end: deployment.clock.now(),
      part: options.part ?? null,
      runId: options.runId ?? null,
      tally,
      eventsWithoutIdentity,
      rowsIgnored,
      skipped: this.#exported.skipped,
      differences: this.#matcher.differences(MAX_DIFFERENCES),
      backfill: this.#backfilled,
      metrics: this.#metrics,
      hoursExportable: this.#exported.hoursExportable,
      typesNotExported: this.#exportRead ? typesNotExported.map((name) => redactName(name)) : [],
      exportRead: this.#exportRead,
      readingComplete: this.#readingComplete,
    };
  }

  /** Writes the part's file. The report decides nothing, because other parts may have what this one lacks. */
  async #partReport(part: Part, file: string, log: PartLog): Promise<ReconcileReport> {
    const { eventTypes = [], allTypes = false, runId = "" } = this.options;
    const { tally, differences: _, backfill: __, ...facts } = this.#result();
    const sameInAllParts = [
      unique(eventTypes).sort(),
      allTypes,
      facts.rowsIgnored,
      facts.skipped.problemCount,
    ];
    const findings = [...this.#findings, ...this.#interruption()];
    const exportHash = this.#exportRead ? log.exportHash(sameInAllParts) : null;
    await log.write(
      file,
      { ...facts, version: VERSION, part, runId, exportHash, ...this.#reading, findings },
      tally,
    );
    const own = [...findings, ...this.#reading.findingsAfter, partsNotMerged(part, file)];
    const report = composeReport({ ...this.#result(), readingComplete: false, before: [], after: [] });
    return { ...report, verdict: verdictFrom(own), findings: own };
  }

  #show(step = this.#step): void {
    this.#step = step;
    const { eventsExported, tally } = this.#matcher;
    this.options.onProgress?.({ step, eventsExported, eventsDelivered: tally.delivered });
  }
}
