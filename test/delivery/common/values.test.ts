import { expect } from "chai";
import fc from "fast-check";
import { BoundedTally, isSameJson, mostFrequent } from "../../../delivery/common/values";

describe("The comparison of JSON values", () => {
  it("finds equal what has the same JSON, whatever the order of the names", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const sorted = (value: unknown) => JSON.stringify(inOrder(value));
        expect(isSameJson(one, other)).to.equal(sorted(one) === sorted(other));
        expect(isSameJson(one, JSON.parse(JSON.stringify(one)))).to.equal(true);
      }),
    );
  });

  it("takes -0 for 0, and nothing else for another value", () => {
    expect(isSameJson({ a: [0] }, { a: [-0] })).to.equal(true);
    for (const [one, other] of [
      [0, "0"],
      [0, false],
      [null, undefined],
      [null, {}],
      [[], {}],
      [[1], { 0: 1 }],
      [
        [1, 2],
        [2, 1],
      ],
      [{ a: undefined }, { b: undefined }],
      [{ a: 1 }, { a: 1, b: 1 }],
      [{}, JSON.parse('{"__proto__":{}}')],
      [JSON.parse("1e999"), null],
    ])
      expect([isSameJson(one, other), isSameJson(other, one)]).to.deep.equal([false, false]);
  });
});

/** A JSON value whose dictionaries have their names in order, as lists of pairs. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return ["list", ...value.map(inOrder)];
  if (typeof value !== "object" || value === null) return value;
  const pairs = Object.entries(value).map(([name, each]) => [name, inOrder(each)]);
  return ["dictionary", ...pairs.sort(([one], [other]) => ((one as string) < (other as string) ? -1 : 1))];
}

describe("The most frequent value", () => {
  it("is the first of those that occur most often", () => {
    expect(mostFrequent(["a", "b", "c", "b", "c"])).to.equal("b");
    expect(mostFrequent([])).to.equal(undefined);
  });
});

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
