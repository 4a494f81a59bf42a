import { kinesisClient } from "../aws/clients";
import type { EpochMs } from "../common/clock";
import { SettingsError, SourceError } from "../common/errors";
import { type Finding, finding, hasSeverity } from "../common/findings";
import { READ_MARGIN_MS, VERSION } from "../common/limits";
import { namesOf } from "../common/outputs";
import type { Part } from "../common/part";
import { checkStream, type StreamState } from "../deployment/stream";
import type { ExportedEvent } from "../events/export/eventLines";
import { redactName } from "../events/redact";
import type { ShardRecords } from "../kinesis/shardReader";
import type { StreamReader } from "../kinesis/streamReader";
import {
  lookUpStream,
  type OpenDeployment,
  readerOf,
  whileReading,
  withDeployment,
} from "../sending/deployment";
import { interrupted, notReadToEnd } from "../sending/findings";
import { AmplitudeClient } from "./amplitudeClient";
import { backfill } from "./backfill";
import { composeReport, MAX_DIFFERENCES, type Reconciled } from "./composeReport";
import { ExportedHours } from "./exportedHours";
import { metricsUnavailable, partsNotMerged } from "./findings";
import { type Forwarding, Matcher } from "./matcher";
import { prepareMissing, writeMissing } from "./missingFile";
import {
  formatHour,
  HOUR_MS,
  type HourRange,
  type ReconcileOptions,
  validateReconcileOptions,
} from "./options";
import { type PartHeader, PartLog, preparePartFile } from "./partFile";
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
    const log = options.part === undefined ? undefined : new PartLog();
    try {
      return await new Reconciliation(options, deployment, range, client, log).run();
    } finally {
      client?.destroy();
      log?.close();
    }
  });
}

class Reconciliation {
  readonly #findings: Finding[] = [];
  readonly #forwarding: Forwarding;
  readonly #matcher: Matcher;
  readonly #exported: ExportedHours;
  readonly #windowEnd: EpochMs;
  #step = "";
  /** Whether the stream was read as far as it can decide. */
  #readingComplete = false;
  #exportRead = false;
  #rowsRead = 0;
  #backfilled: BackfillReport | null = null;
  #metrics: AmplitudeMetrics | null = null;
  /** Results of reading a part that count only if all parts together lack an event. */
  readonly #ofPart: Pick<PartHeader, "readWithin" | "readAfter" | "expired" | "findingsAfter"> = {
    readWithin: false,
    readAfter: null,
    expired: null,
    findingsAfter: [],
  };

  constructor(
    private readonly options: ReconcileOptions,
    private readonly deployment: OpenDeployment,
    private readonly range: HourRange,
    private readonly client: AmplitudeClient | undefined,
    private readonly log: PartLog | undefined,
  ) {
    const { eventTypes = [], allTypes = false } = options;
    this.#forwarding = { eventTypes: new Set(eventTypes), allTypes };
    this.#windowEnd = range.end + RETRY_WINDOW_MS;
    this.#matcher = new Matcher(range, this.#windowEnd, log);
    this.#exported = new ExportedHours(options, range, client, deployment.startedAt);
  }

  async run(): Promise<ReconcileReport> {
    // Fails before anything is read.
    if (this.options.missing !== undefined) await prepareMissing(this.options.missing);
    if (this.options.partFile !== undefined) await preparePartFile(this.options.partFile);
    await this.#exported.prepare();
    const stream = await this.#lookUp();
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
    return part === undefined || partFile === undefined ? this.#report() : this.#partReport(part, partFile);
  }

  async #lookUp(): Promise<StreamState | undefined> {
    const { stream, findings } = await lookUpStream(this.deployment, (step) => this.#show(step));
    this.#findings.push(...findings);
    return stream;
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

  async #readStream(stream: StreamState): Promise<void> {
    if (this.deployment.signal.aborted) return;
    this.#show("reading the stream");
    const now = this.deployment.clock.now();
    const read = (from: EpochMs, to: EpochMs, isAfterWindow: boolean) =>
      this.#withReader(
        stream,
        from - READ_MARGIN_MS,
        (batch) => this.#matcher.take(batch, isAfterWindow),
        (reader) => this.#readUpTo(reader, to),
      );
    this.#readingComplete = await read(this.range.from, Math.min(this.#windowEnd, now), false);
    if (this.log !== undefined) {
      await this.#readOn(stream, now <= this.#windowEnd ? undefined : () => read(this.#windowEnd, now, true));
      return;
    }
    const expired = this.#expiry(stream);
    if (expired !== undefined && this.#missing > 0) {
      this.#readingComplete = false;
      this.#findings.push(expired);
    }
    if (!this.#readingComplete || now <= this.#windowEnd || !this.#mayArriveLater) return;
    this.#show("reading on for missing events");
    this.#readingComplete = await read(this.#windowEnd, now, true);
  }

  /** Reads a part of the stream on in any case, because only all parts together tell whether events are missing. */
  async #readOn(stream: StreamState, read: (() => Promise<boolean>) | undefined): Promise<void> {
    this.#ofPart.readWithin = this.#readingComplete;
    this.#ofPart.expired = this.#expiry(stream) ?? null;
    if (!this.#readingComplete || read === undefined) return;
    this.#show("reading on for missing events");
    const before = this.#findings.length;
    this.#ofPart.readAfter = await read();
    this.#ofPart.findingsAfter = this.#findings.splice(before);
  }

  /** Records may have expired before they were read, so events of the first hours that are missing prove nothing then. */
  #expiry({ retentionHours, clockOffsetMs, streamArn }: StreamState): Finding | undefined {
    if (retentionHours === undefined) return undefined;
    const oldest = this.deployment.clock.now() + clockOffsetMs - retentionHours * HOUR_MS;
    if (oldest <= this.range.from) return undefined;
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

  /** @returns What `read` returns, or false if the stream can't be read. */
  async #withReader(
    stream: StreamState,
    from: EpochMs,
    onRecords: (batch: ShardRecords) => void,
    read: (reader: StreamReader) => Promise<boolean>,
  ): Promise<boolean> {
    const reader = this.#reader(stream, from, onRecords);
    return whileReading(reader, stream.streamArn, this.#findings, () => {
      void reader.start();
      return read(reader);
    });
  }

  /** Whether events that arrived after Amplitude's retries, such as those of a backfill, can change the result. */
  get #mayArriveLater(): boolean {
    const { outstanding, eventsDelivered } = this.#matcher;
    return outstanding > 0 && (eventsDelivered === 0 || this.#missing > 0);
  }

  /** @returns Whether the stream was read up to this time. */
  async #readUpTo(reader: StreamReader, time: EpochMs): Promise<boolean> {
    const { clock, signal, streamArn } = this.deployment;
    for (;;) {
      const progress = () => this.#rowsRead - reader.unreadShardIds(time).length;
      const before = progress();
      const deadline = clock.now() + MAX_STALL_MS;
      if (await reader.waitFor(() => reader.hasReadUpTo(time), deadline, signal)) return true;
      if (signal.aborted) return false;
      if (progress() > before) continue;
      this.#findings.push(notReadToEnd(reader.unreadShardIds(time), streamArn));
      return false;
    }
  }

  #reader(stream: StreamState, from: EpochMs, onRecords: (batch: ShardRecords) => void): StreamReader {
    return readerOf(this.deployment, stream, {
      ...this.options,
      from: new Date(from),
      onRecords: (batch) => {
        // A shard that two parts read belongs to one of them.
        if (batch.isOfOtherPart) return;
        this.#rowsRead += batch.records.length;
        onRecords(batch);
        this.#show();
      },
    });
  }

  /** Writes what is missing, if the caller agrees, and reads it back. */
  async #backfill(stream: StreamState): Promise<void> {
    const { backfill: isRequested = false, confirmBackfill, capacityShare } = this.options;
    const { signal, outputs, clock, operator, wait } = this.deployment;
    if (!isRequested || !this.#readingComplete || signal.aborted) return;
    const missing = this.#missing;
    if (missing === 0) return;
    if (!(await (confirmBackfill?.(missing) ?? true))) return;
    // The first reading ended some time ago, and the service's time is what arrivals are compared with.
    const { stream: current = stream } = await checkStream(kinesisClient(operator), outputs, wait);
    this.#show("writing missing events");
    const [report, findings] = await backfill({
      missing: this.#missingEvents(),
      deployment: this.deployment,
      stream: current,
      capacityShare,
      onStep: (step) => this.#show(step),
    });
    this.#backfilled = report;
    this.#findings.push(...findings);
    this.#show("reading back what was written");
    const writtenAt = clock.now();
    const from = current.serviceTime - READ_MARGIN_MS;
    const takeAgain = (batch: ShardRecords) => this.#matcher.takeAgain(batch);
    this.#readingComplete = await this.#withReader(current, from, takeAgain, (reader) =>
      this.#readUpTo(reader, writtenAt),
    );
  }

  get #missing(): number {
    return this.#matcher.result(this.#forwarding).total.eventsMissing;
  }

  /** Reads hours again. Yields the events that are missing. */
  async *#missingEvents(
    hours = this.#matcher.hoursToLookAt({ missing: true }),
  ): AsyncGenerator<readonly ExportedEvent[]> {
    this.#matcher.startLook();
    for await (const events of this.#exported.read(hours)) {
      const missing = events.filter((event) => this.#matcher.lookAgain(event, this.#forwarding));
      if (missing.length > 0) yield missing;
    }
  }

  /** Reads the hours again that have different or missing events, because only the export has their content. */
  async #lookAgain(): Promise<void> {
    const { missing } = this.options;
    if (this.deployment.signal.aborted) return;
    const hours = this.#matcher.hoursToLookAt({ missing: missing !== undefined });
    if (hours.size > 0) this.#show("looking at the export again");
    if (missing !== undefined) await writeMissing(missing, this.#missingEvents());
    else if (hours.size > 0) for await (const _ of this.#missingEvents(hours));
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

  #report(): ReconcileReport {
    const after = this.deployment.signal.aborted ? [interrupted(this.#matcher.eventsExported)] : [];
    return composeReport({ ...this.#result(), before: this.#findings, after });
  }

  #result(): Omit<Reconciled, "before" | "after"> {
    const { options, deployment } = this;
    const { total, hours, types } = this.#matcher.result(this.#forwarding);
    return {
      names: namesOf(deployment.outputs),
      where: deployment.streamArn,
      hours: { from: options.from, to: options.to },
      start: deployment.startedAt,
      end: deployment.clock.now(),
      part: options.part ?? null,
      runId: options.runId ?? null,
      total,
      outcomes: hours,
      eventTypes: [...types].map(([name, outcomes]) => ({ eventType: redactName(name), ...outcomes })),
      eventsWithoutIdentity: this.#matcher.eventsWithoutIdentity,
      rowsIgnored: this.#matcher.rowsIgnored,
      unmatched: this.#matcher.unmatched(),
      skipped: this.#exported,
      latency: this.#matcher.tally.latency.summary() ?? null,
      differences: this.#matcher.differences(MAX_DIFFERENCES),
      backfill: this.#backfilled,
      metrics: this.#metrics,
      isExportable: (hour) => this.#exported.isExportable(hour),
      unexplainedHours: this.#matcher.unexplainedHours,
      typesNotExported: [...this.#forwarding.eventTypes].flatMap((name) =>
        !this.#exportRead || types.has(name) ? [] : redactName(name),
      ),
      exportRead: this.#exportRead,
      readingComplete: this.#readingComplete,
    };
  }

  /** Writes the part's file. The report decides nothing, because other parts may have what this one lacks. */
  async #partReport(part: Part, file: string): Promise<ReconcileReport> {
    const { options, deployment, log } = this;
    const { tally, typeNames, eventsExported } = this.#matcher;
    const { eventTypes, allTypes } = this.#forwarding;
    const {
      names,
      where,
      hours,
      start,
      end,
      eventsWithoutIdentity,
      rowsIgnored,
      typesNotExported,
      ...result
    } = this.#result();
    const { problems, problemCount, fileProblemCount } = this.#exported;
    const findings = [...this.#findings, ...(deployment.signal.aborted ? [interrupted(eventsExported)] : [])];
    await log?.write(
      file,
      {
        version: VERSION,
        part,
        runId: options.runId ?? "",
        ...{ names, where, hours, start, end },
        exportHash: this.#exportRead
          ? log.exportHash([[...eventTypes].sort(), allTypes, rowsIgnored, problemCount])
          : null,
        exportedOfHours: tally.hours.map((outcomes) => outcomes.eventsExported),
        exportedOfTypes: tally.types.map((outcomes) => outcomes.eventsExported),
        typeNames: typeNames.map(redactName),
        forwardedTypes: typeNames.flatMap((name, type) => (allTypes || eventTypes.has(name) ? type : [])),
        ...{ typesNotExported, eventsWithoutIdentity, rowsIgnored },
        skipped: { problems, problemCount, fileProblemCount },
        hoursExportable: result.outcomes.filter((_, hour) => this.#exported.isExportable(hour)).length,
        stages: this.#matcher.unmatchedByStage(),
        ...this.#ofPart,
        findings,
        metrics: this.#metrics,
      },
      tally,
    );
    const own = [...findings, ...this.#ofPart.findingsAfter, partsNotMerged(part, file)];
    const report = composeReport({ ...this.#result(), readingComplete: false, before: [], after: [] });
    return { ...report, verdict: hasSeverity(own, "error") ? "incomplete" : "undecided", findings: own };
  }

  #show(step = this.#step): void {
    this.#step = step;
    const { eventsExported, eventsDelivered } = this.#matcher;
    this.options.onProgress?.({ step, eventsExported, eventsDelivered });
  }
}
