import { expect } from "chai";
import fc from "fast-check";
import { Lineage } from "../../../delivery/kinesis/lineage";

describe("The lineage of shards", () => {
  it("has each shard once, after all that it comes from, in whatever order it was told of them", () => {
    const graph = fc.array(fc.uniqueArray(fc.nat({ max: 30 }), { maxLength: 2 }), { maxLength: 30 });
    fc.assert(
      fc.property(graph, fc.infiniteStream(fc.nat()), (parents, chance) => {
        // A parent has the smaller number; what is told is told in any order, in parts.
        const told = parents
          .flatMap((of, shard) => [
            { shardId: String(shard), parentShardIds: [] },
            ...of
              .filter((parent) => parent < shard)
              .map((parent) => ({ shardId: String(shard), parentShardIds: [String(parent)] })),
          ])
          .map((one) => ({ one, at: chance.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one);
        const lineage = new Lineage();
        for (const one of told) lineage.add(one);
        const sorted = lineage.byAge();
        expect([...sorted].sort()).to.deep.equal([...new Set(told.map(({ shardId }) => shardId))].sort());
        for (const { shardId, parentShardIds } of told)
          for (const parent of parentShardIds)
            expect(sorted.indexOf(parent), `${parent} before ${shardId}`).to.be.below(
              sorted.indexOf(shardId),
            );
      }),
    );
  });

  it("leaves out parents that nobody reads, and breaks circles", () => {
    const lineage = new Lineage();
    lineage.add({ shardId: "a", parentShardIds: ["b", "a", "gone"] });
    lineage.add({ shardId: "b", parentShardIds: ["a"] });
    expect(lineage.byAge().sort()).to.deep.equal(["a", "b"]);
  });

  it("is as long as it may be", () => {
    const lineage = new Lineage();
    for (let shard = 20_000; shard >= 0; shard -= 1)
      lineage.add({ shardId: String(shard), parentShardIds: shard === 0 ? [] : [String(shard - 1)] });
    const sorted = lineage.byAge();
    expect([sorted[0], sorted.length, sorted.at(-1)]).to.deep.equal(["0", 20_001, "20000"]);
  });
});
