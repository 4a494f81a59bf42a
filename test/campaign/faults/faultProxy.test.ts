import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { expect } from "chai";
import { VirtualClock } from "../../delivery/common/virtualClock";
import { MemoryKinesis } from "../memoryKinesis/memoryKinesis";
import { type FaultProxy, startFaultProxy } from "./faultProxy";
import type { EntryFaultName, RequestFaultName } from "./faults";
import { type FaultPlan, NO_FAULTS } from "./plan";

const FIRST = "shardId-000000000000";

/** A stream of one shard behind the proxy, and its client, which makes one attempt. */
class Proxied {
  readonly clock = new VirtualClock();
  readonly kinesis = new MemoryKinesis({ region: "us-east-1", accountId: "111122223333" }, () =>
    this.clock.now(),
  );
  #proxy: FaultProxy | undefined;
  #client: KinesisClient | undefined;

  async start(plan: Partial<FaultPlan>, shards = 1): Promise<this> {
    for (const StreamName of ["events", "elsewhere"])
      await this.kinesis.call("CreateStream", { StreamName, ShardCount: shards });
    this.#proxy = await startFaultProxy({
      endpoint: this.kinesis,
      streamName: "events",
      otherStreamName: "elsewhere",
      plan: { ...NO_FAULTS, seed: "proxy", ...plan },
      clock: this.clock,
      others: async () => ({ status: 404, headers: {}, body: "" }),
    });
    this.#client = new KinesisClient({
      endpoint: this.#proxy.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
      maxAttempts: 1,
      requestHandler: new NodeHttpHandler(),
    });
    return this;
  }

  get proxy(): FaultProxy {
    if (this.#proxy === undefined) throw new Error("not started");
    return this.#proxy;
  }

  get client(): KinesisClient {
    if (this.#client === undefined) throw new Error("not started");
    return this.#client;
  }

  /** Returns the client's result: the entries, or the name of the error. */
  async put(...keys: string[]): Promise<unknown> {
    const Records = keys.map((key) => ({ PartitionKey: key, Data: Buffer.from(key) }));
    try {
      const { Records: entries = [] } = await this.client.send(
        new PutRecordsCommand({ StreamName: "events", Records }),
      );
      return entries.map(({ ErrorCode, ShardId }) => ErrorCode ?? ShardId);
    } catch (error) {
      return error instanceof Error ? error.name : error;
    }
  }

  async iterator(ShardId = FIRST): Promise<string | undefined> {
    const position = { StreamName: "events", ShardId, ShardIteratorType: "TRIM_HORIZON" as const };
    return (await this.client.send(new GetShardIteratorCommand(position))).ShardIterator;
  }

  async read(iterator: string | undefined) {
    return this.client.send(new GetRecordsCommand({ ShardIterator: iterator }));
  }

  /** Returns the bytes of the records in a stream behind the proxy. */
  async stored(StreamName = "events"): Promise<string[]> {
    const position = { StreamName, ShardId: FIRST, ShardIteratorType: "TRIM_HORIZON" };
    const { ShardIterator } = JSON.parse(
      (await this.kinesis.call("GetShardIterator", position)).body.toString(),
    );
    const { Records } = JSON.parse(
      (await this.kinesis.call("GetRecords", { ShardIterator })).body.toString(),
    );
    return Records.map(({ Data }: { Data: string }) => Buffer.from(Data, "base64").toString());
  }

  async stop(): Promise<void> {
    this.client.destroy();
    await this.proxy.stop();
  }
}

describe("The fault proxy", () => {
  let proxied: Proxied;
  afterEach(() => proxied.stop());

  const refused = (code: string) => ({ kind: "refused", code });
  const requests: [RequestFaultName, { told: object; written: number; client: unknown }][] = [
    ["throttled", told("ProvisionedThroughputExceededException")],
    ["kms-throttled", told("KMSThrottlingException")],
    ["kms-access-denied", told("KMSAccessDeniedException")],
    ["kms-disabled", told("KMSDisabledException")],
    ["expired-token", told("ExpiredTokenException")],
    ["internal-before", { told: unclear("500 InternalFailure"), written: 0, client: "InternalFailure" }],
    ["internal-after", { told: unclear("500 InternalFailure"), written: 1, client: "InternalFailure" }],
    [
      "unavailable-before",
      { told: unclear("503 ServiceUnavailable"), written: 0, client: "ServiceUnavailable" },
    ],
    [
      "unavailable-after",
      { told: unclear("503 ServiceUnavailable"), written: 1, client: "ServiceUnavailable" },
    ],
    ["reset-before", { told: unclear("reset"), written: 0, client: "TimeoutError" }],
    ["reset-after", { told: unclear("reset"), written: 1, client: "TimeoutError" }],
    ["cut", { told: unclear("cut"), written: 1, client: "Error" }],
    ["page", { told: unclear("page"), written: 1, client: "SyntaxError" }],
    ["slow", { told: { kind: "acknowledged", shardId: FIRST }, written: 1, client: [FIRST] }],
    ["delay", { told: { kind: "acknowledged", shardId: FIRST }, written: 1, client: [FIRST] }],
  ];
  function told(code: string) {
    return { told: refused(code), written: 0, client: code };
  }
  function unclear(why: string) {
    return { kind: "unclear", why };
  }
  for (const [fault, expected] of requests) {
    it(`logs what a request writes and how it is answered: ${fault}`, async () => {
      proxied = await new Proxied().start({ writes: { [fault]: 1 } });
      expect(await proxied.put("a")).to.deep.equal(expected.client);
      expect(await proxied.stored()).to.have.lengthOf(expected.written);
      const { attempts, copies } = proxied.proxy.log;
      expect(attempts.map((attempt) => attempt.told)).to.deep.equal([expected.told]);
      expect(copies.map(({ partitionKey }) => partitionKey)).to.deep.equal(expected.written ? ["a"] : []);
    });
  }

  const entries: [EntryFaultName, { client: string; stored: number; changed: number }][] = [
    ["throttled", { client: "ProvisionedThroughputExceededException", stored: 0, changed: 0 }],
    ["throttled-but-written", { client: "ProvisionedThroughputExceededException", stored: 1, changed: 0 }],
    ["failed", { client: "InternalFailure", stored: 0, changed: 0 }],
    ["failed-but-written", { client: "InternalFailure", stored: 1, changed: 0 }],
    ["lost", { client: FIRST, stored: 0, changed: 0 }],
    ["twice", { client: FIRST, stored: 2, changed: 0 }],
    ["changed", { client: FIRST, stored: 1, changed: 1 }],
    ["twice-once-changed", { client: FIRST, stored: 2, changed: 1 }],
    ["elsewhere", { client: FIRST, stored: 0, changed: 0 }],
  ];
  for (const [fault, { client, stored, changed }] of entries) {
    it(`applies to only one entry: ${fault}`, async () => {
      proxied = await new Proxied().start({ always: { b: fault } });
      expect(await proxied.put("a", "b", "c")).to.deep.equal([FIRST, client, FIRST]);
      const bytes = (await proxied.stored()).filter((text) => text !== "a" && text !== "c");
      expect(bytes).to.have.lengthOf(stored);
      expect(bytes.filter((text) => text !== "b")).to.have.lengthOf(changed);
      expect(proxied.proxy.log.copies).to.have.lengthOf(stored + 2);
      expect(await proxied.stored("elsewhere")).to.deep.equal(fault === "elsewhere" ? ["b"] : []);
    });
  }

  it("writes a late record only after it was acknowledged", async () => {
    proxied = await new Proxied().start({ always: { a: "late" }, longestDelayMs: 5_000 });
    expect(await proxied.put("a")).to.deep.equal([FIRST]);
    await proxied.clock.sleep(5_000);
    expect(await proxied.stored()).to.deep.equal(["a"]);
    const { copies, attempts } = proxied.proxy.log;
    expect(copies[0]?.writtenAt).to.be.greaterThan(attempts[0]?.begunAt ?? Number.NaN);
  });

  it("splits and merges shards after a number of records, and writes the next records to the right shard", async () => {
    proxied = await new Proxied().start({
      reshards: [
        { afterRecords: 1, kind: "split" },
        { afterRecords: 2, kind: "merge" },
      ],
    });
    const placed = [await proxied.put("a"), await proxied.put("b"), await proxied.put("c")];
    expect(placed[0]).to.deep.equal([FIRST]);
    expect(placed[1]).to.satisfy(([shardId]: string[]) => /00[12]$/.test(shardId ?? ""));
    expect(placed[2]).to.deep.equal(["shardId-000000000003"]);
  });

  it("stops responding for a shard from a call on, and reports that it holds the request", async () => {
    const outage = { shardId: FIRST, fromCall: 2, calls: 10, fault: "silence" as const };
    proxied = await new Proxied().start({ readOutages: [outage] });
    const { NextShardIterator } = await proxied.read(await proxied.iterator());
    const ended = new AbortController();
    const pending = proxied.client
      .send(new GetRecordsCommand({ ShardIterator: NextShardIterator }), { abortSignal: ended.signal })
      .catch((error: Error) => error.name);
    while (proxied.proxy.held === 0) await new Promise(setImmediate);
    ended.abort();
    expect(await pending).to.equal("AbortError");
    while (proxied.proxy.held > 0) await new Promise(setImmediate);
    expect(proxied.proxy.log.readings.map(({ outcome }) => outcome)).to.deep.equal([
      "answered",
      "answered",
      "pending",
    ]);
  });

  it("has a separate clock: in arrival times, in the times of requests, and in its Date header", async () => {
    proxied = await new Proxied().start({ skewMs: 3_600_000 });
    await proxied.put("a");
    const { Records = [] } = await proxied.read(await proxied.iterator());
    const arrival = Records[0]?.ApproximateArrivalTimestamp?.getTime();
    expect(arrival).to.equal(proxied.clock.now() + 3_600_000);
    // Half an hour in the future, apart from the skew.
    const position = { StreamName: "events", ShardId: FIRST, ShardIteratorType: "AT_TIMESTAMP" as const };
    const Timestamp = new Date(proxied.clock.now() + 1_800_000);
    const { ShardIterator } = await proxied.client.send(
      new GetShardIteratorCommand({ ...position, Timestamp }),
    );
    expect((await proxied.read(ShardIterator)).Records).to.have.lengthOf(1);
  });

  it("omits a record from the first response that it belongs to, and from no other", async () => {
    proxied = await new Proxied().start({ leftOut: 1 });
    await proxied.put("a");
    const iterator = await proxied.iterator();
    expect((await proxied.read(iterator)).Records).to.have.lengthOf(0);
    expect((await proxied.read(iterator)).Records).to.have.lengthOf(1);
  });

  it("gives up to four consecutive records one number, which an omitted one keeps", async () => {
    proxied = await new Proxied().start({ sharesNumbers: true, leftOut: 0.5 });
    await proxied.put(..."abcdef");
    const numbers = async () => {
      const { Records = [] } = await proxied.read(await proxied.iterator());
      return Records.map(({ PartitionKey, SequenceNumber }) => [PartitionKey, SequenceNumber]);
    };
    const omitting = await numbers();
    const all = await numbers();
    const [a, b, c, d, e, f] = all.map(([, number]) => number);
    expect([b, c, d]).to.deep.equal([a, a, a]);
    expect(f).to.equal(e).and.not.equal(a);
    expect(omitting.length).to.be.within(1, 5);
    expect(all).to.deep.include.members(omitting);
  });

  it("logs the content of each response, and the error of each failure", async () => {
    proxied = await new Proxied().start({ lookups: { "limit-exceeded": 1 }, faultsInARow: 1 });
    await proxied.put("a");
    const list = () => proxied.client.send(new ListShardsCommand({ StreamName: "events" }));
    const failure = await list().catch((error: Error) => error.name);
    expect(failure).to.equal("LimitExceededException");
    expect((await list()).Shards).to.have.lengthOf(1);
    expect(proxied.proxy.log.readings.map(({ outcome }) => outcome)).to.deep.equal([
      { code: "LimitExceededException" },
      "answered",
    ]);
  });

  it("passes everything through without a plan", async () => {
    proxied = await new Proxied().start({});
    expect(await proxied.put("a", "b")).to.deep.equal([FIRST, FIRST]);
    const { Records = [] } = await proxied.read(await proxied.iterator());
    expect(Records.map(({ PartitionKey }) => PartitionKey)).to.deep.equal(["a", "b"]);
  });
});
