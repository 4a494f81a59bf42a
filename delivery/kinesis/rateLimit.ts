import type { Clock } from "../common/clock";

/** When the next event may go, and when it ought to. In ms since 1970. */
export interface Turn {
  releaseAt: number;
  /** Latency is measured from it, however late the event goes: waiting for its turn is part of what is measured. */
  dueAt?: number;
}

/** Decides, event by event, when each may go. */
export interface Pace {
  /**
   * @param bytes of the event, partition key included.
   * @param now in ms since 1970.
   */
  turn(bytes: number, now: number): Turn;
}

/** Lateness up to this is made up for at once: timers are that coarse. */
const TIMER_MS = 5;

/**
 * So many events a second, evenly: the event number N is due N intervals after the first one. A sender that was held up
 * catches up at twice the pace at most, so that no burst throttles the stream; what it is late shows as latency.
 */
export class SteadyPace implements Pace {
  readonly #intervalMs: number;
  #startedAt: number | undefined;
  #turns = 0;
  #last = Number.NEGATIVE_INFINITY;

  /** @param perSecond above 0. */
  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond;
  }

  turn(_bytes: number, now: number): Required<Turn> {
    this.#startedAt ??= now;
    const dueAt = this.#startedAt + this.#turns * this.#intervalMs;
    const releaseAt = Math.max(dueAt, this.#last + this.#intervalMs / 2);
    this.#turns += 1;
    this.#last = Math.max(releaseAt, now - TIMER_MS);
    return { releaseAt, dueAt };
  }
}

/** What a stream, or a part of one, takes in a second. */
export interface WriteCapacity {
  recordsPerSecond: number;
  bytesPerSecond: number;
}

/** Kinesis reckons by the second: what a stretch of idleness saves up is one second's worth at most. */
const BURST_MS = 1_000;

/** As fast as the source is, but within a capacity: in any stretch of time, what that and one second more allow. */
export class CappedPace implements Pace {
  /** Until when the capacity is used up. */
  #usedUntil = Number.NEGATIVE_INFINITY;

  constructor(private readonly capacity: WriteCapacity) {}

  turn(bytes: number, now: number): Turn {
    const { recordsPerSecond, bytesPerSecond } = this.capacity;
    const releaseAt = Math.max(this.#usedUntil - BURST_MS, now);
    this.#usedUntil =
      Math.max(this.#usedUntil, now) + 1000 * Math.max(1 / recordsPerSecond, bytes / bytesPerSecond);
    return { releaseAt };
  }
}

/** Whether a turn is worth waiting for: less than a timer's grain is not, and evens out. */
export function isAhead({ releaseAt }: Turn, clock: Clock): boolean {
  return releaseAt - clock.now() >= 1;
}

export async function awaitTurn(turn: Turn, clock: Clock, signal: AbortSignal): Promise<void> {
  if (isAhead(turn, clock)) await clock.sleep(turn.releaseAt - clock.now(), signal);
}
