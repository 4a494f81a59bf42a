import { expect } from "chai";
import { StreamUnreadable } from "../../../delivery/kinesis/streamReader";
import { serviceError } from "../aws/serviceErrors";
import { failureOf, StreamReading } from "./streamReading";

const FIRST = "shardId-000000000000";
const SECOND = "shardId-000000000001";
const THROTTLED = serviceError("ProvisionedThroughputExceededException", 400);
const DENIED = serviceError("AccessDeniedException", 400);

describe("The stream's reader", () => {
  describe("when a shard expires", () => {
    it("that was closed when it was listed, goes on with its children", async () => {
      const reading = new StreamReading();
      const children = reading.stream.split(FIRST);
      // The children are only found once the parent has expired.
      const listShards = reading.stream.listShards.bind(reading.stream);
      reading.stream.listShards = async (from, signal) => {
        const all = await listShards(from, signal);
        return reading.stream.count("listShards") === 1 ? all.slice(0, 1) : all;
      };
      reading.stream.expire(FIRST);
      for (const child of children) reading.stream.put(child, `of ${child}`);
      await reading.reader.start();
      expect(await reading.waitFor(() => reading.reader.hasReadUpTo(reading.start))).to.equal(true);
      expect(await reading.waitForRecords(2)).to.deep.equal(children.map((child) => `of ${child}`));
      expect(reading.stream.listedFrom).to.deep.equal([new Date(reading.start), new Date(reading.start)]);
    });

    it("and its closed child too, goes on with what took the child's place", async () => {
      const reading = new StreamReading();
      const [child] = reading.stream.split(FIRST);
      const [grandchild] = reading.stream.split(child);
      const listShards = reading.stream.listShards.bind(reading.stream);
      reading.stream.listShards = async (from, signal) => {
        const all = await listShards(from, signal);
        return reading.stream.count("listShards") === 1 ? all.slice(0, 1) : all;
      };
      reading.stream.put(grandchild, "of the grandchild");
      for (const expired of [FIRST, child]) reading.stream.expire(expired);
      await reading.reader.start();
      expect(await reading.waitForRecords(1)).to.deep.equal(["of the grandchild"]);
    });

    it("that was open when it was listed, can't be read", async () => {
      const reading = new StreamReading();
      reading.stream.expire(FIRST);
      await reading.reader.start();
      const failure = await failureOf(reading.waitFor(() => reading.reader.hasReadAll));
      expect(failure)
        .to.be.instanceOf(StreamUnreadable)
        .with.nested.property("cause.name", "ResourceNotFoundException");
      await reading.reader.stop();
    });
  });

  describe("when it is throttled", () => {
    for (const throttled of ["listShards", "iterator", "records"]) {
      it(`waits for the deadline, and no longer: ${throttled}`, async () => {
        const reading = new StreamReading();
        reading.stream.fault = ({ operation }) => (operation === throttled ? THROTTLED : undefined);
        void reading.reader.start();
        expect(await reading.waitFor(() => reading.reader.hasReadAll, 120_000)).to.equal(false);
        expect(reading.clock.now() - reading.start).to.equal(120_000);
        expect(reading.reader.hasReadUpTo(0)).to.equal(false);
        expect(reading.reader.failed.aborted).to.equal(false);
        await reading.reader.stop();
        expect(reading.clock.sleeping).to.equal(0);
      });

      it(`goes on once that is over: ${throttled}`, async () => {
        const reading = new StreamReading();
        reading.stream.put(FIRST, "a");
        const isOver = () => reading.clock.now() - reading.start >= 60_000;
        reading.stream.fault = ({ operation }) =>
          operation === throttled && !isOver() ? THROTTLED : undefined;
        await reading.reader.start();
        await reading.waitFor(() => reading.names.length > 0, 120_000);
        expect(await reading.waitForRecords(1)).to.deep.equal(["a"]);
      });
    }

    it("finds the children of a closed shard once that is over", async () => {
      const reading = new StreamReading();
      reading.stream.namesChildren = false;
      await reading.reader.start();
      const [child] = reading.stream.split(FIRST);
      reading.stream.put(child, "of the child");
      const isOver = () => reading.clock.now() - reading.start >= 60_000;
      reading.stream.fault = ({ operation }) =>
        operation === "listShards" && !isOver() ? THROTTLED : undefined;
      await reading.waitFor(() => reading.names.length > 0, 120_000);
      expect(await reading.waitForRecords(1)).to.deep.equal(["of the child"]);
    });
  });

  describe("when it can't read", () => {
    const cases = [
      { why: "the list of shards is refused", fault: "listShards" },
      { why: "an iterator is refused", fault: "iterator" },
      { why: "records are refused", fault: "records" },
    ];
    for (const { why, fault } of cases) {
      it(`says so once it is waited for, with the cause: ${why}`, async () => {
        const reading = new StreamReading(2);
        reading.stream.fault = ({ operation }) => (operation === fault ? DENIED : undefined);
        await reading.reader.start();
        const failure = await failureOf(reading.waitFor(() => false));
        expect(failure).to.be.instanceOf(StreamUnreadable).with.property("cause", DENIED);
        await reading.reader.stop();
      });

      it(`ends what goes by its signal, with the same reason: ${why}`, async () => {
        const reading = new StreamReading(2);
        await reading.clock.sleep(1_000);
        reading.stream.fault = ({ operation }) => (operation === fault ? DENIED : undefined);
        expect(reading.reader.failed.aborted).to.equal(false);
        await reading.reader.start();
        await reading.clock.sleep(60_000, reading.reader.failed);
        expect(reading.clock.now() - reading.start).to.equal(1_000);
        expect(reading.reader.failed.reason).to.equal(await failureOf(reading.waitFor(() => true)));
        await reading.reader.stop();
      });
    }

    it("does not count as having read anything if it has no shards", async () => {
      const reading = new StreamReading();
      reading.stream.fault = () => DENIED;
      await reading.reader.start();
      expect(reading.reader.hasReadAll).to.equal(false);
      expect(reading.reader.hasReadUpTo(reading.start)).to.equal(false);
    });

    it("fails even if the condition holds already, because the rest is unknown", async () => {
      const reading = new StreamReading();
      reading.stream.fault = () => DENIED;
      await reading.reader.start();
      expect(await failureOf(reading.waitFor(() => true))).to.be.instanceOf(StreamUnreadable);
    });

    it("fails if a stream has no shards, which would otherwise count as read", async () => {
      const reading = new StreamReading(0);
      await reading.reader.start();
      const failure = await failureOf(reading.waitFor(() => reading.reader.hasReadAll));
      expect(failure).to.be.instanceOf(StreamUnreadable);
      expect(reading.reader.hasReadAll).to.equal(false);
    });

    it("names the shards that have not responded, and those not read far enough", async () => {
      const reading = new StreamReading(2);
      let isSilent = false;
      reading.stream.fault = ({ shardId }) => (isSilent && shardId === SECOND ? THROTTLED : undefined);
      await reading.reader.start();
      expect(reading.reader.silentShardIds).to.deep.equal([FIRST, SECOND]);
      await reading.waitFor(() => reading.reader.hasReadAll);
      expect(reading.reader.silentShardIds).to.deep.equal([]);
      isSilent = true;
      const since = reading.clock.now();
      expect(await reading.waitFor(() => reading.reader.hasReadUpTo(since))).to.equal(false);
      expect(reading.reader.unreadShardIds(since)).to.deep.equal([SECOND]);
      expect(reading.reader.unreadShardIds(since - 1_000)).to.deep.equal([]);
      await reading.reader.stop();
    });

    it("names a shard that is not listed as unread, whether or not it was tried", async () => {
      const reading = new StreamReading();
      await reading.reader.start();
      await reading.waitFor(() => reading.reader.hasReadUpTo(reading.start));
      expect(reading.reader.unreadShardIds(reading.start, [FIRST, "elsewhere"])).to.deep.equal(["elsewhere"]);
      expect(reading.reader.readAlso(["elsewhere"])).to.equal(true);
      await reading.waitFor(() => reading.reader.unreadable !== undefined);
      expect(reading.reader.hasReadUpTo(reading.start)).to.equal(true);
      expect(reading.reader.unreadShardIds(reading.start)).to.deep.equal(["elsewhere"]);
      await reading.reader.stop();
    });

    it("fails if one shard of several stays unreadable, after its retries", async () => {
      const reading = new StreamReading(2);
      const broken = serviceError("InternalFailure", 500);
      reading.stream.fault = ({ shardId }) => (shardId === SECOND ? broken : undefined);
      await reading.reader.start();
      const failure = await failureOf(reading.waitFor(() => reading.reader.hasReadAll));
      expect(failure).to.be.instanceOf(StreamUnreadable).with.property("cause", broken);
      expect(failure).to.include({ shardId: SECOND, message: `${SECOND} can't be read` });
      expect(reading.clock.now() - reading.start).to.be.within(10_000, 22_000);
      await reading.reader.stop();
    });
  });
});
