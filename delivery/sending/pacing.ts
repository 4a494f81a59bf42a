import type { Clock, EpochMs } from "../common/clock";
import { SettingsError } from "../common/errors";
import { DEFAULT_CAPACITY_SHARE } from "../common/limits";
import { type Part, partText } from "../common/part";
import { KEY_BYTES } from "../common/runId";
import type { StreamState } from "../deployment/stream";
import type { SourceEvent } from "../events/source";
import { BATCH_LIMITS } from "../kinesis/batcher";
import type { OutgoingRecord } from "../kinesis/outcome";
import type { RunLoad, SenderOptions } from "./deployment";

const ALL: Part = { index: 0, count: 1 };

/** The source's events and their rate limit. */
export interface PacedEvents {
  batches: AsyncIterable<readonly SourceEvent[]>;
  limiter?: RateLimiter;
  /** Description of the step, for a progress display. */
  step: string;
}

/** Number of the first events from which the mean size is computed. */
const SAMPLED_EVENTS = 100;
/** Write capacity of a shard. Source: AWS, "Quotas and limits" (Kinesis Developer Guide). */
const SHARD: WriteCapacity = { recordsPerSecond: 1_000, bytesPerSecond: 1_000_000 };

type LoadOptions = Pick<
  SenderOptions,
  "source" | "rate" | "capacityShare" | "confirmLoad" | "signal" | "part"
>;

/** @throws SettingsError if `rate` uses more than half of the stream's capacity, and `confirmLoad` declines. */
export async function pacedEvents(options: LoadOptions, { openShards }: StreamState): Promise<PacedEvents> {
  const { source, rate, capacityShare = DEFAULT_CAPACITY_SHARE, signal, part = ALL } = options;
  const batches = untilAborted(source.batches(), signal);
  if (rate !== undefined) return steadily(batches, rate, openShards, options);
  if (openShards === undefined || capacityShare >= 1) return { batches, step: "sending events" };
  const percent = Math.round(capacityShare * 100);
  return {
    batches,
    limiter: new CappedLimiter(capacityOf(openShards / part.count, capacityShare)),
    step: `sending events, at most ${percent} % of the capacity of ${shardCount(openShards)}${shareOf(part)}`,
  };
}

/** @throws SettingsError if the stream can't be divided into the parts of a run. */
export function checkPart(
  part: Part | undefined,
  { openShards, placesRecords, streamArn }: StreamState,
): void {
  if (part === undefined || part.count === 1) return;
  if (placesRecords === true)
    throw new SettingsError(
      `${streamArn} can't be divided into parts, because it distributes records itself (RecordDistributionStrategy AUTO). Leave out --part, or change the strategy to USER_PARTITION_KEY`,
    );
  if (openShards !== undefined && openShards < part.count)
    throw new SettingsError(
      `Part ${partText(part)} has no shard, because ${streamArn} has ${shardCount(openShards)}. Use at most as many parts as shards`,
    );
}

function shareOf(part: Part): string {
  return part.count === 1 ? "" : `, of which part ${partText(part)} uses its share`;
}

async function steadily(
  source: AsyncGenerator<readonly SourceEvent[]>,
  rate: number,
  openShards: number | undefined,
  { confirmLoad, part = ALL }: Pick<LoadOptions, "confirmLoad" | "part">,
): Promise<PacedEvents> {
  const first = await firstBatches(source);
  const batches = rejoined(first, source);
  const limiter = new SteadyLimiter(rate);
  if (openShards === undefined) return { batches, limiter, step: `sending ${rate} events/s` };
  const load = loadOf(rate * part.count, meanBytes(first.flat()) + KEY_BYTES, openShards);
  if (load.share > DEFAULT_CAPACITY_SHARE && !(await (confirmLoad?.(load) ?? true))) throw notAgreed(load);
  const step = `sending ${load.rate} events/s, ${percentOf(load)} % of the capacity of ${shardCount(openShards)}${shareOf(part)}`;
  return { batches, limiter, step };
}

/** Takes batches until they have enough events for their mean size. */
async function firstBatches(source: AsyncGenerator<readonly SourceEvent[]>) {
  const first: (readonly SourceEvent[])[] = [];
  while (first.flat().length < SAMPLED_EVENTS) {
    const next = await source.next();
    if (next.done) break;
    first.push(next.value);
  }
  return first;
}

async function* rejoined<T>(first: T[], rest: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* first;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

/** Ends a source with its current batch, because millions of rows that are not events never reach the producer. */
async function* untilAborted<T>(
  batches: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  for await (const batch of batches) {
    if (signal?.aborted) return;
    yield batch;
  }
}

/** Returns the number of requests in flight that keeps up with the rate if each takes 250 ms. */
export function defaultConcurrency(rate: number | undefined): number {
  return rate === undefined ? 1 : Math.min(64, Math.max(1, Math.ceil((rate * 0.25) / BATCH_LIMITS.records)));
}

function percentOf({ share }: RunLoad): number {
  return Math.ceil(share * 100);
}

function meanBytes(events: SourceEvent[]): number {
  return events.reduce((sum, { bytes }) => sum + bytes.length, 0) / Math.max(1, events.length);
}

function shardCount(count: number): string {
  return count === 1 ? "one shard" : `${count} shards`;
}

function notAgreed(load: RunLoad): SettingsError {
  const { rate, eventBytes, openShards } = load;
  return new SettingsError(
    `${rate} events/s of ${Math.round(eventBytes)} bytes use ${percentOf(load)} % of the capacity of ${shardCount(openShards)}. More than half needs consent, so nothing was sent. Lower --rate, add shards, or consent with --yes`,
  );
}

export function capacityOf(openShards: number, share = 1): WriteCapacity {
  return {
    recordsPerSecond: SHARD.recordsPerSecond * openShards * share,
    bytesPerSecond: SHARD.bytesPerSecond * openShards * share,
  };
}

export function loadOf(rate: number, eventBytes: number, openShards: number): RunLoad {
  const { recordsPerSecond, bytesPerSecond } = capacityOf(openShards);
  const share = Math.max(rate / recordsPerSecond, (rate * eventBytes) / bytesPerSecond);
  return { rate, eventBytes, openShards, share };
}

export interface PacingOptions {
  clock: Clock;
  signal: AbortSignal;
  /** Whether an event is sent at all. Called once per event, in order. Default: every event is. */
  isToBeSent?: (event: SourceEvent) => boolean;
  /** Makes the record of an event that is sent. `dueAt` is the time from which its latency is measured, if it has one. */
  toRecord: (event: SourceEvent, dueAt: number | undefined) => OutgoingRecord;
  /** Called after each batch of the source. */
  onBatch: () => void;
}

/** Yields the source's events as records, no faster than the rate limit. */
export async function* pacedRecords(
  { batches, limiter }: Pick<PacedEvents, "batches" | "limiter">,
  { clock, signal, isToBeSent = () => true, toRecord, onBatch }: PacingOptions,
): AsyncGenerator<readonly OutgoingRecord[]> {
  for await (const events of batches) {
    let ready: OutgoingRecord[] = [];
    for (const event of events) {
      if (!isToBeSent(event)) continue;
      const slot = limiter?.slot(event.bytes.length + KEY_BYTES, clock.now());
      if (slot !== undefined && isAhead(slot, clock)) {
        if (ready.length > 0) yield ready;
        ready = [];
        await waitForSlot(slot, clock, signal);
      }
      ready.push(toRecord(event, slot?.dueAt));
    }
    if (ready.length > 0) yield ready;
    onBatch();
    if (signal.aborted) return;
  }
}

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
function isAhead({ releaseAt }: Slot, clock: Clock): boolean {
  return releaseAt - clock.now() >= 1;
}

export async function waitForSlot(slot: Slot, clock: Clock, signal: AbortSignal): Promise<void> {
  if (isAhead(slot, clock)) await clock.sleep(slot.releaseAt - clock.now(), signal);
}
