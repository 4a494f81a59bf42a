import type { ExportedEvent } from "../events/export/eventLines";
import { type ExportSource, openExport } from "../events/export/exportReader";
import type { SourceProblem } from "../events/source";
import type { ReconcileOptions } from "./options";

/** Amplitude's side: the rows of the hours, which can be read more than once. */
export class ExportedHours {
  /** Parts of the export that are not events, of the first reading. */
  readonly problems: SourceProblem[] = [];
  problemCount = 0;
  fileProblemCount = 0;
  #readings = 0;

  constructor(private readonly options: ReconcileOptions) {}

  /**
   * Reads the rows of the export in batches.
   *
   * @param hours Numbers of the hours that matter. Archives may also yield rows of other hours. Default: all.
   * @throws SourceError if an archive can't be read.
   */
  async *read(hours?: ReadonlySet<number>): AsyncGenerator<readonly ExportedEvent[]> {
    const isFirst = this.#readings === 0;
    this.#readings += 1;
    for await (const source of this.#sources(hours)) {
      yield* source.batches();
      if (isFirst) this.#addProblems(source);
    }
  }

  async *#sources(_hours: ReadonlySet<number> | undefined): AsyncGenerator<ExportSource> {
    for (const file of this.options.exports ?? []) yield await openExport(file);
  }

  #addProblems({ problems, problemCount, fileProblemCount }: ExportSource): void {
    this.problems.push(...problems);
    this.problemCount += problemCount;
    this.fileProblemCount += fileProblemCount;
  }
}
