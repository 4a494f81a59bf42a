import type { KinesisClient } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { streamApi } from "../../../delivery/kinesis/streamApi";
import { type FakeAnswer, type FakeCall, fakeKinesis, json } from "../aws/fakeAws";

const NEVER = new AbortController().signal;
const FROM = new Date(1_500);
const FILTERED = { StreamName: "events", ShardFilter: { Type: "FROM_TIMESTAMP", Timestamp: 1.5 } };

function refusal(code: string, status = 400): FakeAnswer {
  return { ...json({ __type: code, message: `refused: ${code}` }), status };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "answered",
    (error: unknown) => (error instanceof Error ? error.name : "no error"),
  );
}

function recording(answer: (call: FakeCall) => FakeAnswer): { client: KinesisClient; calls: FakeCall[] } {
  const calls: FakeCall[] = [];
  const client = fakeKinesis((call) => {
    calls.push(call);
    return answer(call);
  });
  return { client, calls };
}

describe("The stream's API", () => {
  it("lists the shards that were open at a time or later, on all pages, a further one by its token alone", async () => {
    const { client, calls } = recording(({ input }) =>
      input.NextToken === undefined
        ? json({ Shards: [{ ShardId: "one" }], NextToken: "more" })
        : json({ Shards: [{ ShardId: "two" }] }),
    );
    const shards = await streamApi(client, "events").listShards(FROM, NEVER);
    expect(shards.map(({ ShardId }) => ShardId)).to.deep.equal(["one", "two"]);
    expect(calls.map(({ input }) => input)).to.deep.equal([FILTERED, { NextToken: "more" }]);
  });

  for (const code of ["InvalidArgumentException", "ValidationException", "SerializationException"]) {
    it(`lists all shards if the endpoint rejects the filter with ${code}`, async () => {
      const { client, calls } = recording(({ input }) =>
        input.ShardFilter === undefined ? json({ Shards: [{ ShardId: "one" }] }) : refusal(code),
      );
      const shards = await streamApi(client, "events").listShards(FROM, NEVER);
      expect(shards.map(({ ShardId }) => ShardId)).to.deep.equal(["one"]);
      expect(calls.map(({ input }) => input)).to.deep.equal([FILTERED, { StreamName: "events" }]);
    });
  }

  it("takes a second refusal, without the filter, for the answer", async () => {
    const { client, calls } = recording(() => refusal("InvalidArgumentException"));
    expect(await codeOf(streamApi(client, "events").listShards(FROM, NEVER))).to.equal(
      "InvalidArgumentException",
    );
    expect(calls).to.have.length(2);
  });

  it("does not take a refused token for a refused filter", async () => {
    const { client, calls } = recording(({ input }) =>
      input.NextToken === undefined
        ? json({ Shards: [], NextToken: "more" })
        : refusal("ExpiredNextTokenException"),
    );
    expect(await codeOf(streamApi(client, "events").listShards(FROM, NEVER))).to.equal(
      "ExpiredNextTokenException",
    );
    expect(calls).to.have.length(2);
  });

  const otherRefusals = [
    { code: "AccessDeniedException", status: 400 },
    { code: "UnrecognizedClientException", status: 400 },
    { code: "ExpiredTokenException", status: 400 },
    { code: "LimitExceededException", status: 400 },
    { code: "ThrottlingException", status: 400 },
    { code: "UnknownError", status: 429 },
    { code: "ResourceNotFoundException", status: 400 },
    { code: "InternalFailure", status: 500 },
  ];
  for (const { code, status } of otherRefusals) {
    it(`does not take ${code} (HTTP ${status}) for a refusal of the filter`, async () => {
      const { client, calls } = recording(() => refusal(code, status));
      expect(await codeOf(streamApi(client, "events").listShards(FROM, NEVER))).to.equal(code);
      expect(calls).to.have.length(1);
    });
  }

  const positions = [
    { position: { type: "TRIM_HORIZON" } as const, input: { ShardIteratorType: "TRIM_HORIZON" } },
    {
      position: { type: "AT_TIMESTAMP", timestamp: new Date(1_500) } as const,
      input: { ShardIteratorType: "AT_TIMESTAMP", Timestamp: 1.5 },
    },
    {
      position: { type: "AFTER_SEQUENCE_NUMBER", sequenceNumber: "49" } as const,
      input: { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: "49" },
    },
  ];
  for (const { position, input } of positions) {
    it(`asks for an iterator ${position.type}`, async () => {
      const { client, calls } = recording(() => json({ ShardIterator: "it" }));
      expect(await streamApi(client, "events").iterator("one", position, NEVER)).to.equal("it");
      expect(calls[0]?.input).to.deep.equal({ StreamName: "events", ShardId: "one", ...input });
    });
  }

  it("takes an answer without an iterator for a failure", async () => {
    const { client } = recording(() => json({}));
    const asking = streamApi(client, "events").iterator("one", { type: "TRIM_HORIZON" }, NEVER);
    expect(String(await asking.catch((error: unknown) => error))).to.include("no iterator for one");
  });

  it("gives records with the bytes that were put", async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 226, 128, 168]);
    const { client, calls } = recording(() =>
      json({ Records: [{ SequenceNumber: "1", PartitionKey: "k", Data: bytes.toString("base64") }] }),
    );
    const { Records } = await streamApi(client, "events").records("it", NEVER);
    expect(Buffer.from(Records?.[0]?.Data ?? []).equals(bytes)).to.equal(true);
    expect(calls[0]?.input).to.deep.equal({ ShardIterator: "it" });
  });

  it("takes an answer whose records are no list for a failure", async () => {
    const { client } = recording(() => json({ Records: { 0: "x" }, NextShardIterator: "next" }));
    const asking = streamApi(client, "events").records("it", NEVER);
    expect(String(await asking.catch((error: unknown) => error))).to.include("no list of records");
  });

  it("makes no call after the signal", async () => {
    const { client } = recording(() => json({}));
    const api = streamApi(client, "events");
    const calls = [
      api.listShards(FROM, AbortSignal.abort()),
      api.iterator("one", { type: "TRIM_HORIZON" }, AbortSignal.abort()),
      api.records("it", AbortSignal.abort()),
    ];
    const results = await Promise.allSettled(calls);
    expect(results.map(({ status }) => status)).to.deep.equal(["rejected", "rejected", "rejected"]);
  });
});
