import { expect } from "chai";
import fc from "fast-check";
import { RecentIds } from "../../../delivery/watch/recentIds";

describe("recent ids", () => {
  it("know every repetition of the last `capacity` ids, and nothing that never came", () => {
    const ids = fc.array(fc.integer({ min: 0, max: 60 }).map(String), { maxLength: 300 });
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 40 }), (added, capacity) => {
        const recent = new RecentIds(capacity);
        const distinct: string[] = [];
        for (const id of added) {
          const seen = recent.hasSeen(id);
          if (distinct.slice(-capacity).includes(id)) expect(seen).to.equal(true);
          if (!distinct.includes(id)) expect(seen).to.equal(false);
          if (!seen) distinct.push(id);
        }
      }),
    );
  });

  it("forget what is older than twice their capacity", () => {
    const recent = new RecentIds(100);
    recent.hasSeen("first");
    for (let id = 0; id < 200; id += 1) recent.hasSeen(String(id));
    expect(recent.hasSeen("first")).to.equal(false);
  });

  it("keep the ids of a hundred thousand apart", () => {
    const recent = new RecentIds(100_000);
    for (let id = 0; id < 100_000; id += 1) expect(recent.hasSeen(`id-${id}`)).to.equal(false);
    for (let id = 0; id < 100_000; id += 7) expect(recent.hasSeen(`id-${id}`)).to.equal(true);
  });
});
