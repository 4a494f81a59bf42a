import type { SourceProblem } from "../source";

/** A broken export can have millions of broken lines; a report needs the first of them and the number of all. */
const MOST_KEPT = 100;

/** The rest is for whole files: one corrupt file unpacks to many broken lines, and says why only after them. */
const MOST_LINES_KEPT = 80;

/** What a source had to leave out: at most the first 100, of them 80 single lines, and how many there were. */
export class Problems {
  readonly kept: SourceProblem[] = [];
  count = 0;

  add(problem: SourceProblem): void {
    this.count++;
    const most = problem.line === undefined ? MOST_KEPT : MOST_LINES_KEPT;
    if (this.kept.length < most) this.kept.push(problem);
  }
}
