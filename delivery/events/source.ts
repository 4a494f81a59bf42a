/**
 * One event, as the bytes that become one record: a JSON object in the shape of Amplitude's Export API, without a
 * line break at its end. Nothing downstream parses or changes the bytes.
 */
export interface SourceEvent {
  /** The record's data, unchanged: UTF-8, at most the stream's largest record. */
  readonly bytes: Buffer;
  /** Where the event came from, for messages: `generator:17`, or `export.zip/…#0.json.gz:17` for line 17. */
  readonly origin: string;
  /** What `bytes` lie in, where that can be used again. */
  readonly memory?: EventMemory | undefined;
}

/** Memory that the bytes of several events lie in. */
export interface EventMemory {
  /**
   * Nobody will look at one of the events' bytes again, said once for each: when all have been said so of, other events are
   * written over them. Whoever does not say it keeps the bytes for as long as they are wanted.
   */
  release(): void;
}

/** A piece of the source that is not an event. The rest of the source goes on. */
export interface SourceProblem {
  /** The file, inside the ZIP too: `export.zip/100011471/100011471_2026-01-05_9#0.json.gz`. */
  readonly file: string;
  /** 1-based; absent where the whole file can't be read. */
  readonly line?: number;
  /** What is wrong, without quoting the event's values. */
  readonly reason: string;
}

/** Where events come from. It is read once, lazily, as fast as the producer takes them. */
export interface EventSource {
  /** How many events will come, where that is known beforehand (for a progress bar). */
  readonly expectedEvents?: number;
  /** Starts the one reading. */
  events(): AsyncIterable<SourceEvent>;
  /**
   * Starts the one reading, in place of `events`: the same events in the same order, as many at once as are there. One
   * asynchronous step for each event costs as much as to send it.
   */
  eventBatches?(): AsyncIterable<readonly SourceEvent[]>;
  /** What had to be left out so far; complete once `events()` has ended. At most 100: `problemCount` is the true number. */
  readonly problems: readonly SourceProblem[];
  /** How many pieces had to be left out so far. */
  readonly problemCount: number;
}

/** A broken export can have millions of broken lines. A report needs the first of them and their number. */
const MAX_KEPT_PROBLEMS = 100;
/** The rest is for whole files: a corrupt file unpacks to many broken lines, and its own problem follows them. */
const MAX_KEPT_LINES = 80;

/** Problems of a source: at most the first 100, of them 80 single lines, and their number. */
export class Problems {
  readonly kept: SourceProblem[] = [];
  count = 0;

  add(problem: SourceProblem): void {
    this.count++;
    const max = problem.line === undefined ? MAX_KEPT_PROBLEMS : MAX_KEPT_LINES;
    if (this.kept.length < max) this.kept.push(problem);
  }
}
