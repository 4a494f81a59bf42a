import type { Clock, EpochMs } from "../common/clock";

/** Instants at which the next event may be sent and is due. */
export interface Slot {
  releaseAt: EpochMs;
  /** Start of the latency measurement, however late the event is sent: the measured time includes the wait for the slot. */
  dueAt?: EpochMs;
}

/** Decides for each event when it may be sent. */
export interface RateLimiter {
  /** @param bytes Size of the event, partition key included. */
  slot(bytes: number, now: EpochMs): Slot;
}

/** Lateness that is made up for at once, because timers are this coarse. */
const TIMER_MS = 5;

/**
 * Spaces events evenly at a constant rate per second: event number N is due N intervals after the first one. A delayed
 * sender catches up at no more than twice the rate, so that no burst throttles the stream. Its delay shows as latency.
 */
export class SteadyLimiter implements RateLimiter {
  readonly #intervalMs: number;
  #startedAt: number | undefined;
  #slots = 0;
  #last = Number.NEGATIVE_INFINITY;

  /** @param perSecond Events per second, above 0. */
  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond;
  }

  slot(_bytes: number, now: number): Required<Slot> {
    this.#startedAt ??= now;
    const dueAt = this.#startedAt + this.#slots * this.#intervalMs;
    const releaseAt = Math.max(dueAt, this.#last + this.#intervalMs / 2);
    this.#slots += 1;
    this.#last = Math.max(releaseAt, now - TIMER_MS);
    return { releaseAt, dueAt };
  }
}

/** Write capacity of a stream, or of a part of one, per second. */
export interface WriteCapacity {
  recordsPerSecond: number;
  bytesPerSecond: number;
}

/** Largest burst after idle time. Kinesis meters throughput per second, so at most one second's capacity is saved up. */
const BURST_MS = 1_000;

/** Sends as fast as the source, within a capacity: each interval carries at most its capacity and that of one more second. */
export class CappedLimiter implements RateLimiter {
  /** Time until which the capacity is used up. */
  #usedUntil = Number.NEGATIVE_INFINITY;

  constructor(private readonly capacity: WriteCapacity) {}

  slot(bytes: number, now: number): Slot {
    const { recordsPerSecond, bytesPerSecond } = this.capacity;
    const releaseAt = Math.max(this.#usedUntil - BURST_MS, now);
    this.#usedUntil =
      Math.max(this.#usedUntil, now) + 1000 * Math.max(1 / recordsPerSecond, bytes / bytesPerSecond);
    return { releaseAt };
  }
}

/** Whether a slot is worth waiting for. A wait below a timer's resolution is not, and evens out. */
export function isAhead({ releaseAt }: Slot, clock: Clock): boolean {
  return releaseAt - clock.now() >= 1;
}

export async function waitForSlot(slot: Slot, clock: Clock, signal: AbortSignal): Promise<void> {
  if (isAhead(slot, clock)) await clock.sleep(slot.releaseAt - clock.now(), signal);
}
