import { expect } from "chai";
import fc from "fast-check";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { coursesOf, DOCUMENTED_HABITS, retryDelayMs } from "../../../sandbox/amplitude/destination";

function seeded(seed: number) {
  const generator = xoroshiro128plus(seed);
  return () => uniformFloat64(generator);
}

describe("the delivery schedule of the stand-in for Amplitude", () => {
  it("writes 95 of 100 rows within the documented minute, and all within twice that, for every seed", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seeded(seed);
        const delays = Array.from(
          { length: 2_000 },
          () => coursesOf(1, DOCUMENTED_HABITS, random)[0]?.delayMs ?? 0,
        );
        const inTime = delays.filter((delay) => delay <= 60_000).length;
        expect(inTime / delays.length).to.be.greaterThan(0.93);
        expect(Math.max(...delays)).to.be.at.most(120_000);
      }),
      { numRuns: 20 },
    );
  });

  it("repeats for the same seed", () => {
    const once = coursesOf(500, DOCUMENTED_HABITS, seeded(1));
    expect(coursesOf(500, DOCUMENTED_HABITS, seeded(1))).to.deep.equal(once);
  });

  it("duplicates and delays about the configured shares of rows", () => {
    const habits = { p95Ms: 1_000, duplicateRate: 0.1, reorderRate: 0.2 };
    const courses = coursesOf(10_000, habits, seeded(2));
    const usual = Math.min(...courses.map(({ delayMs }) => delayMs));
    expect(courses.filter(({ againMs }) => againMs !== undefined).length / 10_000).to.be.within(0.08, 0.12);
    expect(courses.filter(({ delayMs }) => delayMs > usual).length / 10_000).to.be.within(0.17, 0.23);
  });

  it("waits longer before each further attempt", () => {
    expect([2, 3, 4].map((attempt) => retryDelayMs(attempt, 1_000, () => 0))).to.deep.equal([
      500, 1_000, 2_000,
    ]);
  });
});
