import { expect } from "chai";
import fc from "fast-check";
import { Ordering } from "../../../delivery/verify/ordering";
import { StreamReading } from "../kinesis/streamReading";

function outOfOrder(keys: number, read: number[]): number {
  const ordering = new Ordering("run", keys);
  for (const index of read) ordering.onRead("one", index);
  return ordering.outOfOrder(["one"]);
}

/** Those that come behind a later one of their key. */
function behindOf(order: number[], keys: number): number[] {
  return order.filter((index, at) =>
    order.slice(0, at).some((earlier) => earlier > index && earlier % keys === index % keys),
  );
}

describe("The order of events", () => {
  it("counts each event that comes behind a later one of its key", () => {
    expect(outOfOrder(2, [0, 1, 2, 3, 4])).to.equal(0);
    expect(outOfOrder(2, [0, 3, 2, 1, 5, 4])).to.equal(1);
    expect(outOfOrder(1, [5, 1, 2, 6, 3])).to.equal(3);
  });

  it("says nothing of events of different keys", () => {
    expect(outOfOrder(2, [1, 0, 3, 2, 5, 4])).to.equal(0);
  });

  it("counts an event by its first copy, whatever the order in which the shards were read", () => {
    const ordering = new Ordering("run", 1);
    for (const index of [2, 9, 0]) ordering.onRead("child", index);
    for (const index of [0, 1, 5]) ordering.onRead("parent", index);
    expect(ordering.outOfOrder(["parent", "child"])).to.equal(1);
    expect(ordering.outOfOrder(["parent", "another"])).to.equal(0);
  });

  it("keeps numbers of any size, and any count of them", () => {
    const ordering = new Ordering("run", 3);
    for (let index = 10_000; index > 0; index -= 1) ordering.onRead("one", index);
    ordering.onRead("one", 999_999_999);
    expect(ordering.outOfOrder(["one"])).to.equal(10_000 - 3);
  });

  it("is right for every order of reading", () => {
    const orders = fc.uniqueArray(fc.nat({ max: 40 }), { maxLength: 40 });
    fc.assert(
      fc.property(orders, fc.integer({ min: 1, max: 7 }), (read, keys) => {
        expect(outOfOrder(keys, read)).to.equal(behindOf(read, keys).length);
      }),
    );
  });

  it("is that of the writing where the stream is resharded meanwhile", async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant("write" as const) },
      fc.constantFrom("split" as const, "merge" as const, "wait" as const),
    );
    const steps = fc.array(fc.tuple(step, fc.nat({ max: 99 })), { maxLength: 60 });
    const indexes = fc.shuffledSubarray(Array.from({ length: 60 }, (_, index) => index));
    const surroundings = fc.record({
      namesChildren: fc.boolean(),
      latencyMs: fc.constantFrom(0, 30),
      /** Every so many records are written a second time, where the key's records then go. */
      repeated: fc.integer({ min: 1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(
        steps,
        indexes,
        fc.integer({ min: 1, max: 4 }),
        surroundings,
        async (taken, order, keys, given) => {
          const { namesChildren, latencyMs, repeated } = given;
          const ordering = new Ordering("run", keys);
          const reading = new StreamReading(1, {
            onRecords: ({ shardId, records }) => {
              for (const { PartitionKey } of records) ordering.onRead(shardId, Number(PartitionKey));
            },
          });
          const { stream, reader, clock } = reading;
          Object.assign(stream, { namesChildren, latencyMs });
          await reader.start();
          /** The shard that takes the records of each key. */
          const shardOf = Array.from({ length: keys }, () => stream.shardIds[0] ?? "");
          const written: number[] = [];
          for (const [kind, choice] of taken) {
            const key = choice % keys;
            const [shardId = "", other = ""] = [shardOf[key], shardOf[(key + 1) % keys]];
            const index = order[written.length];
            if (kind === "wait") await clock.sleep(choice * 20);
            else if (kind === "write" && index !== undefined) {
              stream.put(shardOf[index % keys] ?? "", String(index));
              written.push(index);
              if (written.length % repeated === 0) stream.put(shardOf[index % keys] ?? "", String(index));
              const early = written[Math.floor(written.length / 2)] ?? index;
              if (written.length % repeated === 1) stream.put(shardOf[early % keys] ?? "", String(early));
            } else if (kind === "split") {
              const children = stream.split(shardId);
              for (const [at, own] of shardOf.entries())
                if (own === shardId) shardOf[at] = children[(at + choice) % 2] ?? "";
            } else if (kind === "merge" && shardId !== other) {
              const child = stream.merge(shardId, other);
              for (const [at, own] of shardOf.entries())
                if (own === shardId || own === other) shardOf[at] = child;
            }
          }
          const time = clock.now();
          const isRead = await reading.waitFor(() => reader.hasReadUpTo(time));
          await reader.stop();
          expect(isRead).to.equal(true);
          expect(ordering.outOfOrder(reader.shardIdsByAge)).to.equal(behindOf(written, keys).length);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("gives all events of a key one place among the shards, and the keys many", () => {
    const ordering = new Ordering("run", 100);
    expect(ordering.hashKeyOf(7)).to.equal(ordering.hashKeyOf(107));
    const places = Array.from({ length: 100 }, (_, key) => BigInt(ordering.hashKeyOf(key)));
    expect(places.every((place) => place >= 0n && place < 2n ** 128n)).to.equal(true);
    expect(new Set(places.map((place) => place >> 126n)).size).to.equal(4);
    expect(new Ordering("other", 100).hashKeyOf(7)).not.to.equal(ordering.hashKeyOf(7));
  });
});
