import type { Part } from "../common/part";
import { counted } from "../common/text";

/**
 * One event, as the bytes that become one record: a JSON object in the shape of Amplitude's Export API, without a
 * line break at its end. Nothing downstream parses or changes the bytes.
 */
export interface SourceEvent {
  /** The record's data, unchanged: UTF-8, at most the stream's largest record. */
  readonly bytes: Buffer;
  /** Where the event came from, for messages: `generator:17`, or `export.zip/…#0.json.gz:17` for line 17. */
  readonly origin: string;
}

/** A piece of the source that is not an event. Reading goes on after it. */
export interface SourceProblem {
  /** The file, with its path in the ZIP: `export.zip/100011471/100011471_2026-01-05_9#0.json.gz`. */
  readonly file: string;
  /** From 1. Absent if the whole file can't be read. */
  readonly line?: number;
  /** The reason, without a value of the event. */
  readonly reason: string;
}

/** Rows of a source that were not sent. */
export interface Omissions {
  /**
   * Number of rows that were not sent, because they are not events or can't be read. A file that can't be read, or not to its
   * end, counts as one.
   */
  eventsSkipped: number;
  /** Number of those that are files. The number of their rows is unknown. */
  filesSkipped: number;
}

/** A source of events, which is read once, and only as fast as the producer sends. */
export interface EventSource {
  /** Number of events to come, for a progress bar. Absent if it is unknown. */
  readonly expectedEvents?: number;
  /**
   * Starts the one reading. Yields the events in order, as many per batch as are available: an asynchronous step per event
   * costs as much as sending it.
   */
  batches(): AsyncIterable<readonly SourceEvent[]>;
  /** First 100 pieces that were skipped so far; complete once `batches()` has ended. */
  readonly problems: readonly SourceProblem[];
  /** Number of all pieces that were skipped so far. */
  readonly problemCount: number;
  /** Number of those that are files, or the rest of a file. Default: 0. */
  readonly fileProblemCount?: number;
}

/**
 * Returns every N-th event of a source, of which part I has the I-th and those that follow in steps of N. Only the first part
 * counts what was skipped, so that the parts together count it once.
 */
export function partOf(source: EventSource, { index, count }: Part): EventSource {
  async function* batches(): AsyncGenerator<readonly SourceEvent[]> {
    let number = 0;
    for await (const events of source.batches()) {
      const own = events.filter((_, at) => (number + at) % count === index);
      number += events.length;
      if (own.length > 0) yield own;
    }
  }
  return {
    batches,
    get problems() {
      return index === 0 ? source.problems : [];
    },
    get problemCount() {
      return index === 0 ? source.problemCount : 0;
    },
    get fileProblemCount() {
      return index === 0 ? (source.fileProblemCount ?? 0) : 0;
    },
  };
}

export function omissionsOf({
  problemCount,
  fileProblemCount = 0,
}: Pick<EventSource, "problemCount" | "fileProblemCount">): Omissions {
  return { eventsSkipped: problemCount, filesSkipped: fileProblemCount };
}

/** Returns the end of a sentence that says how many rows were left out; nothing if there are none. */
export function leftOut({ eventsSkipped, filesSkipped }: Omissions): string {
  const counts = [[eventsSkipped - filesSkipped, "row"] as const, [filesSkipped, "file"] as const];
  const parts = counts.filter(([count]) => count > 0).map(([count, what]) => counted(count, what));
  if (parts.length === 0) return "";
  return `, but ${parts.join(" and ")} of the source ${eventsSkipped === 1 ? "was" : "were"} left out`;
}

/** A broken export can have millions of broken lines. A report needs the first of them and their number. */
const MAX_KEPT_PROBLEMS = 100;
/** The rest is for whole files: a corrupt file unpacks to many broken lines, and its own problem follows them. */
const MAX_KEPT_LINES = 80;

/** Problems of a source: at most the first 100, of them 80 single lines, and their number. */
export class Problems {
  readonly kept: SourceProblem[] = [];
  count = 0;
  fileCount = 0;

  add(problem: SourceProblem): void {
    const isFile = problem.line === undefined;
    this.count += 1;
    if (isFile) this.fileCount += 1;
    const max = isFile ? MAX_KEPT_PROBLEMS : MAX_KEPT_LINES;
    if (this.kept.length < max) this.kept.push(problem);
  }
}
