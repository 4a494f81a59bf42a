import { type DeliveryReport, type Part, verifyDelivery } from "../../delivery";
import { VirtualClock } from "../delivery/common/virtualClock";
import { randomOf } from "./faults/draw";
import { type FaultProxyOptions, startFaultProxy } from "./faults/faultProxy";
import type { TruthLog } from "./faults/log";
import { ACCOUNT_ID, goodIdentity, ROLE_ARN } from "./identity";
import { MemoryKinesis } from "./memoryKinesis/memoryKinesis";
import { eventBytes, pacedEvents } from "./pacedEvents";
import { RequestsInFlight } from "./requestsInFlight";
import type { Scenario } from "./scenario";

/** Report of a run, and the truth about it. */
export interface Ran {
  scenario: Scenario;
  /** Bytes of the events, in the order of the source. */
  events: Buffer[];
  report: DeliveryReport;
  log: TruthLog;
  /** Part of the run, if it is not the whole. */
  part?: RanPart;
}

/** Part of a run, whose events have every `count`-th number, from `index` on. */
export interface RanPart {
  index: number;
  count: number;
  /** Whether the part counts the records of others in a shard. */
  countsForeign: (shardId: string) => boolean;
}

/** AWS of a run. */
export interface Surroundings
  extends Pick<FaultProxyOptions, "endpoint" | "streamName" | "otherStreamName" | "others"> {
  region: string;
  roleArn: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** Epoch time in ms at the run's start, by the service's clock. */
  startedAt: number;
}

/** Creates the AWS of a run, with the run's clock. */
export type Surrounding = (scenario: Pick<Scenario, "shards">, now: () => number) => Promise<Surroundings>;

/** Start of a run in this process. */
export const STARTED_AT = Date.UTC(2026, 0, 5);

/** Streams in this process, new for each run. */
export const inMemory: Surrounding = async ({ shards }, now) => {
  const region = "eu-central-1";
  const [streamName, otherStreamName] = ["events", "elsewhere"];
  const endpoint = new MemoryKinesis({ region, accountId: ACCOUNT_ID }, now);
  await endpoint.call("CreateStream", { StreamName: streamName, ShardCount: shards });
  await endpoint.call("CreateStream", { StreamName: otherStreamName });
  return {
    region,
    roleArn: ROLE_ARN,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    streamName,
    otherStreamName,
    endpoint,
    others: goodIdentity,
    startedAt: STARTED_AT,
  };
};

/** Runs the real `verifyDelivery` through the fault proxy. Time passes only if nothing else is left to wait for. */
export async function run(scenario: Scenario, surrounding: Surrounding = inMemory): Promise<Ran> {
  let clock: VirtualClock | undefined;
  const surroundings = await surrounding(scenario, () => clock?.now() ?? 0);
  let isBusy = () => false;
  clock = new VirtualClock(surroundings.startedAt, () => isBusy());
  const { seed, plan } = scenario;
  const proxy = await startFaultProxy({ ...surroundings, plan, clock, nameOf: numberIn });
  const requests = new RequestsInFlight(proxy.endpoint);
  isBusy = () => requests.count > proxy.held;
  const events = eventBytes(seed, scenario.events);
  try {
    const ran = { ...surroundings, endpoint: proxy.endpoint, events, clock };
    const report = await withoutRetriesOfTheSdk(() => verify(scenario, ran));
    return { scenario, events, report, log: proxy.log };
  } finally {
    requests.stop();
    await proxy.stop();
  }
}

/** A run of `verifyDelivery`, or of one part of it. */
interface Run extends Pick<Surroundings, "region" | "roleArn" | "streamName" | "credentials"> {
  /** URL of the fault proxy. */
  endpoint: string;
  events: Buffer[];
  clock: VirtualClock;
  runId?: string;
  part?: Part;
}

export function verify(
  { seed, concurrency, pollMs, timeoutSeconds, rate }: Scenario,
  { region, roleArn, streamName, credentials, endpoint, events, clock, runId, part }: Run,
): Promise<DeliveryReport> {
  return verifyDelivery({
    ...{ credentials, endpoint, clock, runId, part },
    outputs: { roleArn, region, streamName },
    source: pacedEvents(seed, events, clock),
    route: "operator",
    concurrency,
    pollMs,
    timeoutSeconds,
    rate,
    propagationSeconds: 0,
    random: randomOf(seed),
  });
}

/** Returns the part of a partition key that is the same in every run: the event's number, from 0. */
export function numberIn(partitionKey: string): string {
  return partitionKey.slice(partitionKey.lastIndexOf(".") + 1);
}

/** Turns the SDK's retries off, whose delays depend on the machine's clock and on chance, so that only the reader's remain. */
export async function withoutRetriesOfTheSdk<T>(work: () => Promise<T>): Promise<T> {
  const before = process.env.AWS_MAX_ATTEMPTS;
  process.env.AWS_MAX_ATTEMPTS = "1";
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env.AWS_MAX_ATTEMPTS;
    else process.env.AWS_MAX_ATTEMPTS = before;
  }
}
