import { LatencyRecorder } from "../common/histogram";
import type { Timeline } from "../common/timeline";
import type { OutcomeListener } from "../kinesis/producer";
import type { OutgoingRecord } from "../kinesis/record";
import type { Ledger } from "./ledger";
import type { RunJournal } from "./resume/runFile";
import type { RunState } from "./resume/runState";

/** Enters what becomes of every event that is sent: into the ledger, the run's file and the timeline. */
export class SendRecorder implements OutcomeListener {
  /** From when an event was due, or first tried, until Kinesis acknowledged it. */
  readonly acknowledgement = new LatencyRecorder();

  readonly #ledger: Ledger;
  readonly #journal: RunJournal | undefined;

  constructor(
    private readonly run: Pick<RunState, "ledger" | "journal" | "unsettled" | "leftOpen">,
    private readonly timeline: Timeline,
  ) {
    this.#ledger = run.ledger;
    this.#journal = run.journal;
  }

  beforeAttempt(records: readonly OutgoingRecord[], at: number): void {
    this.#journal?.attempt(records, at, this.#ledger);
  }

  onAttempt(index: number, at: number): void {
    this.run.unsettled.delete(index);
    if (this.#ledger.onAttempt(index, at)) this.timeline.count("sent", at);
  }

  onAmbiguous(index: number): void {
    this.#ledger.onAmbiguous(index);
    this.#journal?.ambiguous(index);
  }

  onAcknowledged(index: number, shardId: string, at: number): void {
    if (this.#ledger.onAcknowledged(index, shardId)) {
      this.timeline.count("acknowledged", at);
      this.acknowledgement.record(this.#ledger.waited(index, at));
    }
    this.#journal?.acknowledged(index, shardId);
  }

  onRefused(index: number, reason: string): void {
    this.#ledger.onRefused(index, reason);
    this.#journal?.refused(index, reason);
  }

  onUnanswered(index: number, reason: string): void {
    this.#ledger.onUnanswered(index, reason);
    this.#journal?.unanswered(index, reason);
  }

  onAbandoned(index: number): void {
    this.#ledger.onAbandoned(index);
    this.#journal?.abandoned(index);
  }

  /** The run's file has the attempts, and which of them may have written it: gone on with, the run tries it again. */
  onLeftOpen(index: number): void {
    this.#ledger.onLeftOpen(index);
    this.run.leftOpen.add(index);
    this.#journal?.abandoned(index);
  }
}
