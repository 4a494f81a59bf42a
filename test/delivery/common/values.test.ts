import { expect } from "chai";
import fc from "fast-check";
import { BoundedTally } from "../../../delivery/common/values";

describe("a bounded tally", () => {
  it("counts the first names exactly and all others together", () => {
    const names = fc.array(fc.constantFrom("a", "b", "c", "d", "e", "__proto__", ""));
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 8 }), (added, capacity) => {
        const tally = new BoundedTally<{ name: string }>(capacity);
        for (const name of added) tally.add(name, { name });
        const kept = [...new Set(added)].slice(0, capacity);
        const counted = tally.mostCommon(10);
        expect(counted.map(({ name }) => name)).to.have.members(kept);
        for (const { name, count } of counted)
          expect(count).to.equal(added.filter((one) => one === name).length);
        expect(counted.reduce((sum, { count }) => sum + count, tally.others)).to.equal(added.length);
      }),
    );
  });

  it("returns the most common names first", () => {
    const tally = new BoundedTally<{ name: string }>(10);
    for (const name of ["b", "a", "a", "c", "a", "b"]) tally.add(name, { name });
    expect(tally.mostCommon(2)).to.deep.equal([
      { name: "a", count: 3 },
      { name: "b", count: 2 },
    ]);
  });
});
