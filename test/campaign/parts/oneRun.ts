import { VirtualClock } from "../../delivery/common/virtualClock";
import { type FaultProxy, startFaultProxy } from "../faults/faultProxy";
import type { KinesisEndpoint } from "../kinesisEndpoint";
import { inMemory, numberIn, type Ran, STARTED_AT, verify, withoutRetriesOfTheSdk } from "../oneRun";
import { eventBytes } from "../pacedEvents";
import { RequestsInFlight } from "../requestsInFlight";
import { PARTS, type PartsScenario } from "./scenario";

/** A shard of the stream, open or closed. */
export interface Shard {
  shardId: string;
  start: bigint;
  end: bigint;
}

/** A run in parts, with the truth about each of them. */
export interface RanParts {
  parts: Ran[];
  /** Every shard that the stream has or had. */
  shards: Shard[];
}

/** Runs the real `verifyDelivery` once per part, at the same time, each through its own fault proxy to the same stream. */
export async function runParts({ seed, shards, parts }: PartsScenario): Promise<RanParts> {
  const proxies: { proxy: FaultProxy; requests: RequestsInFlight }[] = [];
  const isBusy = () => proxies.some(({ proxy, requests }) => requests.count > proxy.held);
  const clock = new VirtualClock(STARTED_AT, isBusy);
  const surroundings = await inMemory({ shards }, () => clock.now());
  const runId = `parts.${seed}`.replace(".", "-").padEnd(12, "_");
  try {
    for (const [index, { scenario }] of parts.entries()) {
      const nameOf = (partitionKey: string) => nameIn(partitionKey, index);
      const proxy = await startFaultProxy({ ...surroundings, plan: scenario.plan, clock, nameOf });
      proxies.push({ proxy, requests: new RequestsInFlight(proxy.endpoint) });
    }
    const ran = await withoutRetriesOfTheSdk(() =>
      Promise.all(
        proxies.map(async ({ proxy }, index) => {
          const { scenario, startsAfterMs } = parts[index] as PartsScenario["parts"][number];
          await clock.sleep(startsAfterMs);
          const events = eventBytes(scenario.seed, scenario.events);
          const part = { index, count: PARTS };
          const run = { ...surroundings, endpoint: proxy.endpoint, events, clock, runId, part };
          return { scenario, events, report: await verify(scenario, run), log: proxy.log };
        }),
      ),
    );
    const all = await shardsOf(surroundings);
    for (const { log } of ran) for (const other of ran) for (const copy of other.log.copies) log.adopt(copy);
    const firstKeys = new Map(all.map(({ shardId, start }) => [shardId, start]));
    return {
      shards: all,
      parts: ran.map((part, index) => {
        const countsForeign = (shardId: string) => partOfKey(firstKeys.get(shardId) ?? -1n) === index;
        return { ...part, part: { index, count: PARTS, countsForeign } };
      }),
    };
  } finally {
    for (const { requests } of proxies) requests.stop();
    await Promise.all(proxies.map(({ proxy }) => proxy.stop()));
  }
}

/** Returns a record's number within its part, by which the plan of the part draws. */
function nameIn(partitionKey: string, index: number): string {
  return String((Number(numberIn(partitionKey)) - index) / PARTS);
}

interface ListedShard {
  ShardId: string;
  HashKeyRange: { StartingHashKey: string; EndingHashKey: string };
}

async function shardsOf(stream: { endpoint: KinesisEndpoint; streamName: string }): Promise<Shard[]> {
  const { body } = await stream.endpoint.call("ListShards", { StreamName: stream.streamName });
  return (JSON.parse(body.toString()).Shards as ListedShard[]).map(({ ShardId, HashKeyRange: range }) => ({
    shardId: ShardId,
    start: BigInt(range.StartingHashKey),
    end: BigInt(range.EndingHashKey),
  }));
}

const HASH_KEYS = 2n ** 128n;
/** Kinesis rounds the first hash keys of its shards down. */
const ROUNDING = 2n ** 64n;

/** Returns the part that has a hash key: the parts have equal ranges of them. */
export function partOfKey(hashKey: bigint): number {
  return hashKey < 0n ? -1 : Number(((hashKey + ROUNDING) * BigInt(PARTS)) / HASH_KEYS);
}
