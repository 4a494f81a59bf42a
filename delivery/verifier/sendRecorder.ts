import type { Clock } from "../clock";
import type { OutcomeListener } from "../producer/producerOptions";
import type { Ledger } from "./ledger";
import type { Timeline } from "./timeline";

/** Enters what becomes of every event that is sent into the ledger, and when. */
export class SendRecorder implements OutcomeListener {
  constructor(
    private readonly ledger: Ledger,
    private readonly timeline: Timeline,
    private readonly clock: Clock,
  ) {}

  onAttempt(index: number, at: number): void {
    if (this.ledger.onAttempt(index, at)) this.timeline.count("sent", at);
  }

  onAmbiguous(index: number): void {
    this.ledger.onAmbiguous(index);
  }

  onAcknowledged(index: number, shardId: string): void {
    if (this.ledger.onAcknowledged(index, shardId)) this.timeline.count("acknowledged", this.clock.now());
  }

  onRefused(index: number, reason: string): void {
    this.ledger.onRefused(index, reason);
  }

  onUnanswered(index: number, reason: string): void {
    this.ledger.onUnanswered(index, reason);
  }

  onAbandoned(index: number): void {
    this.ledger.onAbandoned(index);
  }
}
