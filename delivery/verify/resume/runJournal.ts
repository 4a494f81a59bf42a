import { type Ranges, toRanges } from "./ranges";
import type { RunFile } from "./runFile";
import type { OutcomeEntry } from "./runFileEntry";

/** What the journal has to know of the events. */
export interface KnownEvents {
  /** Whether an attempt was made of it before. */
  isSent(index: number): boolean;
  /** What its bytes are compared by. */
  hashOf(index: number): Buffer;
}

/**
 * Writes attempts into a run's file before they are made, and outcomes once they are known. Outcomes are gathered until
 * the code that tells them has run: one that a sudden end swallows leaves its attempt without an answer, which is what a
 * run that goes on then has to find out by reading.
 */
export class RunJournal {
  #outcomes = new Outcomes();
  #isFlushDue = false;
  #failure: { error: unknown } | undefined;

  constructor(private readonly file: RunFile) {}

  /** @throws DeliveryError `run-file` where it can't be written: then the attempt must not be made. */
  attempt(records: readonly { readonly index: number }[], at: number, events: KnownEvents): void {
    this.#flush();
    if (this.#failure !== undefined) throw this.#failure.error;
    const indices = records.map(({ index }) => index);
    const hashes = Buffer.concat(
      indices.filter((index) => !events.isSent(index)).map((index) => events.hashOf(index)),
    );
    this.file.append({ kind: "attempt", at, events: toRanges(indices), hashes: hashes.toString("base64") });
  }

  acknowledged(index: number, shardId: string): void {
    this.#gather().acknowledged.add(shardId, index);
  }

  ambiguous(index: number): void {
    this.#gather().ambiguous.push(index);
  }

  refused(index: number, reason: string): void {
    this.#gather().refused.add(reason, index);
  }

  unanswered(index: number, reason: string): void {
    this.#gather().unanswered.add(reason, index);
  }

  abandoned(index: number): void {
    this.#gather().abandoned.push(index);
  }

  /** @param isOver nothing of the run is left to find out: its file goes. */
  end(isOver: boolean): void {
    this.#flush();
    if (isOver) this.file.remove();
    else this.file.close();
  }

  #gather(): Outcomes {
    if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      queueMicrotask(() => this.#flush());
    }
    return this.#outcomes;
  }

  #flush(): void {
    if (!this.#isFlushDue) return;
    this.#isFlushDue = false;
    const entry = this.#outcomes.entry();
    this.#outcomes = new Outcomes();
    try {
      this.file.append(entry);
    } catch (error) {
      // Told at the next attempt: there is nobody here to hear of it.
      this.#failure ??= { error };
    }
  }
}

/** Events by what was said of them. */
class Grouped {
  readonly #groups = new Map<string, number[]>();

  add(what: string, index: number): void {
    const group = this.#groups.get(what);
    if (group === undefined) this.#groups.set(what, [index]);
    else group.push(index);
  }

  ranges(): Record<string, Ranges> | undefined {
    if (this.#groups.size === 0) return undefined;
    return Object.fromEntries([...this.#groups].map(([what, indices]) => [what, toRanges(indices)]));
  }
}

class Outcomes {
  readonly acknowledged = new Grouped();
  readonly ambiguous: number[] = [];
  readonly refused = new Grouped();
  readonly unanswered = new Grouped();
  readonly abandoned: number[] = [];

  entry(): OutcomeEntry {
    const [acknowledged, refused, unanswered] = [this.acknowledged, this.refused, this.unanswered].map(
      (one) => one.ranges(),
    );
    return {
      kind: "outcome",
      ...(acknowledged && { acknowledged }),
      ...(this.ambiguous.length > 0 && { ambiguous: toRanges(this.ambiguous) }),
      ...(refused && { refused }),
      ...(unanswered && { unanswered }),
      ...(this.abandoned.length > 0 && { abandoned: toRanges(this.abandoned) }),
    };
  }
}
