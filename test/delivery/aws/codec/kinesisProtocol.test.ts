import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  GetRecordsCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
  type PutRecordsRequestEntry,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { expect } from "chai";
import fc from "fast-check";
import { type ClientOptions, kinesisClient, kinesisWriteClient } from "../../../../delivery/aws/clients";
import { readGetRecords } from "../../../../delivery/aws/codec/getRecords";
import { putRecordsTo } from "../../../../delivery/kinesis/streamApi";

const text = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 60 });
const entries = fc.array(fc.record({ Data: bytes, PartitionKey: text }), { maxLength: 4 });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

/** The SDK's own client beside ours, at an endpoint that says what it is told to, and keeps what it is sent. */
describe("the protocol for Kinesis", () => {
  let server: Server;
  let answer = { status: 200, body: "{}" };
  let received: { body: string; headers: Record<string, unknown> };
  let ours: KinesisClient;
  let theirs: KinesisClient;
  let options: ClientOptions;
  before(async () => {
    server = createServer(async (incoming, outgoing) => {
      const body = Buffer.concat(await incoming.toArray()).toString("utf8");
      received = { body, headers: incoming.headers };
      outgoing.writeHead(answer.status, { "x-amzn-requestid": "request-1" }).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const fixed = {
      endpoint,
      region: "eu-central-1",
      credentials: { accessKeyId: "k", secretAccessKey: "s" },
    };
    options = fixed;
    ours = kinesisWriteClient(fixed);
    theirs = new KinesisClient({ ...fixed, maxAttempts: 1, requestHandler: new NodeHttpHandler() });
  });
  after(() => {
    ours.destroy();
    theirs.destroy();
    server.close();
    server.closeAllConnections();
  });

  const put = (client: KinesisClient, Records: PutRecordsRequestEntry[]) =>
    client.send(new PutRecordsCommand({ StreamName: "events", StreamARN: "arn", Records }));
  const get = (client: KinesisClient) => client.send(new GetRecordsCommand({ ShardIterator: "i" }));
  /** The output, or what is thrown, without what differs from call to call. */
  const told = (call: Promise<object>) =>
    call.then(
      (output) => ({ ...output, $metadata: undefined }),
      ({ name, $metadata }: Error & { $metadata?: { httpStatusCode?: number } }) => ({
        name,
        status: $metadata?.httpStatusCode,
      }),
    );

  it("sends the same request as the SDK, with the same headers, whatever its memory held before", async () => {
    answer = { status: 200, body: "{}" };
    const putRecords = putRecordsTo(ours, "events");
    await fc.assert(
      fc.asyncProperty(entries, async (records) => {
        await theirs.send(new PutRecordsCommand({ StreamName: "events", Records: records }));
        const expected = received;
        const outgoing = records.map(({ Data, PartitionKey }, index) => ({
          index,
          bytes: Buffer.from(Data),
          partitionKey: PartitionKey,
        }));
        await putRecords(outgoing, new AbortController().signal);
        expect(JSON.parse(received.body)).to.deep.equal(JSON.parse(expected.body));
        for (const header of ["x-amz-target", "content-type", "host"]) {
          expect(received.headers[header], header).to.equal(expected.headers[header]);
        }
        expect(received.headers["content-length"]).to.equal(String(Buffer.byteLength(received.body)));
        expect(received.headers.authorization).to.match(
          /SignedHeaders=.*x-amz-target.*, Signature=[0-9a-f]{64}$/,
        );
      }),
      { numRuns: 50 },
    );
  });

  const number = fc.oneof(fc.integer({ min: 0, max: 1e9 }), fc.double({ min: 0, max: 2e9, noNaN: true }));
  const base64 = bytes.map((data) => Buffer.from(data).toString("base64"));
  const putAnswers = fc.record(
    {
      FailedRecordCount: optional(fc.nat()),
      EncryptionType: optional(fc.constantFrom("KMS", "NONE")),
      Records: optional(
        fc.array(
          fc.record(
            {
              SequenceNumber: optional(text),
              ShardId: optional(text),
              ErrorCode: optional(text),
              ErrorMessage: optional(text),
            },
            { requiredKeys: [] },
          ),
        ),
      ),
    },
    { requiredKeys: [] },
  );
  const getAnswers = fc.record(
    {
      MillisBehindLatest: optional(fc.nat()),
      NextShardIterator: optional(text),
      Records: optional(
        fc.array(
          fc.record(
            {
              Data: base64,
              PartitionKey: text,
              SequenceNumber: text,
              ApproximateArrivalTimestamp: number,
              EncryptionType: optional(fc.constant("KMS")),
            },
            { requiredKeys: [] },
          ),
        ),
      ),
      ChildShards: optional(
        fc.array(
          fc.record({
            ShardId: text,
            ParentShards: fc.array(text),
            HashKeyRange: fc.record({ StartingHashKey: text, EndingHashKey: text }),
          }),
        ),
      ),
    },
    { requiredKeys: [] },
  );

  it("reads every answer of PutRecords as the SDK does", async () => {
    await fc.assert(
      fc.asyncProperty(putAnswers, async (given) => {
        answer = { status: 200, body: JSON.stringify(given) };
        expect(await told(put(ours, []))).to.deep.equal(await told(put(theirs, [])));
      }),
      { numRuns: 100 },
    );
  });

  it("reads every answer of GetRecords as the SDK does, bytes and times too", async () => {
    const comparable = ({
      Records,
      ...rest
    }: {
      Records?: { Data?: Uint8Array }[];
      $metadata?: undefined;
      name?: string;
    }) => ({
      ...rest,
      Records: Records?.map((record) => ({
        ...record,
        Data: record.Data && Buffer.from(record.Data).toString("hex"),
      })),
    });
    await fc.assert(
      fc.asyncProperty(getAnswers, async (given) => {
        answer = { status: 200, body: JSON.stringify(given) };
        expect(comparable(await told(get(ours)))).to.deep.equal(comparable(await told(get(theirs))));
      }),
      { numRuns: 100 },
    );
  });

  it("reads records wherever the network cuts the body", () => {
    const records = ["", "a", "bcd", 'é"Data":"', "x".repeat(40)].map((data, index) => ({
      SequenceNumber: String(index),
      Data: Buffer.from(data).toString("base64"),
      PartitionKey: `é"Data":"${index}`,
    }));
    const body = JSON.stringify({ Records: records, MillisBehindLatest: 0 });
    const read = (size: number) => {
      const bytes = Buffer.from(body);
      const cuts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => index * size);
      return readGetRecords(cuts.map((at) => Buffer.from(bytes.subarray(at, at + size))));
    };
    const expected = records.map((record) => ({ ...record, Data: Buffer.from(record.Data, "base64") }));
    for (let size = 1; size <= body.length; size += 1)
      expect(read(size), `chunks of ${size} bytes`).to.deep.equal({
        Records: expected,
        MillisBehindLatest: 0,
      });
  });

  const failures: [string, number, string][] = [
    [
      "an error of the service",
      400,
      '{"__type":"ProvisionedThroughputExceededException","message":"slow down"}',
    ],
    ["an error that it doesn't know", 418, '{"__type":"Teapot"}'],
    ["a failure without a body", 500, ""],
    ["an answer that is cut off", 200, '{"Records":[{"SequenceNumber":"1","Shard'],
    ["an answer that is no JSON", 200, "<html>welcome to the hotel's network</html>"],
    ["an answer without a body", 200, ""],
  ];
  for (const [what, status, body] of failures) {
    it(`says of ${what} what the SDK says`, async () => {
      answer = { status, body };
      expect(await told(put(ours, []))).to.deep.equal(await told(put(theirs, [])));
      expect(await told(get(ours))).to.deep.equal(await told(get(theirs)));
    });
  }

  it("says of data that is no base64 what the SDK says", async () => {
    for (const data of ["a*b=", "abc", "====", "YQ", "YQ===", "Y Q="]) {
      answer = { status: 200, body: JSON.stringify({ Records: [{ Data: data }] }) };
      expect(await told(get(ours)), data).to.deep.equal(await told(get(theirs)));
    }
  });

  it("says of members that come twice, and of data that is no text, what the SDK says", async () => {
    for (const body of [
      '{"Records":[{"Data":"QQ==","Data":"Qg=="},{"Data": "#"}]}',
      '{"Records":[{"Data":"QQ=="}],"Records":[{"Data": "#"}]}',
      '{"Records":[{"Data":"QQ==","Data": ["#"]}]}',
      '{"Records":[{"Data":"QQ==","Data": null}]}',
      '{"Records":[{"Data":"QQ==","ApproximateArrivalTimestamp":1e400}]}',
      '{"Records":[{"Data":"QQ==","__proto__":{"PartitionKey":"k"}}]}',
      '{"MillisBehindLatest":1e400,"Records":[]}',
    ]) {
      answer = { status: 200, body };
      expect(await told(get(ours)), body).to.deep.equal(await told(get(theirs)));
    }
  });

  it("leaves every other operation to the SDK", async () => {
    answer = { status: 200, body: '{"Shards":[{"ShardId":"shardId-0"}]}' };
    const command = new ListShardsCommand({ StreamName: "events" });
    expect((await ours.send(command)).Shards).to.deep.equal([{ ShardId: "shardId-0" }]);
  });

  it("logs no body to the console, as the SDK does if one is treated as text", async () => {
    const { warn } = console;
    const warnings: unknown[] = [];
    console.warn = (...told: unknown[]) => warnings.push(told);
    try {
      answer = { status: 200, body: "{}" };
      for (const client of [ours, kinesisClient(options)]) {
        await client.send(new ListShardsCommand({ StreamName: "events" }));
        await get(client);
        await put(client, [{ Data: Buffer.from("{}"), PartitionKey: "k" }]);
      }
    } finally {
      console.warn = warn;
    }
    expect(warnings).to.deep.equal([]);
  });

  it("keeps the request's id, and asks no more than once", async () => {
    answer = { status: 200, body: '{"FailedRecordCount":0,"Records":[]}' };
    const { $metadata } = await put(ours, []);
    expect($metadata).to.include({ httpStatusCode: 200, requestId: "request-1", attempts: 1 });
  });
});
