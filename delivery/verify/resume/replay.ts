import { HASH_BYTES, type Ledger } from "../ledger";
import { inRanges, type Ranges } from "./ranges";
import type { AttemptEntry, OutcomeEntry, RunFileEntry } from "./runFileEntry";

/**
 * Enters into a ledger what an earlier process did. Times are left out: latencies measured across the pause between the
 * two would say nothing of the stream.
 */
export class Replay {
  /** Events that were tried, and whose sending was not ended: to be sent again. */
  readonly unsettled = new Set<number>();
  /** Of those, the ones whose last attempt may have been carried out, which no line has said yet. */
  readonly unanswered = new Set<number>();

  constructor(private readonly ledger: Ledger) {}

  take(entry: RunFileEntry): void {
    if (entry.kind === "attempt") this.#attempt(entry);
    else this.#outcome(entry);
  }

  #attempt({ events, hashes }: AttemptEntry): void {
    const hashed = Buffer.from(hashes, "base64");
    let at = 0;
    for (const index of inRanges(events)) {
      if (!this.ledger.isSent(index)) {
        this.ledger.enter(index, hashed.subarray(at, at + HASH_BYTES));
        this.ledger.onAttempt(index, Number.NaN);
        at += HASH_BYTES;
      }
      this.unsettled.add(index);
      this.unanswered.add(index);
    }
  }

  #outcome({
    acknowledged = {},
    ambiguous = [],
    refused = {},
    unanswered = {},
    abandoned = [],
  }: OutcomeEntry) {
    for (const index of inRanges(ambiguous)) {
      this.ledger.onAmbiguous(index);
      this.unanswered.delete(index);
    }
    // It would have been tried again, which is now to be done.
    for (const index of inRanges(abandoned)) this.unanswered.delete(index);
    this.#settle(acknowledged, (index, shardId) => void this.ledger.onAcknowledged(index, shardId));
    this.#settle(unanswered, (index, reason) => this.ledger.onUnanswered(index, reason));
    this.#settle(refused, (index, reason) => {
      // One that no request could have held was refused without an attempt.
      if (!this.ledger.isSent(index)) this.ledger.enter(index, NO_HASH);
      this.ledger.onRefused(index, reason);
    });
  }

  #settle(groups: Record<string, Ranges>, tell: (index: number, what: string) => void): void {
    for (const [what, ranges] of Object.entries(groups)) {
      for (const index of inRanges(ranges)) {
        tell(index, what);
        this.unsettled.delete(index);
        this.unanswered.delete(index);
      }
    }
  }
}

const NO_HASH = Buffer.alloc(HASH_BYTES);
