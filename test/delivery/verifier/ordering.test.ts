import { expect } from "chai";
import fc from "fast-check";
import { Ordering } from "../../../delivery/verifier/ordering";

function outOfOrder(keys: number, read: number[]): number {
  const ordering = new Ordering("run", keys);
  for (const index of read) ordering.onRead("one", index);
  return ordering.outOfOrder;
}

describe("The order of events", () => {
  it("counts each event that comes behind a later one of its key", () => {
    expect(outOfOrder(2, [0, 1, 2, 3, 4])).to.equal(0);
    expect(outOfOrder(2, [0, 3, 2, 1, 5, 4])).to.equal(1);
    expect(outOfOrder(1, [5, 1, 2, 6, 3])).to.equal(3);
  });

  it("says nothing of events of different keys or shards", () => {
    expect(outOfOrder(2, [1, 0, 3, 2, 5, 4])).to.equal(0);
    const ordering = new Ordering("run", 1);
    ordering.onRead("one", 7);
    ordering.onRead("two", 3);
    expect(ordering.outOfOrder).to.equal(0);
  });

  it("is right for every order of reading", () => {
    const orders = fc.uniqueArray(fc.nat({ max: 40 }), { maxLength: 40 });
    fc.assert(
      fc.property(orders, fc.integer({ min: 1, max: 7 }), (read, keys) => {
        const behind = read.filter((index, at) =>
          read.slice(0, at).some((earlier) => earlier > index && earlier % keys === index % keys),
        );
        expect(outOfOrder(keys, read)).to.equal(behind.length);
      }),
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
