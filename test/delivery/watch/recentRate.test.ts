import { expect } from "chai";
import { RecentRate } from "../../../delivery/watch/recentRate";

const START = Date.UTC(2026, 0, 5);

describe("the recent rate", () => {
  it("is that of the last ten whole seconds", () => {
    const rate = new RecentRate(START);
    for (let second = 0; second < 30; second += 1) rate.add(second < 20 ? 50 : 100, START + second * 1000);
    expect(rate.perSecond(START + 30_000)).to.equal(100);
    expect(rate.perSecond(START + 35_500)).to.equal(50);
    expect(rate.perSecond(START + 90_000)).to.equal(0);
  });

  it("is that of fewer seconds at the beginning", () => {
    const rate = new RecentRate(START);
    rate.add(6, START + 100);
    expect(rate.perSecond(START + 200)).to.equal(6);
    rate.add(6, START + 1_100);
    expect(rate.perSecond(START + 2_000)).to.equal(6);
  });

  it("shows the last minute, the second under way last", () => {
    const rate = new RecentRate(START);
    rate.add(1, START);
    rate.add(2, START + 59_999);
    expect(rate.lastMinute(START + 59_999)).to.deep.equal([1, ...new Array(58).fill(0), 2]);
    expect(rate.lastMinute(START + 60_000)).to.deep.equal([...new Array(58).fill(0), 2, 0]);
  });

  it("goes on where the clock is set back", () => {
    const rate = new RecentRate(START);
    rate.add(3, START + 5_000);
    rate.add(4, START + 1_000);
    expect(rate.perSecond(START + 6_000)).to.be.closeTo(7 / 6, 0.001);
  });
});
