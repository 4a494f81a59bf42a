import { SettingsError } from "../common/errors";
import { DEFAULT_CAPACITY_SHARE } from "../common/limits";
import { type Part, partText } from "../common/part";
import { KEY_BYTES } from "../common/runId";
import type { StreamState } from "../deployment/stream";
import type { SourceEvent } from "../events/source";
import { BATCH_LIMITS } from "../kinesis/batcher";
import { CappedLimiter, type RateLimiter, SteadyLimiter, type WriteCapacity } from "../kinesis/rateLimit";
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
  source: AsyncIterable<readonly SourceEvent[]>,
  rate: number,
  openShards: number | undefined,
  { confirmLoad, part = ALL }: Pick<LoadOptions, "confirmLoad" | "part">,
): Promise<PacedEvents> {
  const isEnough = (first: (readonly SourceEvent[])[]) => first.flat().length >= SAMPLED_EVENTS;
  const { first, all: batches } = await peek(source, isEnough);
  const limiter = new SteadyLimiter(rate);
  if (openShards === undefined) return { batches, limiter, step: `sending ${rate} events/s` };
  const load = loadOf(rate * part.count, meanBytes(first.flat()) + KEY_BYTES, openShards);
  if (load.share > DEFAULT_CAPACITY_SHARE && !(await (confirmLoad?.(load) ?? true))) throw notAgreed(load);
  const step = `sending ${load.rate} events/s, ${percentOf(load)} % of the capacity of ${shardCount(openShards)}${shareOf(part)}`;
  return { batches, limiter, step };
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

/**
 * Reads the first items of a sequence.
 *
 * @param isEnough Whether no more items are needed.
 * @returns The first items, and the whole sequence, which is still to be read.
 */
async function peek<T>(
  items: AsyncIterable<T>,
  isEnough: (first: T[]) => boolean,
): Promise<{ first: T[]; all: AsyncIterable<T> }> {
  const iterator = items[Symbol.asyncIterator]();
  const first: T[] = [];
  for (let isDone = false; !isDone && !isEnough(first); ) {
    const next = await iterator.next();
    if (next.done) isDone = true;
    else first.push(next.value);
  }
  return { first, all: rejoined(first, iterator) };
}

async function* rejoined<T>(first: T[], rest: AsyncIterator<T>): AsyncGenerator<T> {
  try {
    yield* first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
