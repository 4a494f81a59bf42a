import { type DeliveryReport, verifyDelivery } from "../../../delivery";
import { VirtualClock } from "../../delivery/common/virtualClock";
import { draw } from "../faults/draw";
import { type FaultProxy, startFaultProxy } from "../faults/faultProxy";
import { ACCOUNT_ID, goodIdentity, ROLE_ARN } from "../identity";
import { MemoryKinesis } from "../memoryKinesis/memoryKinesis";
import { type Ran, withoutRetriesOfTheSdk } from "../oneRun";
import { eventBytes, pacedEvents } from "../pacedEvents";
import { RequestsInFlight } from "../requestsInFlight";
import type { Scenario } from "../scenario";
import { PARTS, type PartsScenario } from "./scenario";

const REGION = "eu-central-1";
const STREAM = "events";
const CREDENTIALS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };

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
  const proxies: FaultProxy[] = [];
  const requests: RequestsInFlight[] = [];
  const isBusy = () => proxies.some((proxy, at) => (requests[at]?.count ?? 0) > proxy.held);
  const clock = new VirtualClock(Date.UTC(2026, 0, 5), isBusy);
  const endpoint = new MemoryKinesis({ region: REGION, accountId: ACCOUNT_ID }, () => clock.now());
  await endpoint.call("CreateStream", { StreamName: STREAM, ShardCount: shards });
  await endpoint.call("CreateStream", { StreamName: "elsewhere" });
  const runId = `parts.${seed}`.replace(".", "-").padEnd(12, "_");
  try {
    for (const [index, { scenario }] of parts.entries()) {
      const proxy = await startFaultProxy({
        endpoint,
        streamName: STREAM,
        otherStreamName: "elsewhere",
        others: goodIdentity,
        plan: scenario.plan,
        clock,
        nameOf: (partitionKey) => nameIn(partitionKey, index),
      });
      proxies.push(proxy);
      requests.push(new RequestsInFlight(new URL(proxy.endpoint).host));
    }
    const reports = await withoutRetriesOfTheSdk(() =>
      Promise.all(
        parts.map(async ({ scenario, startsAfterMs }, index) => {
          await clock.sleep(startsAfterMs);
          return verifyPart(scenario, { runId, index, endpoint: proxies[index]?.endpoint ?? "", clock });
        }),
      ),
    );
    const all = await shardsOf(endpoint);
    for (const { log } of proxies)
      for (const other of proxies) for (const copy of other.log.copies) log.adopt(copy);
    return {
      shards: all,
      parts: parts.map(({ scenario }, index) => ran(scenario, index, reports, proxies, all)),
    };
  } finally {
    for (const each of requests) each.stop();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
  }
}

/** Returns a record's number within its part, by which the plan of the part draws. */
function nameIn(partitionKey: string, index: number): string {
  return String((Number(partitionKey.slice(partitionKey.lastIndexOf(".") + 1)) - index) / PARTS);
}

function verifyPart(
  { seed, events, concurrency, pollMs, timeoutSeconds, rate }: Scenario,
  { runId, index, endpoint, clock }: { runId: string; index: number; endpoint: string; clock: VirtualClock },
): Promise<DeliveryReport> {
  let draws = 0;
  return verifyDelivery({
    outputs: { roleArn: ROLE_ARN, region: REGION, streamName: STREAM },
    source: pacedEvents(seed, eventBytes(seed, events), clock),
    route: "operator",
    credentials: CREDENTIALS,
    runId,
    part: { index, count: PARTS },
    endpoint,
    concurrency,
    pollMs,
    timeoutSeconds,
    rate,
    propagationSeconds: 0,
    clock,
    random: () => {
      draws += 1;
      return draw(seed, "random", draws);
    },
  });
}

interface ListedShard {
  ShardId: string;
  HashKeyRange: { StartingHashKey: string; EndingHashKey: string };
}

async function shardsOf(endpoint: MemoryKinesis): Promise<Shard[]> {
  const { body } = await endpoint.call("ListShards", { StreamName: STREAM });
  return (JSON.parse(body.toString()).Shards as ListedShard[]).map(({ ShardId, HashKeyRange: range }) => ({
    shardId: ShardId,
    start: BigInt(range.StartingHashKey),
    end: BigInt(range.EndingHashKey),
  }));
}

function ran(
  scenario: Scenario,
  index: number,
  reports: DeliveryReport[],
  proxies: FaultProxy[],
  shards: Shard[],
): Ran {
  const [report, proxy] = [reports[index], proxies[index]];
  if (report === undefined || proxy === undefined) throw new Error(`part ${index} did not run`);
  const firstKeys = new Map(shards.map(({ shardId, start }) => [shardId, start]));
  const countsForeign = (shardId: string) => partOfKey(firstKeys.get(shardId) ?? -1n) === index;
  return {
    scenario,
    events: eventBytes(scenario.seed, scenario.events),
    report,
    log: proxy.log,
    part: { index, count: PARTS, countsForeign },
  };
}

const HASH_KEYS = 2n ** 128n;
/** Kinesis rounds the first hash keys of its shards down. */
const ROUNDING = 2n ** 64n;

/** Returns the part that has a hash key: the parts have equal ranges of them. */
export function partOfKey(hashKey: bigint): number {
  return hashKey < 0n ? -1 : Number(((hashKey + ROUNDING) * BigInt(PARTS)) / HASH_KEYS);
}
