import { SettingsError } from "../common/errors";
import { DEFAULT_CAPACITY_SHARE } from "../common/limits";
import { KEY_BYTES } from "../common/runId";
import type { StreamState } from "../deployment/stream";
import type { EventSource, SourceEvent } from "../events/source";
import { BATCH_LIMITS } from "../kinesis/batcher";
import { CappedPace, type Pace, SteadyPace } from "../kinesis/rateLimit";
import { capacityOf, loadOf, type RunLoad } from "./capacity";
import { peeked } from "./peek";

/** The source's events, and how fast they may go. */
export interface PacedEvents {
  batches: AsyncIterable<readonly SourceEvent[]>;
  pace?: Pace;
  /** What is being done, in words. */
  step: string;
}

/** From so many of the first events it is reckoned how large one is. */
const SAMPLED_EVENTS = 100;

interface LoadOptions {
  source: EventSource;
  rate?: number | undefined;
  capacityShare?: number | undefined;
  confirmLoad?: ((load: RunLoad) => boolean | Promise<boolean>) | undefined;
}

/** @throws SettingsError where more than half of the stream would be used, and that was not agreed to. */
export async function pacedEvents(
  { source, rate, capacityShare = DEFAULT_CAPACITY_SHARE, confirmLoad }: LoadOptions,
  { openShards }: StreamState,
): Promise<PacedEvents> {
  const batches = source.batches();
  if (rate !== undefined) return steadily(batches, rate, { openShards, confirmLoad });
  if (openShards === undefined || capacityShare >= 1) return { batches, step: "sending events" };
  const percent = Math.round(capacityShare * 100);
  return {
    batches,
    pace: new CappedPace(capacityOf(openShards, capacityShare)),
    step: `sending events, with at most ${percent} % of what ${shardsTake(openShards)}`,
  };
}

async function steadily(
  source: AsyncIterable<readonly SourceEvent[]>,
  rate: number,
  { openShards, confirmLoad }: { openShards: number | undefined } & Pick<LoadOptions, "confirmLoad">,
): Promise<PacedEvents> {
  const isEnough = (first: (readonly SourceEvent[])[]) => first.flat().length >= SAMPLED_EVENTS;
  const { first, all: batches } = await peeked(source, isEnough);
  const pace = new SteadyPace(rate);
  if (openShards === undefined) return { batches, pace, step: `sending ${rate} events/s` };
  const load = loadOf(rate, meanBytes(first.flat()) + KEY_BYTES, openShards);
  if (load.share > DEFAULT_CAPACITY_SHARE && !(await (confirmLoad?.(load) ?? true))) throw notAgreed(load);
  const step = `sending ${rate} events/s, ${percentOf(load)} % of what ${shardsTake(openShards)}`;
  return { batches, pace, step };
}

/** As many requests at once as keep up with the rate while each takes 250 ms. */
export function defaultConcurrency(rate: number | undefined): number {
  return rate === undefined ? 1 : Math.min(64, Math.max(1, Math.ceil((rate * 0.25) / BATCH_LIMITS.records)));
}

function percentOf({ share }: RunLoad): number {
  return Math.ceil(share * 100);
}

function meanBytes(events: SourceEvent[]): number {
  return events.reduce((sum, { bytes }) => sum + bytes.length, 0) / Math.max(1, events.length);
}

function shardsTake(count: number): string {
  return count === 1 ? "one shard takes" : `${count} shards take`;
}

function notAgreed(load: RunLoad): SettingsError {
  const { rate, eventBytes, openShards } = load;
  return new SettingsError(
    `${rate} events/s of ${Math.round(eventBytes)} bytes are ${percentOf(load)} % of what ${shardsTake(openShards)}, and more than half was not agreed to: nothing was sent. Lower --rate, add shards, or agree with --yes`,
  );
}
