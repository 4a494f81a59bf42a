import type { OutcomeListener } from "../kinesis/producer";

/** So many reasons are told apart. */
const MOST_REASONS = 20;
const ABANDONED = "given up before the next try";

/** Counts what becomes of the events; it remembers those under way alone. */
export class SendCounter implements OutcomeListener {
  readonly #underWay = new Set<number>();
  readonly #acknowledgedByShard = new Map<string, number>();
  readonly #reasons = { refused: new Map<string, number>(), unknown: new Map<string, number>() };
  #sent = 0;
  #acknowledged = 0;
  #refused = 0;
  #unknown = 0;

  /** Sent, or refused before they could be. */
  get sent(): number {
    return this.#sent;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get refused(): number {
    return this.#refused;
  }

  get unknown(): number {
    return this.#unknown;
  }

  get acknowledgedByShard(): ReadonlyMap<string, number> {
    return this.#acknowledgedByShard;
  }

  /** Why, with the number of events, the commonest first. */
  reasons(fate: "refused" | "unknown"): [reason: string, events: number][] {
    return [...this.#reasons[fate]].sort(([, a], [, b]) => b - a);
  }

  onAttempt(index: number): void {
    if (this.#underWay.has(index)) return;
    this.#underWay.add(index);
    this.#sent += 1;
  }

  onAmbiguous(): void {}

  onAcknowledged(index: number, shardId: string): void {
    this.#underWay.delete(index);
    this.#acknowledged += 1;
    this.#acknowledgedByShard.set(shardId, (this.#acknowledgedByShard.get(shardId) ?? 0) + 1);
  }

  onRefused(index: number, reason: string): void {
    const wasTried = this.#underWay.delete(index);
    // What is too large for any request is refused without an attempt.
    if (!wasTried) this.#sent += 1;
    this.#refused += 1;
    this.#count("refused", reason);
  }

  onUnanswered(index: number, reason: string): void {
    this.#underWay.delete(index);
    this.#unknown += 1;
    this.#count("unknown", reason);
  }

  onAbandoned(index: number): void {
    this.onUnanswered(index, ABANDONED);
  }

  onLeftOpen(index: number): void {
    this.onAbandoned(index);
  }

  #count(fate: "refused" | "unknown", reason: string): void {
    const reasons = this.#reasons[fate];
    const key = reasons.has(reason) || reasons.size < MOST_REASONS ? reason : "other reasons";
    reasons.set(key, (reasons.get(key) ?? 0) + 1);
  }
}
