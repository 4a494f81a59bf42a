import type { _Record as KinesisRecord } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import fc from "fast-check";
import { ShardReader, type ShardReaderOptions } from "../../../delivery/kinesis/shardReader";
import type { StreamApi } from "../../../delivery/kinesis/streamApi";
import { serviceError, systemError } from "../aws/serviceErrors";
import { VirtualClock } from "../common/virtualClock";
import { FakeStream, type Fault } from "./fakeStream";

const SHARD = "shardId-000000000000";
const THROTTLED = serviceError("ProvisionedThroughputExceededException", 400);
const MIB = 1024 * 1024;

/** One shard of a stream, and a reader of it that keeps what it is told. */
class Reading {
  readonly clock = new VirtualClock();
  readonly stream = new FakeStream(this.clock);
  readonly start = this.clock.now();
  readonly names: string[] = [];
  /** Those of them that were handed on as read before. */
  readonly repeated: string[] = [];
  readonly readUpTo: number[] = [];
  readonly receivedAt: number[] = [];
  readonly #stop = new AbortController();

  put(...names: string[]): void {
    for (const name of names) this.stream.put(SHARD, name);
  }

  stop(): void {
    this.#stop.abort();
  }

  run(options: Partial<ShardReaderOptions> = {}) {
    return new ShardReader({
      api: this.stream,
      shardId: SHARD,
      from: { type: "TRIM_HORIZON" },
      isClosed: false,
      clock: this.clock,
      random: () => 0.5,
      signal: this.#stop.signal,
      bytesPerSecond: 1024 * 1024,
      pollMs: 500,
      clockOffsetMs: 0,
      onRecords: ({ records, repeated = new Set(), receivedAt }) => {
        this.names.push(...records.map(({ PartitionKey }) => String(PartitionKey)));
        this.repeated.push(...[...repeated].map(({ PartitionKey }) => String(PartitionKey)));
        this.receivedAt.push(receivedAt - this.start);
      },
      onReadUpTo: (time) => this.readUpTo.push(time - this.start),
      ...options,
    }).run();
  }

  /** Reads until the virtual time is over. */
  async for(ms: number, options: Partial<ShardReaderOptions> = {}): Promise<this> {
    this.clock.in(ms, () => this.stop());
    await this.run(options);
    return this;
  }
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, number) => `record-${number}`);
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("A shard's reader", () => {
  it("hands each record on once, in the order of the shard, whatever fails meanwhile", async () => {
    const fault = fc.constantFrom<Fault[]>(
      undefined,
      undefined,
      undefined,
      "expired",
      "empty",
      THROTTLED,
      serviceError("InternalFailure", 500),
      systemError("ECONNRESET"),
    );
    const run = fc.record({
      // An iterator and an answer end each row of failures, before they are too many.
      faults: fc
        .array(fc.array(fault, { maxLength: 4 }), { minLength: 1, maxLength: 6 })
        .map((rows) => rows.flatMap((row) => [...row, undefined, undefined])),
      puts: fc.array(fc.record({ at: fc.nat({ max: 20_000 }), count: fc.integer({ min: 1, max: 6 }) }), {
        maxLength: 12,
      }),
      answerSize: fc.integer({ min: 1, max: 5 }),
      tellsLag: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(run, async ({ faults, puts, answerSize, tellsLag }) => {
        const reading = new Reading();
        Object.assign(reading.stream, { answerSize, tellsLag });
        reading.stream.fault = ({ number }) => faults[number % faults.length];
        let count = 0;
        const given: string[] = [];
        for (const put of [...puts].sort((a, b) => a.at - b.at)) {
          reading.clock.in(put.at, () => {
            for (let left = put.count; left > 0; left -= 1) {
              given.push(`record-${count++}`);
              reading.stream.put(SHARD, given.at(-1) ?? "");
            }
          });
        }
        await reading.for(120_000);
        expect(reading.names).to.deep.equal(given);
      }),
      { numRuns: 60 },
    );
  });

  it("ends with a closed shard's children once it has read all of it", async () => {
    const reading = new Reading();
    reading.put(...names(7));
    const children = reading.stream.split(SHARD);
    expect(await reading.run()).to.deep.equal({
      children: children.map((shardId) => ({ shardId, parentShardIds: [SHARD], range: undefined })),
    });
    expect(reading.names).to.deep.equal(names(7));
  });

  it("ends without children if the service names none", async () => {
    const reading = new Reading();
    reading.stream.split(SHARD);
    reading.stream.namesChildren = false;
    expect(await reading.run()).to.deep.equal({ children: [] });
  });

  it("does not call a closed shard read up to its last answer: its children may hold more from before that", async () => {
    const reading = new Reading();
    reading.put("a");
    reading.stream.split(SHARD);
    await reading.run();
    expect(reading.readUpTo).to.deep.equal([]);
  });

  it("says when records were received", async () => {
    const reading = new Reading();
    reading.stream.latencyMs = 30;
    reading.put("a");
    await reading.for(1_000);
    expect(reading.receivedAt).to.deep.equal([60]);
  });

  describe("says up to when it has read:", () => {
    it("up to the request, not the response, if the response is at the shard's tip", async () => {
      const reading = new Reading();
      reading.stream.latencyMs = 30;
      await reading.for(1_000);
      expect(reading.readUpTo).to.deep.equal([0, 560]);
    });

    it("as far behind as the service says, and the last record's arrival bears out", async () => {
      const reading = new Reading();
      reading.stream.answerSize = 1;
      reading.put("a");
      reading.clock.in(100, () => reading.put("b"));
      reading.clock.in(200, () => reading.put("c"));
      await reading.for(1_600);
      expect(reading.readUpTo).to.deep.equal([0, 100, 200, 1_500]);
    });

    it("by this machine's clock, if the service's is ahead", async () => {
      const reading = new Reading();
      reading.stream.answerSize = 1;
      reading.put("a");
      reading.clock.in(100, () => reading.put("b"));
      reading.clock.in(200, () => reading.put("c"));
      await reading.for(1_600, { clockOffsetMs: 30 });
      expect(reading.readUpTo).to.deep.equal([-30, 70, 170, 1_500]);
    });

    const lies: [what: string, told: number][] = [
      ["a negative lag", -3_600_000],
      ["no lag though more records follow", 0],
      ["a lag that isn't a number", Number.NaN],
    ];
    for (const [what, told] of lies) {
      it(`no further than the records that were read, if the service reports ${what}`, async () => {
        const reading = new Reading();
        reading.stream.answerSize = 1;
        for (const [at, name] of [...names(3)].entries()) reading.clock.in(at * 100, () => reading.put(name));
        const api: StreamApi = {
          iterator: reading.stream.iterator.bind(reading.stream),
          listShards: reading.stream.listShards.bind(reading.stream),
          records: async (...of) => ({ ...(await reading.stream.records(...of)), MillisBehindLatest: told }),
        };
        await reading.clock.sleep(1_000);
        await reading.for(1_600, { api });
        expect(reading.readUpTo).to.deep.equal([0, 100, 200, 2_500]);
      });
    }

    it("up to nothing while records seem to arrive after they were read", async () => {
      const reading = new Reading();
      reading.stream.answerSize = 1;
      for (const name of names(3)) reading.put(name);
      const api: StreamApi = {
        iterator: reading.stream.iterator.bind(reading.stream),
        listShards: reading.stream.listShards.bind(reading.stream),
        records: async (...of) => {
          const { Records = [], ...rest } = await reading.stream.records(...of);
          const later = { ApproximateArrivalTimestamp: new Date(reading.clock.now() + 3_600_000) };
          return { ...rest, Records: Records.map((each) => ({ ...each, ...later })), MillisBehindLatest: 0 };
        },
      };
      await reading.for(1_600, { api });
      expect(reading.readUpTo).to.deep.equal([...Array(3).fill(Number.NEGATIVE_INFINITY), 1_500]);
    });

    it("up to nothing while an endpoint that is silent about it still has records", async () => {
      const reading = new Reading();
      reading.stream.tellsLag = false;
      reading.put("a");
      await reading.for(600);
      expect(reading.readUpTo).to.deep.equal([Number.NEGATIVE_INFINITY, 500]);
    });
  });

  describe("keeps to the service's limits:", () => {
    it("waits between two responses, full ones too", async () => {
      const reading = new Reading();
      reading.stream.answerSize = 1;
      reading.put(...names(20));
      await reading.for(10_000, { pollMs: 1_000 });
      expect(reading.stream.count("records")).to.be.within(10, 11);
    });

    it("takes half of the 2 MiB a second that a shard gives", async () => {
      const reading = new Reading();
      reading.stream.answerSize = 100;
      for (const name of names(4)) reading.stream.put(SHARD, name, Buffer.alloc(MIB));
      reading.clock.in(100, () => reading.put("later"));
      await reading.for(5_000, { pollMs: 200 });
      expect(reading.names).to.deep.equal([...names(4), "later"]);
      expect(reading.receivedAt).to.deep.equal([0, 4_000]);
    });

    it("asks for an iterator once, while it is good", async () => {
      const reading = new Reading();
      reading.put(...names(20));
      await reading.for(10_000);
      expect(reading.stream.count("iterator")).to.equal(1);
    });
  });

  describe("after its iterator expired", () => {
    it("goes on after the last record that it handed on", async () => {
      const reading = new Reading();
      reading.put(...names(6));
      reading.stream.fault = ({ number }) => (number === 2 ? "expired" : undefined);
      await reading.for(5_000);
      expect(reading.names).to.deep.equal(names(6));
      expect(reading.stream.positions.map(({ position }) => position.type)).to.deep.equal([
        "TRIM_HORIZON",
        "AFTER_SEQUENCE_NUMBER",
      ]);
    });

    it("starts again if it has handed on nothing yet", async () => {
      const reading = new Reading();
      const timestamp = new Date(reading.start);
      reading.put("a");
      reading.stream.fault = ({ number }) => (number === 1 ? "expired" : undefined);
      await reading.for(5_000, { from: { type: "AT_TIMESTAMP", timestamp } });
      expect(reading.names).to.deep.equal(["a"]);
      expect(reading.stream.positions.map(({ position }) => position)).to.deep.equal([
        { type: "AT_TIMESTAMP", timestamp },
        { type: "AT_TIMESTAMP", timestamp },
      ]);
    });
  });

  it("leaves out records from before its start", async () => {
    const reading = new Reading();
    reading.put("old");
    await reading.clock.sleep(1_000);
    reading.put("new");
    await reading.for(1_000, { from: { type: "AT_TIMESTAMP", timestamp: new Date(reading.clock.now()) } });
    expect(reading.names).to.deep.equal(["new"]);
  });

  it("says which records it has handed on before, if an endpoint gives them again", async () => {
    const reading = new Reading();
    reading.put("a", "b");
    const { stream } = reading;
    const api = {
      iterator: stream.iterator.bind(stream),
      listShards: stream.listShards.bind(stream),
      records: async (iterator: string, signal: AbortSignal) => {
        const answer = await stream.records(iterator, signal);
        return { ...answer, NextShardIterator: iterator };
      },
    };
    await reading.for(1_200, { api });
    expect(reading.names).to.deep.equal(["a", "b", "a", "b", "a", "b"]);
    expect(reading.repeated).to.deep.equal(["a", "b", "a", "b"]);
    // Answers that only repeat records prove nothing.
    expect(reading.readUpTo).to.deep.equal([0]);
  });

  describe("of an endpoint whose sequence numbers say little", () => {
    const numbered = (numbers: (string | undefined)[], answerSize: number): StreamApi => ({
      listShards: async () => [],
      iterator: async (_shardId, position) =>
        String("sequenceNumber" in position ? numbers.lastIndexOf(position.sequenceNumber) + 1 : 0),
      records: async (iterator) => {
        const from = Number(iterator);
        const Records = numbers.slice(from, from + answerSize).map((number, at) => ({
          PartitionKey: `record-${from + at}`,
          Data: Buffer.from("event"),
          ...(number === undefined ? {} : { SequenceNumber: number }),
        })) as KinesisRecord[];
        return { Records, NextShardIterator: String(from + Records.length), MillisBehindLatest: 0 };
      },
    });
    const odd: [what: string, numbers: (string | undefined)[]][] = [
      ["in another order than theirs", ["17", "3", "12", "9", "1", "20", "2"]],
      ["that fall", ["9", "8", "7", "6", "5", "4"]],
      ["of another form", ["0x1f", "000021", "b", "z1", "-4"]],
      ["that are missing", [undefined, undefined, "4", undefined, "5"]],
      ["that are all the same", ["7", "7", "7", "7", "7"]],
      ["that are empty", ["", "", "3", ""]],
    ];
    for (const [what, numbers] of odd) {
      for (const answerSize of [1, 2, 10]) {
        it(`hands on each record once if they are ${what}, ${answerSize} in a response`, async () => {
          const reading = new Reading();
          await reading.for(10_000, { api: numbered(numbers, answerSize) });
          expect(reading.names).to.deep.equal(names(numbers.length));
        });
      }
    }

    it("takes a record with the number of another for a repeated one only if its key and bytes are the same", async () => {
      const record = (PartitionKey: string, data: string, SequenceNumber = "7") =>
        ({ PartitionKey, Data: Buffer.from(data), SequenceNumber }) as KinesisRecord;
      const first = [record("before", "1", "6"), record("a", "1"), record("a", "2"), record("b", "1")];
      const again = [record("a", "1"), record("a", "2"), record("b", "1"), record("b", "2")];
      const responses = [first, again];
      const reading = new Reading();
      const records = async () => ({ Records: responses.shift() ?? [], NextShardIterator: "next" });
      await reading.for(1_200, { api: { ...numbered([], 1), records } });
      expect(reading.names).to.deep.equal(["before", "a", "a", "b", "a", "a", "b", "b"]);
      expect(reading.repeated).to.deep.equal(["a", "a", "b"]);
    });

    it("does so too if iterators always expire", async () => {
      const numbers = Array.from({ length: 20 }, (_, at) => String((at * 7) % 20));
      const api = numbered(numbers, 3);
      const { records } = api;
      let asked = 0;
      api.records = async (iterator, signal) => {
        asked += 1;
        if (asked % 2 === 0) throw serviceError("ExpiredIteratorException", 400);
        return records(iterator, signal);
      };
      const reading = new Reading();
      await reading.for(60_000, { api });
      expect(reading.names).to.deep.equal(names(20));
    });
  });

  describe("gives up", () => {
    const hopeless = [
      serviceError("AccessDeniedException", 400),
      serviceError("ResourceNotFoundException", 400),
      serviceError("KMSAccessDeniedException", 400),
      serviceError("UnrecognizedClientException", 400),
      Object.assign(new Error("no profile"), { name: "CredentialsProviderError" }),
    ];
    for (const error of hopeless) {
      it(`at once on ${error.name}`, async () => {
        const reading = new Reading();
        reading.stream.fault = ({ operation }) => (operation === "records" ? error : undefined);
        expect(await failureOf(reading.run())).to.equal(error);
        expect(reading.stream.count("records")).to.equal(1);
        expect(reading.clock.now()).to.equal(reading.start);
      });
    }

    const passing = [
      serviceError("InternalFailure", 500),
      serviceError("ServiceUnavailable", 503),
      serviceError("SyntaxError", 200),
      serviceError("ExpiredTokenException", 400),
      systemError("ECONNRESET"),
      systemError("ECONNREFUSED"),
    ];
    for (const error of passing) {
      it(`after ten times ${error.name} (${error.message}) in a row, in at most 21 s`, async () => {
        const reading = new Reading();
        reading.stream.fault = () => error;
        expect(await failureOf(reading.run({ random: () => 1 }))).to.equal(error);
        expect(reading.stream.calls).to.have.length(10);
        expect(reading.clock.now() - reading.start).to.equal(21_300);
      });
    }

    it("after ten failures, throttling between them or not", async () => {
      const reading = new Reading();
      const broken = serviceError("InternalFailure", 500);
      reading.stream.fault = ({ number }) => (number % 3 === 0 ? broken : THROTTLED);
      expect(await failureOf(reading.run())).to.equal(broken);
      expect(reading.stream.calls).to.have.length(28);
    });

    it("not after any number of failures with responses between them", async () => {
      const reading = new Reading();
      let asked = 0;
      reading.stream.fault = ({ operation }) => {
        if (operation === "iterator") return undefined;
        asked += 1;
        return asked % 8 === 0 ? undefined : systemError("ECONNRESET");
      };
      await reading.for(300_000);
      expect(asked).to.be.above(50);
    });
  });

  describe("waits out throttling, for as long as it lasts:", () => {
    const throttling = [
      THROTTLED,
      serviceError("LimitExceededException", 400),
      serviceError("KMSThrottlingException", 400),
      serviceError("ThrottlingException", 400),
      serviceError("ThrottledException", 400),
      serviceError("RequestLimitExceeded", 503),
      serviceError("TooManyRequestsException", 400),
      serviceError("SlowDown", 503),
      serviceError("UnknownError", 429),
    ];
    for (const error of throttling) {
      it(`${error.name} (${error.message})`, async () => {
        const reading = new Reading();
        reading.put("a");
        const isOver = () => reading.clock.now() - reading.start >= 600_000;
        reading.stream.fault = () => (isOver() ? undefined : error);
        await reading.for(620_000);
        expect(reading.names).to.deep.equal(["a"]);
      });
    }

    it("with a backoff that ends at 5 s, with full jitter", async () => {
      const reading = new Reading();
      const asked: number[] = [];
      reading.stream.fault = () => {
        asked.push(reading.clock.now() - reading.start);
        return THROTTLED;
      };
      await reading.for(20_000, { random: () => 0.5 });
      const waits = asked.slice(1).map((at, number) => at - (asked[number] ?? 0));
      expect(waits).to.deep.equal([50, 100, 200, 400, 800, 1_600, 2_500, 2_500, 2_500, 2_500, 2_500, 2_500]);
    });
  });

  describe("of a shard that was closed when it was listed", () => {
    for (const operation of ["iterator", "records"]) {
      it(`counts it as read to its end if it expires before its ${operation}`, async () => {
        const reading = new Reading();
        reading.stream.fault = (call) => {
          if (call.operation === operation) reading.stream.expire(SHARD);
          return undefined;
        };
        expect(await reading.run({ isClosed: true })).to.deep.equal({ children: [] });
        expect(reading.readUpTo).to.deep.equal([]);
      });
    }

    it("gives up on another refusal", async () => {
      const reading = new Reading();
      const denied = serviceError("AccessDeniedException", 400);
      reading.stream.fault = () => denied;
      expect(await failureOf(reading.run({ isClosed: true }))).to.equal(denied);
    });
  });

  it("passes on at once what its consumer throws: those records could not be handed on a second time", async () => {
    const reading = new Reading();
    reading.put("a");
    const full = new Error("the ledger is full");
    const onRecords = () => {
      throw full;
    };
    expect(await failureOf(reading.run({ onRecords }))).to.equal(full);
    expect(reading.stream.count("records")).to.equal(1);
  });

  describe("after the signal", () => {
    it("does nothing if it came first", async () => {
      const reading = new Reading();
      reading.stop();
      expect(await reading.run()).to.equal(undefined);
      expect(reading.stream.calls).to.deep.equal([]);
    });

    it("cancels the request under way, and does not take that for a failure", async () => {
      const reading = new Reading();
      reading.stream.latencyMs = 60_000;
      await reading.for(1_000);
      expect(reading.clock.now() - reading.start).to.equal(1_000);
    });

    it("takes no answer for a failure, even one that nothing could help", async () => {
      const reading = new Reading();
      reading.stream.fault = () => {
        reading.stop();
        return serviceError("AccessDeniedException", 400);
      };
      expect(await reading.run()).to.equal(undefined);
    });

    it("ends its waits", async () => {
      const reading = new Reading();
      reading.stream.fault = () => THROTTLED;
      await reading.for(10);
      expect(reading.clock.now() - reading.start).to.equal(10);
      expect(reading.clock.sleeping).to.equal(0);
    });
  });
});
