import { expect } from "chai";
import fc from "fast-check";
import { StreamReader } from "../../../delivery/kinesis/streamReader";
import { serviceError } from "../aws/serviceErrors";
import { StreamReading } from "./streamReading";

const FIRST = "shardId-000000000000";
const SECOND = "shardId-000000000001";
const THIRD = "shardId-000000000002";
const DENIED = serviceError("AccessDeniedException", 400);

describe("The stream's reader", () => {
  it("reads all shards, from its start on", async () => {
    const reading = new StreamReading(3);
    for (const [at, shardId] of reading.stream.shardIds.entries())
      reading.stream.put(shardId, `record-${at}`);
    await reading.reader.start();
    expect(reading.reader.shardIds).to.deep.equal(reading.stream.shardIds);
    expect(await reading.waitForRecords(3)).to.deep.equal(["record-0", "record-1", "record-2"]);
    const from = { type: "AT_TIMESTAMP", timestamp: new Date(reading.start) };
    expect(reading.stream.positions.map(({ position }) => position)).to.deep.equal([from, from, from]);
  });

  it("polls each shard twice a second by default", async () => {
    const reading = new StreamReading();
    await reading.reader.start();
    await reading.waitFor(() => false, 9_900);
    await reading.reader.stop();
    expect(reading.stream.count("records")).to.equal(20);
  });

  it("reads only shards that can hold records from its start on", async () => {
    const reading = new StreamReading();
    const from = new Date(reading.start + 1_000);
    const reader = new StreamReader({ ...reading.options, from });
    reading.stream.split(FIRST);
    await reading.clock.sleep(2_000);
    const [left, right] = reading.stream.split(SECOND);
    await reader.start();
    expect(reading.stream.listedFrom).to.deep.equal([from]);
    expect(reader.shardIds).to.deep.equal([SECOND, THIRD, left, right]);
    await reader.stop();
  });

  describe("when the stream is resharded", () => {
    for (const namesChildren of [true, false]) {
      const how = namesChildren ? "the last answer names" : "only the list of shards names";
      it(`goes on with the children of a split that ${how}, from their first record`, async () => {
        const reading = new StreamReading();
        reading.stream.namesChildren = namesChildren;
        await reading.reader.start();
        await reading.clock.sleep(600);
        reading.stream.put(FIRST, "a");
        for (const child of reading.stream.split(FIRST)) reading.stream.put(child, `of ${child}`);
        expect(await reading.waitForRecords(3)).to.deep.equal([
          "a",
          "of shardId-000000000001",
          "of shardId-000000000002",
        ]);
        const later = reading.stream.positions.slice(1).map(({ position }) => position.type);
        expect(later).to.deep.equal(["TRIM_HORIZON", "TRIM_HORIZON"]);
      });

      it(`reads the one child of a merge that ${how} once`, async () => {
        const reading = new StreamReading(2);
        reading.stream.namesChildren = namesChildren;
        await reading.reader.start();
        await reading.clock.sleep(600);
        reading.stream.put(reading.stream.merge(FIRST, SECOND), "merged");
        await reading.waitFor(() => false, 5_000);
        await reading.reader.stop();
        expect(reading.names).to.deep.equal(["merged"]);
        expect(reading.stream.positions.slice(2).map(({ shardId }) => shardId)).to.deep.equal([
          "shardId-000000000002",
        ]);
      });

      it(`does not count as read up to a time before the children that ${how} were`, async () => {
        const reading = new StreamReading();
        reading.stream.latencyMs = 40;
        reading.stream.namesChildren = namesChildren;
        await reading.reader.start();
        const [child] = reading.stream.split(FIRST);
        reading.stream.put(child, "of the child");
        const time = reading.clock.now();
        expect(await reading.waitFor(() => reading.reader.hasReadUpTo(time))).to.equal(true);
        expect(reading.names).to.deep.equal(["of the child"]);
        await reading.reader.stop();
      });
    }

    it("finds the child of a merge by either of its parents", async () => {
      for (const broken of [FIRST, SECOND]) {
        const reading = new StreamReading(2);
        reading.stream.namesChildren = false;
        reading.stream.put(reading.stream.merge(FIRST, SECOND), "merged");
        const shards = reading.stream.shardIds.length;
        const listShards = reading.stream.listShards.bind(reading.stream);
        let listed = 0;
        reading.stream.listShards = async (from, signal) => {
          listed += 1;
          const all = await listShards(from, signal);
          return listed === 1 ? all.filter(({ ShardId }) => ShardId !== "shardId-000000000002") : all;
        };
        reading.stream.fault = ({ shardId }) =>
          shardId === broken ? serviceError("InternalFailure", 500) : undefined;
        await reading.reader.start();
        await reading.waitFor(() => reading.names.length > 0, 5_000);
        expect(reading.names).to.deep.equal(["merged"]);
        expect(reading.reader.shardIds).to.have.length(shards);
        await reading.reader.stop();
      }
    });

    it("reads a shard on whose end the list of shards does not bear out: the answer was damaged", async () => {
      const reading = new StreamReading();
      const records = reading.stream.records.bind(reading.stream);
      let answers = 0;
      reading.stream.records = async (iterator, signal) => {
        answers += 1;
        return answers === 2 ? { Records: [] } : records(iterator, signal);
      };
      reading.clock.in(5_000, () => reading.stream.put(FIRST, "later"));
      await reading.reader.start();
      await reading.waitFor(() => reading.names.length > 0, 10_000);
      await reading.reader.stop();
      expect(reading.names).to.deep.equal(["later"]);
    });

    it("waits for children that the list of shards names late", async () => {
      const reading = new StreamReading();
      reading.stream.namesChildren = false;
      const atFirst = await reading.stream.listShards(new Date(reading.start), new AbortController().signal);
      const listShards = reading.stream.listShards.bind(reading.stream);
      reading.stream.listShards = async (from, signal) =>
        reading.clock.now() < reading.start + 10_000 ? atFirst : listShards(from, signal);
      reading.stream.put(reading.stream.split(FIRST)[0], "of a child");
      await reading.reader.start();
      expect(await reading.waitFor(() => reading.reader.hasReadUpTo(reading.start + 1), 8_000)).to.equal(
        false,
      );
      expect(reading.reader.unreadShardIds(reading.start)).to.deep.equal([FIRST]);
      await reading.waitFor(() => reading.names.length > 0, 10_000);
      await reading.reader.stop();
      expect(reading.names).to.deep.equal(["of a child"]);
    });

    it("reads children that were there from the start once, and their parent too", async () => {
      const reading = new StreamReading();
      reading.stream.put(FIRST, "of the parent");
      for (const child of reading.stream.split(FIRST)) reading.stream.put(child, `of ${child}`);
      await reading.reader.start();
      await reading.waitFor(() => false, 5_000);
      await reading.reader.stop();
      expect(reading.names).to.have.length(3);
      expect(new Set(reading.names).size).to.equal(3);
      expect(reading.stream.count("iterator")).to.equal(3);
    });

    it("hands each record on once, whatever expires, splits and merges", async () => {
      const step = fc.oneof(
        { weight: 6, arbitrary: fc.constant("put" as const) },
        fc.constantFrom("split" as const, "merge" as const, "expire" as const, "wait" as const),
      );
      const run = fc.record({
        steps: fc.array(fc.tuple(step, fc.nat({ max: 99 })), { maxLength: 40 }),
        namesChildren: fc.boolean(),
        shards: fc.integer({ min: 1, max: 3 }),
        latencyMs: fc.constantFrom(0, 30),
      });
      await fc.assert(
        fc.asyncProperty(run, async ({ steps, namesChildren, shards, latencyMs }) => {
          const reading = new StreamReading(shards);
          const { stream, clock, reader } = reading;
          Object.assign(stream, { namesChildren, latencyMs });
          let expires = false;
          stream.fault = () => {
            const fault = expires ? ("expired" as const) : undefined;
            expires = false;
            return fault;
          };
          await reader.start();
          let open = stream.shardIds;
          let count = 0;
          for (const [kind, choice] of steps) {
            const shardId = open[choice % open.length] ?? FIRST;
            const other = open[(choice + 1) % open.length] ?? FIRST;
            if (kind === "put") stream.put(shardId, `record-${count++}`);
            else if (kind === "expire") expires = true;
            else if (kind === "wait") await clock.sleep(choice * 10);
            else if (kind === "split")
              open = [...open.filter((id) => id !== shardId), ...stream.split(shardId)];
            else if (shardId !== other)
              open = [...open.filter((id) => id !== shardId && id !== other), stream.merge(shardId, other)];
          }
          const time = clock.now();
          expect(await reading.waitFor(() => reader.hasReadUpTo(time))).to.equal(true);
          await reader.stop();
          expect(reading.names).to.have.length(count);
          expect(new Set(reading.names).size).to.equal(count);
        }),
        { numRuns: 60 },
      );
    });
  });

  describe("has read", () => {
    it("nothing before it was started", () => {
      const { reader, clock } = new StreamReading();
      expect(reader.hasReadAll).to.equal(false);
      expect(reader.hasReadUpTo(clock.now())).to.equal(false);
    });

    it("all once each shard has responded", async () => {
      const reading = new StreamReading(2);
      reading.stream.latencyMs = 100;
      await reading.reader.start();
      expect(reading.reader.hasReadAll).to.equal(false);
      expect(await reading.waitFor(() => reading.reader.hasReadAll)).to.equal(true);
      expect(reading.clock.now() - reading.start).to.equal(300);
      await reading.reader.stop();
    });

    it("up to a time only once every shard has", async () => {
      const reading = new StreamReading(2);
      reading.stream.fault = ({ shardId, operation }) =>
        shardId === SECOND && operation === "records" && reading.clock.now() < reading.start + 3_000
          ? serviceError("InternalFailure", 500)
          : undefined;
      await reading.reader.start();
      await reading.waitFor(() => reading.reader.hasReadUpTo(reading.start));
      expect(reading.clock.now() - reading.start).to.be.at.least(3_000);
      await reading.reader.stop();
    });

    it("up to a time only after a later request, because more may have arrived in the same millisecond", async () => {
      const reading = new StreamReading();
      reading.stream.latencyMs = 100;
      await reading.reader.start();
      await reading.waitFor(() => reading.reader.hasReadAll);
      expect(reading.reader.hasReadUpTo(reading.start + 100)).to.equal(false);
      expect(reading.reader.hasReadUpTo(reading.start + 99)).to.equal(true);
      await reading.reader.stop();
    });

    it("not up to a time that the service says it is behind of", async () => {
      const reading = new StreamReading();
      reading.stream.answerSize = 1;
      for (const name of ["a", "b", "c"]) reading.stream.put(FIRST, name);
      await reading.reader.start();
      await reading.waitFor(() => reading.reader.hasReadUpTo(reading.start));
      expect(reading.names).to.deep.equal(["a", "b", "c"]);
      await reading.reader.stop();
    });
  });

  describe("is waited for", () => {
    it("not at all if the condition holds", async () => {
      const reading = new StreamReading();
      expect(await reading.waitFor(() => true, -1)).to.equal(true);
    });

    it("until the deadline", async () => {
      const reading = new StreamReading();
      await reading.reader.start();
      expect(await reading.waitFor(() => false, 1_234)).to.equal(false);
      expect(reading.clock.now() - reading.start).to.equal(1_234);
      await reading.reader.stop();
    });

    it("until the signal", async () => {
      const reading = new StreamReading();
      const controller = new AbortController();
      await reading.reader.start();
      reading.clock.in(777, () => controller.abort());
      expect(await reading.waitFor(() => false, 60_000, controller.signal)).to.equal(false);
      expect(reading.clock.now() - reading.start).to.equal(777);
      await reading.reader.stop();
    });

    it("not after the signal", async () => {
      const reading = new StreamReading();
      expect(await reading.waitFor(() => false, 60_000, AbortSignal.abort())).to.equal(false);
      expect(reading.clock.now()).to.equal(reading.start);
    });

    it("by several at once", async () => {
      const reading = new StreamReading();
      await reading.reader.start();
      reading.clock.in(2_000, () => reading.stream.put(FIRST, "a"));
      const seen = () => reading.names.length > 0;
      const waits = [reading.waitFor(seen), reading.waitFor(seen), reading.waitFor(seen, 1_000)];
      expect(await Promise.all(waits)).to.deep.equal([true, true, false]);
      await reading.reader.stop();
    });

    it("without leaving timers behind", async () => {
      const reading = new StreamReading();
      await reading.reader.start();
      await reading.waitFor(() => reading.clock.now() >= reading.start + 30_000, 60_000);
      expect(reading.clock.sleeping).to.equal(1);
      await reading.reader.stop();
      expect(reading.clock.sleeping).to.equal(0);
    });
  });

  describe("once it is stopped", () => {
    it("reads nothing more, and waits for no answer", async () => {
      const reading = new StreamReading(2);
      reading.stream.latencyMs = 60_000;
      await reading.reader.start();
      const before = reading.clock.now();
      await reading.reader.stop();
      expect(reading.clock.now()).to.equal(before);
      const calls = reading.stream.calls.length;
      await reading.clock.sleep(10_000);
      expect(reading.stream.calls).to.have.length(calls);
    });

    it("does not take requests that it cancelled for failures", async () => {
      const reading = new StreamReading();
      reading.stream.latencyMs = 1_000;
      reading.stream.fault = () => DENIED;
      const starting = reading.reader.start();
      await reading.reader.stop();
      await starting;
      expect(await reading.waitFor(() => false, 10)).to.equal(false);
    });

    it("before its start has ended, cancels that too and has read nothing", async () => {
      const reading = new StreamReading(2);
      reading.stream.latencyMs = 60_000;
      let hasStarted = false;
      const starting = reading.reader.start().then(() => {
        hasStarted = true;
      });
      await reading.reader.stop();
      await Promise.resolve();
      expect(hasStarted).to.equal(true);
      await starting;
      expect(reading.clock.now()).to.equal(reading.start);
      expect(reading.clock.sleeping).to.equal(0);
      expect(reading.reader.hasReadAll).to.equal(false);
      expect(reading.reader.hasReadUpTo(0)).to.equal(false);
      expect(reading.reader.failed.aborted).to.equal(false);
    });

    it("has read no more than before, if a shard closes meanwhile", async () => {
      for (const namesChildren of [true, false]) {
        const reading = new StreamReading();
        reading.stream.namesChildren = namesChildren;
        await reading.reader.start();
        reading.stream.split(FIRST);
        reading.stream.fault = ({ operation }) => {
          if (operation === (namesChildren ? "records" : "listShards")) void reading.reader.stop();
          return undefined;
        };
        await reading.waitFor(() => false, 5_000);
        expect(reading.reader.hasReadUpTo(reading.clock.now())).to.equal(false);
      }
    });

    it("keeps its shards, and may be stopped again", async () => {
      const reading = new StreamReading(2);
      await reading.reader.start();
      await Promise.all([reading.reader.stop(), reading.reader.stop()]);
      await reading.reader.stop();
      expect(reading.reader.shardIds).to.deep.equal([FIRST, SECOND]);
      expect(reading.clock.sleeping).to.equal(0);
      expect(reading.reader.failed.aborted).to.equal(false);
    });

    it("does not start any more", async () => {
      const reading = new StreamReading();
      await reading.reader.stop();
      await reading.reader.start();
      expect(reading.reader.shardIds).to.deep.equal([]);
      expect(reading.stream.count("iterator")).to.equal(0);
    });
  });
});
