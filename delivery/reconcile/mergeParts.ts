import { ReportError } from "../common/errors";
import { type Finding, finding, listed } from "../common/findings";
import { type PartReport, partText, selectParts } from "../common/part";
import { unique } from "../common/values";
import { composeReport, MAX_DIFFERENCES } from "./composeReport";
import { mix } from "./eventTable";
import type { Stage } from "./matcher";
import { HOUR_MS, parseHour } from "./options";
import { type DifferenceLine, type PartHeader, type PartVisitor, readPartFile } from "./partFile";
import type { FieldDifference, ReconcileReport } from "./report";
import { type StageOfRows, sumOfRows, Tally } from "./tally";

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
  readonly #findings: Finding[];

  constructor(
    private readonly all: PartFile[],
    gaps: Finding[],
  ) {
    const read = all.flatMap(({ header }) => header.exportHash ?? []);
    const numberOf = (hash: string | undefined) => read.filter((each) => each === hash).length;
    const exportHash = read.reduce((one, other) => (numberOf(other) > numberOf(one) ? other : one), read[0]);
    this.#compared = all.filter(({ header }) => header.exportHash === exportHash);
    this.#first = (this.#compared[0] ?? (all[0] as PartFile)).header;
    const others = all.filter(({ header }) => header.exportHash !== null && header.exportHash !== exportHash);
    this.#findings = [...gaps, ...others.map((other) => ofOtherExport(other))];
    this.#tally = new Tally(rangeOf(this.#first));
  }

  async report(): Promise<ReconcileReport> {
    const { typeNames, hours, names, where, skipped, runId } = this.#first;
    await this.#addExported();
    let readingComplete = this.#findings.length === 0 && this.#every(({ readWithin }) => readWithin);
    const stages: Stage[] = [0];
    await this.#replay(0);
    const before = [...this.#findings, ...this.#findingsOf(({ findings }) => findings)];
    if (this.#missing(stages) > 0) {
      const expired = this.#findingsOf(({ expired }) => (expired === null ? [] : [expired]));
      readingComplete &&= expired.length === 0;
      before.push(...expired);
    }
    if (readingComplete && this.#mayArriveLater(stages)) {
      stages.push(1);
      await this.#replay(1);
      readingComplete = this.#every(({ readAfter }) => readAfter !== false);
      before.push(...this.#findingsOf(({ findingsAfter }) => findingsAfter));
    }
    for (const stage of stages.map((stage) => (stage + 2) as Stage)) {
      stages.push(stage);
      await this.#replay(stage);
    }
    for (const stage of stages) await this.#compareFields(stage);
    const { total, hours: outcomes, types } = this.#tally.result((type) => this.#isForwarded(type, stages));
    const rows = this.#rowsOf(stages);
    const [start, end] = [
      Math.min(...this.all.map(({ header }) => header.start)),
      Math.max(...this.all.map(({ header }) => header.end)),
    ];
    return composeReport({
      names,
      where,
      hours,
      start,
      end,
      part: null,
      runId,
      total,
      outcomes,
      eventTypes: types.map((each, type) => ({ eventType: typeNames[type] ?? "", ...each })),
      eventsWithoutIdentity: this.#first.eventsWithoutIdentity,
      rowsIgnored: this.#first.rowsIgnored,
      unmatched: sumOfRows(rows.map(({ counts }) => counts)),
      skipped,
      latency: this.#tally.latency.summary() ?? null,
      differences: this.#differences(),
      backfill: null,
      metrics: this.all.map(({ header }) => header.metrics).find((metrics) => metrics !== null) ?? null,
      isExportable: (hour) => this.all.every(({ header }) => hour < header.hoursExportable),
      unexplainedHours: new Set(rows.flatMap((stage) => stage.hours)),
      typesNotExported: this.#first.typesNotExported,
      exportRead: this.#first.exportHash !== null,
      readingComplete,
      before,
      after: [],
    });
  }

  async #addExported(): Promise<void> {
    const { exportedOfHours, exportedOfTypes } = this.#first;
    for (const [hour, events] of exportedOfHours.entries())
      this.#tally.count("eventsExported", hour, -1, events);
    for (const [type, events] of exportedOfTypes.entries()) {
      this.#tally.addType();
      this.#tally.count("eventsExported", -1, type, events);
    }
    const [first] = this.#compared;
    if (first === undefined) return;
    await this.#read(first, {
      onEvent: (hour, type) => {
        const number = this.#tally.table.size;
        this.#tally.add({ low: mix(number), high: number }, { hour, type, ms: 0, content: 0, bytes: 0 });
      },
    });
  }

  /** Takes the matches of a stage, part by part, as one process takes them, shard by shard. */
  async #replay(replayed: Stage): Promise<void> {
    for (const part of this.#compared)
      await this.#read(part, {
        onMatch: (entry, delay, { stage, isRepeated, isDifferent }) => {
          if (stage !== replayed) return;
          this.#checkEntry(entry);
          this.#tally.see(entry, delay, isRepeated);
          if (isDifferent) this.#tally.table.markDifferent(entry);
        },
      });
  }

  /** Counts the fields of each different event once. */
  async #compareFields(compared: Stage): Promise<void> {
    for (const part of this.#compared)
      await this.#read(part, {
        onDifference: (line) => {
          if (line.stage !== compared) return;
          this.#checkEntry(line.entry);
          if (this.#tally.table.visit(line.entry)) this.#countFields(line);
        },
      });
  }

  #countFields({ entry, fields }: DifferenceLine): void {
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

  async #read({ file }: PartFile, visitor: PartVisitor): Promise<void> {
    await readPartFile(file, visitor);
  }

  #checkEntry(entry: number): void {
    if (entry >= this.#tally.table.size) throw new Error("it names an event that the export lacks");
  }

  /** Whether all parts have read the same export, and fulfill a condition. */
  #every(condition: (header: PartHeader) => boolean): boolean {
    return (
      this.all.length === this.#compared.length && this.#compared.every(({ header }) => condition(header))
    );
  }

  #missing(stages: Stage[]): number {
    return this.#tally.result((type) => this.#isForwarded(type, stages)).total.eventsMissing;
  }

  /** Whether one process would have looked for events that arrived after Amplitude's retries. */
  #mayArriveLater(stages: Stage[]): boolean {
    const { outstanding, delivered } = this.#tally;
    return outstanding > 0 && (delivered === 0 || this.#missing(stages) > 0);
  }

  #isForwarded(type: number, stages: Stage[]): boolean {
    return (
      this.#first.forwardedTypes.includes(type) ||
      this.#rowsOf(stages).some(({ types }) => types.includes(type))
    );
  }

  #rowsOf(stages: Stage[]): StageOfRows[] {
    return this.#compared.flatMap(({ header }) => stages.flatMap((stage) => header.stages[stage] ?? []));
  }

  /** Returns each finding of the parts once, with the parts that have it, unless all of them do. */
  #findingsOf(select: (header: PartHeader) => Finding[]): Finding[] {
    const found = this.all.flatMap(({ header }) =>
      select(header).map((each) => ({ each, key: JSON.stringify(each), part: partText(header.part) })),
    );
    return unique(found.map(({ key }) => key)).flatMap((key) => {
      const same = found.filter((other) => other.key === key);
      const [first] = same;
      if (first === undefined) return [];
      const parts = unique(same.map(({ part }) => part));
      if (parts.length === this.all.length) return [first.each];
      const which = `${parts.length === 1 ? "part" : "parts"} ${listed(parts)}`;
      return [{ ...first.each, message: `${first.each.message} (${which})` }];
    });
  }
}

function rangeOf({ hours: { from, to } }: PartHeader) {
  return { from: parseHour(from) ?? 0, end: (parseHour(to) ?? 0) + HOUR_MS };
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
