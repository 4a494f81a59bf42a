import { expect } from "chai";
import { type Fixture, startInFolder } from "../../sandbox/aws/localAws";
import { until } from "../../until";
import { draw, drawWhole } from "../faults/draw";
import { signedEndpoint } from "../faults/signedEndpoint";
import type { KinesisEndpoint } from "../kinesisEndpoint";
import { MemoryKinesis } from "./memoryKinesis";

type Json = Record<string, unknown>;

interface ShardAnswer {
  ShardId: string;
  HashKeyRange: { StartingHashKey: string; EndingHashKey: string };
  SequenceNumberRange: { EndingSequenceNumber?: string };
}

/** A stream of either one, with the same names in the responses of both. */
class Compared {
  readonly #sequenceNumbers = new Map<string, string>();

  constructor(
    private readonly endpoint: KinesisEndpoint,
    private readonly streamName: string,
  ) {}

  async call(operation: string, request: Json): Promise<Json> {
    const stream = operation === "GetRecords" ? {} : { StreamName: this.streamName };
    const { status, body } = await this.endpoint.call(operation, { ...stream, ...request });
    const answer: Json =
      body.length === 0 ? {} : JSON.parse(body.toString(), (_, value) => value ?? undefined);
    return status === 200 ? answer : { error: answer.__type };
  }

  async put(records: { key: string; hashKey?: string }[]): Promise<unknown> {
    const Records = records.map(({ key, hashKey }) => ({
      PartitionKey: key,
      Data: Buffer.from(key).toString("base64"),
      ...(hashKey === undefined ? {} : { ExplicitHashKey: hashKey }),
    }));
    const { error, Records: written = [] } = await this.call("PutRecords", { Records });
    const entries = written as { ShardId: string; SequenceNumber: string }[];
    for (const [at, { SequenceNumber }] of entries.entries()) {
      this.#sequenceNumbers.set(records[at]?.key ?? "", SequenceNumber);
    }
    return error ?? entries.map(({ ShardId }) => ShardId);
  }

  async shards(): Promise<ShardAnswer[]> {
    await until(async () => {
      const { StreamDescriptionSummary } = await this.call("DescribeStreamSummary", {});
      return (StreamDescriptionSummary as Json).StreamStatus === "ACTIVE";
    });
    return (await this.call("ListShards", {})).Shards as ShardAnswer[];
  }

  /** Returns the ranges and parents of the shards, and whether each is closed. */
  async layout(filter?: Json): Promise<unknown> {
    const { Shards } = await this.call("ListShards", filter === undefined ? {} : { ShardFilter: filter });
    return (Shards as (ShardAnswer & Json)[]).map(
      ({ ShardId, HashKeyRange, ParentShardId, AdjacentParentShardId, SequenceNumberRange: range }) => ({
        ShardId,
        HashKeyRange,
        parents: [ParentShardId, AdjacentParentShardId],
        isClosed: range.EndingSequenceNumber !== undefined,
      }),
    );
  }

  /** Reads a shard to its end, or to its tip. */
  async read(shardId: string, type: string, Limit: number, from?: string): Promise<unknown> {
    const number = from === undefined ? {} : { StartingSequenceNumber: this.#sequenceNumbers.get(from) };
    const time = type === "AT_TIMESTAMP" ? { Timestamp: 1 } : {};
    const position = { ShardId: shardId, ShardIteratorType: type, ...number, ...time };
    const { error, ShardIterator } = await this.call("GetShardIterator", position);
    if (error !== undefined) return error;
    const keys: string[] = [];
    let iterator = ShardIterator;
    for (let empty = 0; iterator !== undefined && empty < 1; ) {
      const answer = await this.call("GetRecords", { ShardIterator: iterator, Limit });
      const records = answer.Records as { PartitionKey: string; Data: string; SequenceNumber: string }[];
      for (const { PartitionKey, Data, SequenceNumber } of records) {
        expect(Buffer.from(Data, "base64").toString()).to.equal(PartitionKey);
        expect(SequenceNumber).to.equal(this.#sequenceNumbers.get(PartitionKey));
        keys.push(PartitionKey);
      }
      if (records.length === 0) {
        expect(answer.MillisBehindLatest).to.equal(0);
        empty += 1;
      }
      iterator = answer.NextShardIterator;
      if (iterator === undefined) return { keys, children: childrenIn(answer) };
    }
    return { keys };
  }
}

function childrenIn({ ChildShards }: Json): unknown {
  return (ChildShards as { ShardId: string; ParentShards: string[]; HashKeyRange: Json }[]).map(
    ({ ShardId, ParentShards, HashKeyRange }) => ({
      ShardId,
      ParentShards: [...ParentShards].sort(),
      HashKeyRange,
    }),
  );
}

const LARGEST_HASH_KEY = 2n ** 128n - 1n;

describe("The Kinesis in this process responds as the engine does", () => {
  let aws: Fixture;
  before(async () => {
    aws = await startInFolder();
  });
  after(() => aws.remove());

  async function both(name: string, shards: number): Promise<[Compared, Compared]> {
    const { endpoint: url, region } = aws;
    const engine = signedEndpoint({ url, region, credentials: aws.principals.operator });
    const memory = new MemoryKinesis({ region, accountId: "111122223333" }, Date.now);
    for (const endpoint of [engine, memory]) {
      await endpoint.call("CreateStream", { StreamName: name, ShardCount: shards });
    }
    const compared: [Compared, Compared] = [new Compared(engine, name), new Compared(memory, name)];
    for (const each of compared) await each.shards();
    return compared;
  }

  for (let seed = 1; seed <= 6; seed += 1) {
    // With two or four shards, the engine's first shard has one hash key less than AWS documents (API reference, Shard).
    it(`for records and shards, through resharding (seed ${seed})`, async () => {
      const named = `memory ${seed}`;
      const pair = await both(`compared-${seed}`, draw(named, "shards") < 0.5 ? 1 : 3);
      const same = async (what: string, ask: (each: Compared) => Promise<unknown>) => {
        const [engine, memory] = [await ask(pair[0]), await ask(pair[1])];
        expect(memory, what).to.deep.equal(engine);
      };
      const keys: string[] = [];
      for (let step = 0; step < 12; step += 1) {
        const records = Array.from({ length: drawWhole(1, 6, named, step) }, (_, at) => {
          const key = `${step}.${at}`;
          const hashKey = draw(named, step, at) < 0.3 ? hashKeyOf(named, step, at) : undefined;
          return { key, ...(hashKey === undefined ? {} : { hashKey }) };
        });
        keys.push(...records.map(({ key }) => key));
        await same(`step ${step}: where records go`, (each) => each.put(records));
        if (draw(named, step, "reshard") < 0.4)
          await same(`step ${step}: resharding`, resharding(named, step));
      }
      await same("all shards", (each) => each.layout());
      await same("open shards", (each) => each.layout({ Type: "AT_LATEST" }));
      const shardIds = (await pair[1].shards()).map(({ ShardId }) => ShardId);
      for (const shardId of shardIds) {
        const limit = drawWhole(1, 7, named, shardId);
        for (const type of ["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"])
          await same(`${shardId} from ${type}`, (each) => each.read(shardId, type, limit));
        const { keys: held } = (await pair[1].read(shardId, "TRIM_HORIZON", 100)) as { keys: string[] };
        const from = held[drawWhole(0, held.length - 1, named, shardId, "from")];
        if (from === undefined) continue;
        for (const type of ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"])
          await same(`${shardId} from ${type}`, (each) => each.read(shardId, type, limit, from));
      }
    });
  }

  const hashKeyOf = (seed: string, ...parts: number[]) =>
    String(BigInt(Math.floor(draw(seed, "hash", ...parts) * 2 ** 32)) * 2n ** 96n);

  /** Splits or merges shards that the stream's layout offers. */
  const resharding = (seed: string, step: number) => async (each: Compared) => {
    const open = (await each.shards())
      .filter(({ SequenceNumberRange: range }) => range.EndingSequenceNumber === undefined)
      .sort((one, other) =>
        BigInt(one.HashKeyRange.StartingHashKey) < BigInt(other.HashKeyRange.StartingHashKey) ? -1 : 1,
      );
    const at = drawWhole(0, open.length - 1, seed, step, "shard");
    const [shard, next] = [open[at], open[at + 1]];
    if (shard === undefined) throw new Error("no open shard");
    const { StartingHashKey: start, EndingHashKey: end } = shard.HashKeyRange;
    const middle = (BigInt(start) + BigInt(end)) / 2n + 1n;
    const answer =
      next === undefined
        ? await each.call("SplitShard", { ShardToSplit: shard.ShardId, NewStartingHashKey: String(middle) })
        : await each.call("MergeShards", {
            ShardToMerge: shard.ShardId,
            AdjacentShardToMerge: next.ShardId,
          });
    await each.shards();
    return [answer, await each.layout()];
  };

  it("to invalid requests", async () => {
    const pair = await both("refusing", 2);
    const split = { ShardToSplit: "shardId-000000000000", NewStartingHashKey: String(LARGEST_HASH_KEY / 4n) };
    for (const each of pair) {
      await each.put([{ key: "in the shard that is open", hashKey: String(LARGEST_HASH_KEY) }]);
      await each.call("SplitShard", split);
      await each.shards();
    }
    const hashKey = String(LARGEST_HASH_KEY + 1n);
    const future = { Timestamp: Math.round(Date.now() / 1000) + 3_600, ShardIteratorType: "AT_TIMESTAMP" };
    const impossible: [string, (each: Compared) => Promise<unknown>][] = [
      ["a hash key that is none", (each) => each.put([{ key: "a", hashKey }])],
      ["a shard that is not there", (each) => each.read("shardId-000000000009", "LATEST", 1)],
      ["splitting a closed shard", (each) => each.call("SplitShard", split)],
      [
        "a time to come",
        (each) => each.call("GetShardIterator", { ShardId: "shardId-000000000001", ...future }),
      ],
      ["an iterator that is none", (each) => each.call("GetRecords", { ShardIterator: "none" })],
      ["no records", (each) => each.put([])],
    ];
    for (const [what, ask] of impossible) {
      const [engine, memory] = [await ask(pair[0]), await ask(pair[1])];
      expect(memory, what).to.deep.equal(engine);
      expect(engine, what).to.satisfy((answer: unknown) => /Exception/.test(JSON.stringify(answer)));
    }
  });
});

describe("The clock of the Kinesis in this process", () => {
  const read = async (kinesis: MemoryKinesis, ShardIterator: unknown) =>
    JSON.parse((await kinesis.call("GetRecords", { ShardIterator })).body.toString());

  async function oneShard(now: () => number) {
    const kinesis = new MemoryKinesis({ region: "eu-central-1", accountId: "111122223333" }, now);
    await kinesis.call("CreateStream", { StreamName: "s", ShardCount: 1 });
    const put = (key: string) =>
      kinesis.call("PutRecords", { StreamName: "s", Records: [{ PartitionKey: key, Data: "" }] });
    const iterator = async (request: object) => {
      const position = { StreamName: "s", ShardId: "shardId-000000000000", ...request };
      return JSON.parse((await kinesis.call("GetShardIterator", position)).body.toString()).ShardIterator;
    };
    return { kinesis, put, iterator };
  }

  it("expires an iterator after five minutes", async () => {
    let now = 1_000_000;
    const { kinesis, iterator } = await oneShard(() => now);
    const old = await iterator({ ShardIteratorType: "LATEST" });
    now += 5 * 60_000;
    expect(await read(kinesis, old)).to.have.property("NextShardIterator");
    now += 1;
    expect(await read(kinesis, old)).to.include({ __type: "ExpiredIteratorException" });
  });

  it("is the one of reads by time, and of the lag in responses", async () => {
    let now = 1_000_000;
    const { kinesis, put, iterator } = await oneShard(() => now);
    for (const key of ["a", "b", "c"]) {
      await put(key);
      now += 1_000;
    }
    const from = await iterator({ ShardIteratorType: "AT_TIMESTAMP", Timestamp: 1_001 });
    const limited = await kinesis.call("GetRecords", { ShardIterator: from, Limit: 1 });
    const { Records, MillisBehindLatest, NextShardIterator } = JSON.parse(limited.body.toString());
    expect(Records[0]).to.include({ PartitionKey: "b", ApproximateArrivalTimestamp: 1_001 });
    expect(MillisBehindLatest).to.equal(1_000);
    expect(await read(kinesis, NextShardIterator)).to.include({ MillisBehindLatest: 0 });
  });
});
