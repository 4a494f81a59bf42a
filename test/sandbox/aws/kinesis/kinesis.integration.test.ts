import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeLimitsCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  IncreaseStreamRetentionPeriodCommand,
  ListShardsCommand,
  ListStreamConsumersCommand,
  ListTagsForResourceCommand,
  ListTagsForStreamCommand,
  PutRecordCommand,
  PutRecordsCommand,
  StartStreamEncryptionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateMaxRecordSizeCommand,
  UpdateShardCountCommand,
  UpdateStreamModeCommand,
} from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { until } from "../../../until";
import { clientsOf, type Fixture, failureOf, startInFolder } from "../localAws";

const MIB = 1024 * 1024;

describe("the sandbox's Kinesis", () => {
  let aws: Fixture;
  let kinesis: ReturnType<typeof clientsOf>["kinesis"];
  let created = 0;

  before(async () => {
    aws = await startInFolder();
    kinesis = clientsOf(aws, aws.principals.operator).kinesis;
  });

  after(() => aws.remove());

  async function summaryOf(StreamName: string) {
    const response = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    return response.StreamDescriptionSummary;
  }

  const isActive = (name: string) => async () => (await summaryOf(name))?.StreamStatus === "ACTIVE";

  async function createStream(input: object = { ShardCount: 1 }): Promise<string> {
    const StreamName = `stream-${++created}`;
    await kinesis.send(new CreateStreamCommand({ StreamName, ...input }));
    await until(isActive(StreamName));
    return StreamName;
  }

  const arnOf = (name: string) => `arn:aws:kinesis:us-east-1:111122223333:stream/${name}`;

  async function readAll(StreamName: string): Promise<string[]> {
    const { Shards: shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
    const read = shards.map(async ({ ShardId }) => {
      const { ShardIterator } = await kinesis.send(
        new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" }),
      );
      const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
      return Records.map(({ Data }) => Buffer.from(Data ?? []).toString());
    });
    return (await Promise.all(read)).flat();
  }

  const put = (StreamName: string, records: { bytes: number; key?: string }[], overrides: object = {}) =>
    kinesis.send(
      new PutRecordsCommand({
        ...overrides,
        StreamName,
        Records: records.map(({ bytes, key = "k" }) => ({
          Data: Buffer.alloc(bytes, "a"),
          PartitionKey: key,
        })),
      }),
    );

  it("supports the lifecycle of a stream in Pulumi's provider", async () => {
    const StreamName = await createStream({
      StreamModeDetails: { StreamMode: "ON_DEMAND" },
      Tags: { team: "data" },
    });
    const StreamARN = arnOf(StreamName);
    const KeyId = "alias/aws/kinesis";
    await kinesis.send(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 168 }));
    await kinesis.send(new StartStreamEncryptionCommand({ StreamName, EncryptionType: "KMS", KeyId }));
    await until(isActive(StreamName));
    expect(await summaryOf(StreamName)).to.deep.include({
      StreamARN,
      StreamModeDetails: { StreamMode: "ON_DEMAND" },
      RetentionPeriodHours: 168,
      EncryptionType: "KMS",
      KeyId,
      OpenShardCount: 4,
    });
    const byName = await kinesis.send(new ListTagsForStreamCommand({ StreamName }));
    const byArn = await kinesis.send(new ListTagsForResourceCommand({ ResourceARN: StreamARN }));
    expect([byName.Tags, byArn.Tags]).to.deep.equal([
      [{ Key: "team", Value: "data" }],
      [{ Key: "team", Value: "data" }],
    ]);
    await kinesis.send(new DeleteStreamCommand({ StreamARN, EnforceConsumerDeletion: true }));
    await until(async () => {
      const gone = await summaryOf(StreamName).catch((error: Error) => error.name);
      return gone === "ResourceNotFoundException";
    });
  });

  it("accepts fifty tags at once, as Kinesis does, and removes them", async () => {
    const Tags = Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`tag-${at}`, `${at}`]));
    const StreamName = await createStream({ ShardCount: 1, Tags });
    const ResourceARN = arnOf(StreamName);
    const more = Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`more-${at}`, `${at}`]));
    await kinesis.send(new TagResourceCommand({ ResourceARN, Tags: more }));
    const tagsOf = async () =>
      (await kinesis.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags ?? [];
    const written = Object.fromEntries((await tagsOf()).map(({ Key, Value }) => [Key, Value]));
    expect(written).to.deep.equal({ ...Tags, ...more });
    const failure = await failureOf(
      kinesis.send(new AddTagsToStreamCommand({ StreamName, Tags: { another: "1" } })),
    );
    expect(failure.name).to.equal("InvalidArgumentException");
    await kinesis.send(new UntagResourceCommand({ ResourceARN, TagKeys: Object.keys(Tags) }));
    expect((await tagsOf()).map(({ Key }) => Key)).to.have.members(Object.keys(more));
  });

  it("changes mode, shards, record size and tags of a stream", async () => {
    const StreamName = await createStream();
    const StreamARN = arnOf(StreamName);
    await kinesis.send(
      new UpdateShardCountCommand({ StreamName, TargetShardCount: 2, ScalingType: "UNIFORM_SCALING" }),
    );
    await until(isActive(StreamName));
    await kinesis.send(new UpdateMaxRecordSizeCommand({ StreamARN, MaxRecordSizeInKiB: 2048 }));
    await until(isActive(StreamName));
    await kinesis.send(
      new UpdateStreamModeCommand({ StreamARN, StreamModeDetails: { StreamMode: "ON_DEMAND" } }),
    );
    await until(isActive(StreamName));
    await kinesis.send(new AddTagsToStreamCommand({ StreamName, Tags: { a: "1" } }));
    await kinesis.send(new TagResourceCommand({ ResourceARN: StreamARN, Tags: { b: "2" } }));
    await kinesis.send(new UntagResourceCommand({ ResourceARN: StreamARN, TagKeys: ["a"] }));
    expect(await summaryOf(StreamName)).to.deep.include({ OpenShardCount: 2, MaxRecordSizeInKiB: 2048 });
    const { Tags } = await kinesis.send(new ListTagsForStreamCommand({ StreamName }));
    expect(Tags).to.deep.equal([{ Key: "b", Value: "2" }]);
    const { StreamDescription } = await kinesis.send(new DescribeStreamCommand({ StreamARN }));
    expect(StreamDescription?.Shards).to.have.length(3);
    await kinesis.send(new DescribeLimitsCommand({}));
  });

  it("returns records byte for byte, across many shards", async () => {
    const name = await createStream({ ShardCount: 3 });
    const texts = Array.from({ length: 50 }, (_, index) => `{"id":${index},"text":"žluť 🐎"}`);
    await kinesis.send(
      new PutRecordsCommand({
        StreamName: name,
        Records: texts.map((text) => ({ Data: Buffer.from(text), PartitionKey: text })),
      }),
    );
    expect((await readAll(name)).sort()).to.deep.equal(texts.sort());
  });

  it("continues from the iterator that it returned, and from a point in time", async () => {
    const StreamName = await createStream();
    const Timestamp = new Date(Date.now() - 1000);
    await put(StreamName, [{ bytes: 1 }]);
    const { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({
        StreamName,
        ShardId: "shardId-000000000000",
        ShardIteratorType: "AT_TIMESTAMP",
        Timestamp,
      }),
    );
    const first = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
    await put(StreamName, [{ bytes: 2 }]);
    const second = await kinesis.send(new GetRecordsCommand({ ShardIterator: first.NextShardIterator }));
    const sizes = [first, second].map(({ Records }) => Records?.map(({ Data }) => Data?.length));
    expect(sizes).to.deep.equal([[1], [2]]);
    const { Shards } = await kinesis.send(
      new ListShardsCommand({ StreamName, ShardFilter: { Type: "FROM_TIMESTAMP", Timestamp: new Date() } }),
    );
    expect(Shards).to.have.length(1);
  });

  it("lists shards page by page", async () => {
    const StreamName = await createStream({ ShardCount: 3 });
    const first = await kinesis.send(new ListShardsCommand({ StreamName, MaxResults: 2 }));
    const second = await kinesis.send(new ListShardsCommand({ NextToken: first.NextToken }));
    expect([first.Shards?.length, second.Shards?.length]).to.deep.equal([2, 1]);
  });

  describe("enforces Kinesis's limits on a write:", () => {
    let stream: string;

    before(async () => {
      stream = await createStream();
    });

    const many = (count: number, bytes: number) => Array.from({ length: count }, () => ({ bytes }));

    for (const [what, records] of [
      ["500 records", many(500, 1)],
      ["a record of 1 MiB with its key", [{ bytes: MIB - 1 }]],
      ["10 MiB in one request", many(10, MIB - 1)],
      ["a partition key of 256 characters", [{ bytes: 1, key: "🐎".repeat(256) }]],
    ] as const) {
      it(`accepts ${what}`, async () => {
        const failure = await failureOf(put(stream, [...records], { DryRun: true }));
        expect(failure.name).to.equal("DryRunOperationException");
      });
    }

    for (const [what, records, name, message] of [
      ["501 records", many(501, 1), "ValidationException", /'records'.*less than or equal to 500/],
      ["no record", [], "ValidationException", /'records'.*greater than or equal to 1/],
      [
        "a record of 1 MiB and its key",
        [{ bytes: 1 }, { bytes: MIB }],
        "InvalidArgumentException",
        /Record 2 exceeds .* 1048576 bytes/,
      ],
      [
        "more than 10 MiB in one request",
        [...many(10, MIB - 1), { bytes: 0 }],
        "InvalidArgumentException",
        /10 MB limit/,
      ],
      [
        "a partition key of 257 characters",
        [{ bytes: 1, key: "k".repeat(257) }],
        "ValidationException",
        /'records.1.member.partitionKey'/,
      ],
      ["an empty partition key", [{ bytes: 1, key: "" }], "ValidationException", /partitionKey/],
    ] as const) {
      it(`rejects ${what}`, async () => {
        const failure = await failureOf(put(stream, [...records]));
        expect(failure).to.include({ name, status: 400 });
        expect(failure.message).to.match(message);
      });
    }

    it("stores 1 MiB in one record", async () => {
      const StreamName = await createStream();
      await put(StreamName, [{ bytes: MIB - 1 }]);
      expect((await readAll(StreamName))[0]?.length).to.equal(MIB - 1);
    });

    it("accepts a larger record if the stream allows it", async () => {
      const StreamName = await createStream({ ShardCount: 1, MaxRecordSizeInKiB: 3072 });
      const write = (bytes: number) =>
        kinesis.send(
          new PutRecordCommand({ StreamName, PartitionKey: "k", Data: Buffer.alloc(bytes), DryRun: true }),
        );
      expect((await failureOf(write(3 * MIB - 1))).name).to.equal("DryRunOperationException");
      expect((await failureOf(write(3 * MIB))).message).to.include("3145728 bytes");
    });
  });

  describe("in a dry run", () => {
    it("writes nothing", async () => {
      const StreamName = await createStream();
      const record = { Data: Buffer.from("x"), PartitionKey: "k" };
      const one = new PutRecordCommand({ StreamName, ...record, DryRun: true });
      const several = new PutRecordsCommand({ StreamName, Records: [record], DryRun: true });
      for (const call of [kinesis.send(one), kinesis.send(several)]) {
        expect(await failureOf(call)).to.include({ name: "DryRunOperationException", status: 400 });
      }
      expect(await readAll(StreamName)).to.deep.equal([]);
    });

    it("reads nothing", async () => {
      const StreamName = await createStream();
      const input = { StreamName, ShardId: "shardId-000000000000", ShardIteratorType: "LATEST" } as const;
      const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(input));
      for (const call of [
        kinesis.send(new GetShardIteratorCommand({ ...input, DryRun: true })),
        kinesis.send(new GetRecordsCommand({ ShardIterator, DryRun: true })),
      ]) {
        expect(await failureOf(call)).to.include({ name: "DryRunOperationException" });
      }
    });

    it("reports what would have failed", async () => {
      const record = { Data: Buffer.from("x"), PartitionKey: "k", DryRun: true };
      const missing = kinesis.send(new PutRecordCommand({ StreamName: "none", ...record }));
      expect(await failureOf(missing)).to.include({ name: "ResourceNotFoundException" });
      const { kinesis: stranger } = clientsOf(aws, aws.principals.stranger);
      const denied = stranger.send(new PutRecordCommand({ StreamARN: arnOf("stream-1"), ...record }));
      expect(await failureOf(denied)).to.include({ name: "AccessDeniedException" });
    });
  });

  it("rejects an iterator that it did not issue", async () => {
    const call = kinesis.send(new GetRecordsCommand({ ShardIterator: "AAAA" }));
    expect(await failureOf(call)).to.include({
      name: "InvalidArgumentException",
      message: "Invalid ShardIterator.",
    });
  });

  it("rejects a request that names two streams", async () => {
    const names = { StreamName: "a", StreamARN: arnOf("b") };
    const call = kinesis.send(new DescribeStreamSummaryCommand(names));
    expect(await failureOf(call)).to.include({ name: "InvalidArgumentException" });
  });

  it("rejects a stream's name that is a pattern", async () => {
    const call = kinesis.send(new DescribeStreamSummaryCommand({ StreamName: "stream-*" }));
    expect(await failureOf(call)).to.include({ name: "ValidationException" });
  });

  it("names an unsupported operation", async () => {
    const call = kinesis.send(new ListStreamConsumersCommand({ StreamARN: arnOf("a") }));
    const failure = await failureOf(call);
    expect(failure.name).to.equal("UnknownOperationException");
    expect(failure.message).to.include("ListStreamConsumers");
  });
});
