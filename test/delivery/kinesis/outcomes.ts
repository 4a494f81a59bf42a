import type { Reason } from "../../../delivery/kinesis/outcome";
import type { OutcomeListener, RecordEnd } from "../../../delivery/kinesis/producer";

/** Returns a reason whose code is the detail up to its colon. */
export const reason = (detail: string): Reason => ({ code: detail.split(":")[0] ?? "", detail });

export const acknowledged = (shardId: string): RecordEnd => ({ kind: "acknowledged", shardId });
export const refused = (reason: Reason): RecordEnd => ({ kind: "refused", reason });
export const unanswered = (reason: Reason): RecordEnd => ({ kind: "unanswered", reason });
export const ABANDONED: RecordEnd = { kind: "abandoned" };
export const LEFT_OPEN: RecordEnd = { kind: "leftOpen" };

/** Keeps all that a producer reports. */
export class Outcomes implements OutcomeListener {
  readonly attempts: number[] = [];
  readonly ambiguous: number[] = [];
  readonly acknowledged: number[] = [];
  readonly refused: number[] = [];
  readonly unanswered: number[] = [];
  readonly abandoned: number[] = [];
  readonly leftOpen: number[] = [];
  /** Records of which something was told after their end. */
  readonly toldAfterEnd: number[] = [];
  readonly reasons = new Map<number, string>();
  readonly #ended = new Set<number>();

  onAttempt(index: number): void {
    this.#noteIfEnded(index);
    this.attempts.push(index);
  }

  onAmbiguous(index: number): void {
    this.#noteIfEnded(index);
    this.ambiguous.push(index);
  }

  onEnd(index: number, end: RecordEnd): void {
    this[end.kind].push(index);
    this.#ended.add(index);
    if ("reason" in end) this.reasons.set(index, end.reason.detail);
  }

  /** One of each record that has come to its end, as often as it was said to. */
  get ended(): number[] {
    const given = [...this.acknowledged, ...this.refused, ...this.unanswered];
    return [...given, ...this.abandoned, ...this.leftOpen].sort((a, b) => a - b);
  }

  /** The records that an attempt was made of, each once. */
  get attempted(): number[] {
    return [...new Set(this.attempts)].sort((a, b) => a - b);
  }

  #noteIfEnded(index: number): void {
    if (this.#ended.has(index)) this.toldAfterEnd.push(index);
  }
}
