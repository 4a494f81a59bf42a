import { expect } from "chai";
import fc from "fast-check";
import { RecentIds, RecentRate } from "../../../delivery/watch/recent";

describe("recent ids", () => {
  it("know every repetition of the last `capacity` ids, and no new id", () => {
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

const START = Date.UTC(2026, 0, 5);

describe("the recent rate", () => {
  it("covers the last ten whole seconds", () => {
    const rate = new RecentRate(START);
    for (let second = 0; second < 30; second += 1) rate.add(second < 20 ? 50 : 100, START + second * 1000);
    expect(rate.perSecond(START + 30_000)).to.equal(100);
    expect(rate.perSecond(START + 35_500)).to.equal(50);
    expect(rate.perSecond(START + 90_000)).to.equal(0);
  });

  it("covers fewer seconds at the beginning", () => {
    const rate = new RecentRate(START);
    rate.add(6, START + 100);
    expect(rate.perSecond(START + 200)).to.equal(6);
    rate.add(6, START + 1_100);
    expect(rate.perSecond(START + 2_000)).to.equal(6);
  });

  it("shows the last minute, the current second last", () => {
    const rate = new RecentRate(START);
    rate.add(1, START);
    rate.add(2, START + 59_999);
    expect(rate.lastMinute(START + 59_999)).to.deep.equal([1, ...new Array(58).fill(0), 2]);
    expect(rate.lastMinute(START + 60_000)).to.deep.equal([...new Array(58).fill(0), 2, 0]);
  });

  it("continues if the clock is set back", () => {
    const rate = new RecentRate(START);
    rate.add(3, START + 5_000);
    rate.add(4, START + 1_000);
    expect(rate.perSecond(START + 6_000)).to.be.closeTo(7 / 6, 0.001);
  });
});
