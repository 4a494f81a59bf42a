import { ReportError } from "../common/errors";
import { type Finding, finding, listed } from "../common/findings";
import { mergeFindings, type PartReport, partText, selectParts } from "../common/part";
import { mostFrequent } from "../common/values";
import { composeReport, MAX_DIFFERENCES } from "./composeReport";
import { HOUR_MS, parseHour } from "./options";
import {
  type Difference,
  type PartHeader,
  type PartVisitor,
  type Period,
  readPartFile,
  STAGE,
  type Stage,
} from "./partFile";
import type { FieldDifference, ReconcileReport } from "./report";
import { mix } from "./row";
import { Tally } from "./tally";

/** A part's file, and the header in it. */
interface PartFile {
  file: string;
  header: PartHeader;
}

/**
 * Merges the files of all parts of a reconciliation into the report that one process would have written. A part that is
 * missing, double, of another run or with another export makes it undecided, and is named. Memory is at most 32 bytes per
 * exported event, and some MiB.
 *
 * @param files Files that `reconcileDelivery` wrote as `partFile`.
 * @throws ReportError if there is none, or one of them isn't a whole part's file.
 */
export async function mergeReconciliations(files: readonly string[]): Promise<ReconcileReport> {
  const parts: PartReport<PartFile>[] = [];
  for (const file of files) parts.push(partReport(file, await readPartFile(file)));
  const { selected, findings } = selectParts(parts);
  const all = selected
    .map(({ report }) => report)
    .sort((one, other) => one.header.part.index - other.header.part.index);
  if (all.length === 0) throw new ReportError("There is no part to merge. Name the files of all parts");
  return new Merge(all, findings).report();
}

function partReport(file: string, header: PartHeader): PartReport<PartFile> {
  const { runId, names, hours, version, part, start } = header;
  const run = `run ${runId} of ${names.streamName} (${names.region}, ${names.roleArn}), hours ${hours.from} to ${hours.to}, by version ${version}`;
  const startedAt = new Date(start).toISOString();
  return { report: { file, header }, where: file, parts: [part], run, startedAt };
}

class Merge {
  readonly #first: PartHeader;
  readonly #tally: Tally;
  /** Parts that have read the same export. */
  readonly #compared: PartFile[];
  readonly #fields = new Map<string, FieldDifference & { first: [entry: number, field: number] }>();
  readonly #gaps: Finding[];

  constructor(
    private readonly all: PartFile[],
    gaps: Finding[],
  ) {
    const read = all.flatMap(({ header }) => header.exportHash ?? []);
    const exportHash = mostFrequent(read);
    this.#compared = all.filter(({ header }) => header.exportHash === exportHash);
    this.#first = (this.#compared[0] ?? (all[0] as PartFile)).header;
    const others = all.filter(({ header }) => header.exportHash !== null && header.exportHash !== exportHash);
    this.#gaps = [...gaps, ...others.map(ofOtherExport)];
    const { from, to } = this.#first.hours;
    this.#tally = new Tally({ from: parseHour(from) ?? 0, end: (parseHour(to) ?? 0) + HOUR_MS });
  }

  /** Decides as `Reconciliation.#readStream` does in one process, from what all parts have read. */
  async report(): Promise<ReconcileReport> {
    const tally = this.#tally;
    const headers = this.all.map(({ header }) => header);
    await this.#addExported();
    let readingComplete = this.#gaps.length === 0 && this.#every(({ readWithin }) => readWithin);
    const periods: Period[] = ["within"];
    await this.#replay(STAGE.within);
    const before = [...this.#gaps, ...this.#findingsOf(({ findings }) => findings)];
    if (tally.missing > 0) {
      const expired = this.#findingsOf(({ expired }) => (expired === null ? [] : [expired]));
      readingComplete &&= expired.length === 0;
      before.push(...expired);
    }
    if (readingComplete && tally.mayArriveLater) {
      periods.push("after");
      await this.#replay(STAGE.after);
      readingComplete = this.#every(({ readAfter }) => readAfter !== false);
      before.push(...this.#findingsOf(({ findingsAfter }) => findingsAfter));
    }
    const again = periods.map((period) => STAGE[`${period}Again` as const]);
    for (const stage of again) await this.#replay(stage);
    for (const stage of [...periods.map((period) => STAGE[period]), ...again])
      await this.#read({ onDifference: (each) => each.stage === stage && this.#countFields(each) });
    return composeReport({
      ...this.#first,
      start: Math.min(...headers.map(({ start }) => start)),
      end: Math.max(...headers.map(({ end }) => end)),
      part: null,
      tally,
      differences: this.#differences(),
      backfill: null,
      metrics: headers.find(({ metrics }) => metrics !== null)?.metrics ?? null,
      hoursExportable: Math.min(...headers.map(({ hoursExportable }) => hoursExportable)),
      exportRead: this.#first.exportHash !== null,
      readingComplete,
      before,
      after: [],
    });
  }

  async #addExported(): Promise<void> {
    const { hours, table } = this.#tally;
    for (const [hour, outcomes] of hours.entries())
      outcomes.eventsExported = this.#first.exportedOfHours[hour] ?? 0;
    for (const type of this.#first.types) this.#tally.addType(type);
    // A part's file has no identities. Nothing looks them up, so any that differ and spread over the table will do.
    const onEvent = (hour: number, type: number) =>
      table.add({ low: mix(table.size), high: table.size }, { hour, type, ms: 0, content: 0, bytes: 0 });
    await this.#read({ onEvent }, this.#compared.slice(0, 1));
  }

  /** Takes the rows of a stage, part by part, as one process takes them, shard by shard. */
  async #replay(stage: Stage): Promise<void> {
    for (const { header } of this.#compared) {
      const rows = header.stages[stage];
      if (rows !== undefined)
        this.#tally.stages.push({ ...rows, types: new Set(rows.types), hours: new Set(rows.hours) });
    }
    await this.#read({
      onMatch: (match) => {
        if (match.stage !== stage) return;
        const entry = this.#checked(match.entry);
        this.#tally.see(entry, match.delay, match.isRepeated);
        if (match.isDifferent) this.#tally.table.markDifferent(entry);
      },
    });
  }

  /** Counts the fields of each different event once. */
  #countFields({ entry, fields }: Difference): void {
    if (!this.#tally.table.visit(this.#checked(entry))) return;
    for (const [index, { field, sample }] of fields.entries()) {
      const known = this.#fields.get(field);
      if (known !== undefined) known.count += 1;
      if (known === undefined || isBefore([entry, index], known.first))
        this.#fields.set(field, { field, count: known?.count ?? 1, sample, first: [entry, index] });
    }
  }

  /** The fields that differ most often; of equally frequent ones, those that the export has first. */
  #differences(): FieldDifference[] {
    return [...this.#fields.values()]
      .sort((one, other) => other.count - one.count || (isBefore(one.first, other.first) ? -1 : 1))
      .slice(0, MAX_DIFFERENCES)
      .map(({ first: _, ...difference }) => difference);
  }

  async #read(visitor: PartVisitor, parts = this.#compared): Promise<void> {
    for (const { file } of parts) await readPartFile(file, visitor);
  }

  #checked(entry: number): number {
    if (entry >= this.#tally.table.size) throw new Error("it names an event that the export lacks");
    return entry;
  }

  /** Whether all parts have read the same export, and fulfill a condition. */
  #every(condition: (header: PartHeader) => boolean): boolean {
    return (
      this.all.length === this.#compared.length && this.#compared.every(({ header }) => condition(header))
    );
  }

  /** Returns each finding of the parts once, with the parts that have it, unless all of them do. */
  #findingsOf(select: (header: PartHeader) => Finding[]): Finding[] {
    const reports = this.all.map(({ header }) => ({ part: header.part, findings: select(header) }));
    return mergeFindings(reports, (parts) => {
      if (parts.length === this.all.length) return "";
      return `${parts.length === 1 ? "part" : "parts"} ${listed(parts.map(partText))}`;
    });
  }
}

function isBefore([entry, field]: [number, number], [otherEntry, otherField]: [number, number]): boolean {
  return entry < otherEntry || (entry === otherEntry && field < otherField);
}

function ofOtherExport({ file, header }: PartFile): Finding {
  return finding.undetermined(
    "part-of-another-export",
    file,
    `Part ${partText(header.part)} has read another export than most parts, or with other --event-type or --all-types. It is left out`,
    "Give all parts the same archives in the same order, such as one --keep-export folder, and the same options. Run this part again, and merge again",
  );
}
