import { stat } from "node:fs/promises";
import { ReportError } from "../common/errors";
import { probeFile, reportUnwritable, writeAtomically } from "../common/files";
import { type Finding, finding, listed, mostCommon } from "../common/findings";
import { newRunKey } from "../common/runId";
import { counted, jsonText } from "../common/text";
import type { StreamState } from "../deployment/stream";
import { redactName } from "../events/event";
import type { ExportedEvent } from "../events/export/rows";
import { type OutgoingRecord, type Reason, ReasonCounts } from "../kinesis/outcome";
import type { OutcomeListener, RecordEnd } from "../kinesis/producer";
import type { OpenDeployment } from "../sending/deployment";
import { pacedEvents, pacedRecords } from "../sending/pacing";
import { PROPAGATING, sendRecords } from "../sending/sendRecords";
import type { BackfillReport } from "./report";

const WHAT = "The missing events";

/** @throws ReportError if the file can't be written. */
export async function prepareMissing(file: string): Promise<void> {
  if (file === "-")
    throw new ReportError(
      `${WHAT} can't be written to -, because standard output has the report. Name a file`,
    );
  const existing = await stat(file).catch(() => undefined);
  const isOther = existing?.isFile() === false;
  const check = isOther ? Promise.reject(new Error("it isn't a regular file")) : probeFile(file);
  await reportUnwritable(WHAT, file, check);
}

/**
 * Writes one JSON line per missing event: which one it is, and where the export has it, without its content.
 *
 * @throws ReportError if the file can't be written. An existing file then remains.
 */
export async function writeMissing(
  file: string,
  missing: AsyncIterable<readonly ExportedEvent[]>,
): Promise<void> {
  const lines = async function* () {
    for await (const events of missing) yield events.map(lineOf).join("");
  };
  await reportUnwritable(WHAT, file, writeAtomically(file, lines()));
}

function lineOf({ row, origin }: ExportedEvent): string {
  const colon = origin.lastIndexOf(":");
  const { uuid, event_type, server_upload_time } = row;
  const missing = {
    uuid: typeof uuid === "string" ? uuid : null,
    type: typeof event_type === "string" ? redactName(event_type) : null,
    server_upload_time,
    file: origin.slice(0, colon),
    line: Number(origin.slice(colon + 1)),
  };
  return `${jsonText(missing, 0)}\n`;
}

export interface BackfillOptions {
  /** Events to write, in batches. */
  missing: AsyncIterable<readonly ExportedEvent[]>;
  deployment: OpenDeployment;
  stream: StreamState;
  /** Share of the stream's write capacity that is used. Default: half. */
  capacityShare?: number | undefined;
  onStep: (step: string) => void;
}

/** Events whose origin the finding names. */
const MAX_NAMED = 1_000;

/**
 * Writes missing events into the stream with the operator's credentials, one record per event, bytes as exported.
 *
 * @throws SourceError if the export can't be read.
 */
export async function backfill(options: BackfillOptions): Promise<[BackfillReport, Finding[]]> {
  const { missing, deployment, stream, capacityShare, onStep } = options;
  const written = new WrittenEvents();
  const source = { batches: () => missing, problems: [], problemCount: 0 };
  const paced = await pacedEvents({ source, capacityShare, signal: deployment.signal }, stream);
  const records = pacedRecords(paced, {
    ...deployment,
    toRecord: (event) => written.record(event),
    onBatch: () => onStep("writing missing events"),
  });
  const findings = await sendRecords(records, {
    deployment,
    stream,
    writer: deployment.operator,
    listener: written,
    sent: () => written.taken,
    signal: deployment.signal,
    onAccessDenied: () => onStep(PROPAGATING),
    throwsSourceErrors: true,
  });
  return [written.report, [...findings, ...written.findings(stream.streamArn)]];
}

/** Counts the outcomes of the events that were taken. */
class WrittenEvents implements OutcomeListener {
  readonly #key = newRunKey();
  readonly #pending = new Map<number, string>();
  readonly #notWritten: string[] = [];
  readonly #reasons = new ReasonCounts();
  taken = 0;
  #acknowledged = 0;

  record({ bytes, origin }: { bytes: Buffer; origin: string }): OutgoingRecord {
    const index = this.taken;
    this.taken += 1;
    this.#pending.set(index, origin);
    return { index, partitionKey: this.#key.partitionKey(index), bytes };
  }

  get report(): BackfillReport {
    return { eventsWritten: this.#acknowledged, eventsNotWritten: this.taken - this.#acknowledged };
  }

  findings(where: string): Finding[] {
    const { eventsNotWritten: count } = this.report;
    if (count === 0) return [];
    return [
      finding.error(
        "backfill-incomplete",
        where,
        `${counted(count, "missing event")} could not be written, or got no clear response: ${mostCommon(this.#reasons.ranked)}. Rows of the export: ${listed(this.#notWritten)}`,
        "Fix the cause above, and run this again with --missing FILE, which lists all of them. What was written meanwhile isn't written again",
      ),
    ];
  }

  onAttempt(): void {}

  onAmbiguous(): void {}

  onEnd(index: number, end: RecordEnd): void {
    const origin = this.#pending.get(index) ?? "";
    this.#pending.delete(index);
    if (end.kind === "acknowledged") {
      this.#acknowledged += 1;
      return;
    }
    this.#reasons.add("reason" in end ? end.reason : INTERRUPTED);
    if (this.#notWritten.length < MAX_NAMED) this.#notWritten.push(origin);
  }
}

const INTERRUPTED: Reason = { code: "interrupted", detail: "given up before the next attempt" };
