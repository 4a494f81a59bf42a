import { type DeliveryReport, verifyDelivery } from "../../delivery";
import { VirtualClock } from "../delivery/common/virtualClock";
import { draw } from "./faults/draw";
import { type FaultProxyOptions, startFaultProxy } from "./faults/faultProxy";
import type { TruthLog } from "./faults/log";
import { ACCOUNT_ID, goodIdentity, ROLE_ARN } from "./identity";
import { MemoryKinesis } from "./memoryKinesis/memoryKinesis";
import { eventBytes, pacedEvents } from "./pacedEvents";
import { RequestsInFlight } from "./requestsInFlight";
import type { Scenario } from "./scenario";

/** What a run came to, and the truth about it. */
export interface Ran {
  scenario: Scenario;
  /** The events' bytes, in the order of the source. */
  events: Buffer[];
  report: DeliveryReport;
  log: TruthLog;
}

/** The AWS that a run is made against. */
export interface Surroundings
  extends Pick<FaultProxyOptions, "endpoint" | "streamName" | "otherStreamName" | "others"> {
  region: string;
  roleArn: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** Ms since 1970, by the service's clock, at the run's start. */
  startedAt: number;
}

/** Makes the surroundings, for the clock that the run goes by. */
export type Surrounding = (scenario: Scenario, now: () => number) => Promise<Surroundings>;

/** Streams in this process, which are as many runs as one likes away from the last. */
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
    startedAt: Date.UTC(2026, 0, 5),
  };
};

/** The real `verifyDelivery`, through the fault proxy, in time that passes only while nothing else is left to wait for. */
export async function run(scenario: Scenario, surrounding: Surrounding = inMemory): Promise<Ran> {
  let clock: VirtualClock | undefined;
  const surroundings = await surrounding(scenario, () => clock?.now() ?? 0);
  let isBusy = () => false;
  clock = new VirtualClock(surroundings.startedAt, () => isBusy());
  const { seed, plan } = scenario;
  const proxy = await startFaultProxy({ ...surroundings, plan, clock, nameOf: numberIn });
  const requests = new RequestsInFlight(new URL(proxy.endpoint).host);
  isBusy = () => requests.count > proxy.held;
  const events = eventBytes(seed, scenario.events);
  try {
    const report = await withoutRetriesOfTheSdk(() =>
      verify(scenario, surroundings, proxy.endpoint, events, clock),
    );
    return { scenario, events, report, log: proxy.log };
  } finally {
    requests.stop();
    await proxy.stop();
  }
}

function verify(
  { seed, concurrency, pollMs, timeoutSeconds, rate }: Scenario,
  { region, roleArn, streamName, credentials }: Surroundings,
  endpoint: string,
  events: Buffer[],
  clock: VirtualClock,
): Promise<DeliveryReport> {
  let draws = 0;
  return verifyDelivery({
    outputs: { roleArn, region, streamName },
    source: pacedEvents(seed, events, clock),
    route: "operator",
    credentials,
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

/** A partition key without what differs from run to run: the event's number, from 0. */
function numberIn(partitionKey: string): string {
  return partitionKey.slice(partitionKey.lastIndexOf(".") + 1);
}

/** The SDK waits for its own retries by the machine's clock, and by chance: the reader's own retries are to be seen. */
async function withoutRetriesOfTheSdk<T>(work: () => Promise<T>): Promise<T> {
  const before = process.env.AWS_MAX_ATTEMPTS;
  process.env.AWS_MAX_ATTEMPTS = "1";
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env.AWS_MAX_ATTEMPTS;
    else process.env.AWS_MAX_ATTEMPTS = before;
  }
}
