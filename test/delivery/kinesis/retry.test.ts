import { expect } from "chai";
import fc from "fast-check";
import { retryDelay } from "../../../delivery/kinesis/retry";

const LARGEST_RANDOM = 1 - Number.EPSILON / 2;

describe("The retry delay", () => {
  const cases = [
    { failedAttempts: 1, most: 100 },
    { failedAttempts: 2, most: 200 },
    { failedAttempts: 3, most: 400 },
    { failedAttempts: 6, most: 3_200 },
    { failedAttempts: 7, most: 5_000 },
    { failedAttempts: 12, most: 5_000 },
    { failedAttempts: 5_000, most: 5_000 },
  ];
  for (const { failedAttempts, most } of cases) {
    it(`lies between 0 and ${most} ms after ${failedAttempts} failed attempt(s)`, () => {
      expect(retryDelay(failedAttempts, 0)).to.equal(0);
      expect(retryDelay(failedAttempts, 0.5)).to.equal(most / 2);
      expect(retryDelay(failedAttempts, LARGEST_RANDOM)).to.be.closeTo(most, 0.001);
    });
  }

  it("spreads evenly over its whole range, and never leaves it", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: LARGEST_RANDOM, noNaN: true }),
        (failedAttempts, random) => {
          const delay = retryDelay(failedAttempts, random);
          expect(delay).to.be.within(0, 5_000);
          expect(delay).to.be.closeTo(random * Math.min(5_000, 100 * 2 ** (failedAttempts - 1)), 1e-6);
        },
      ),
    );
  });
});
