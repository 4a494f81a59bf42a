import { expect } from "chai";
import fc from "fast-check";
import { latencyDistribution } from "../../../../delivery/report/html/latencyChart";
import { latencies } from "../reports";

const distributionOf = (ms: number[]) => latencyDistribution(latencies(ms).latencyHistogram ?? "");

describe("The distribution of latencies", () => {
  it("counts every event in one bin of at most 42, without a gap between bins", () => {
    const someMs = fc.array(fc.integer({ min: 0, max: 86_400_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(someMs, (ms) => {
        const { bins } = distributionOf(ms);
        expect(bins.reduce((sum, { events }) => sum + events, 0)).to.equal(ms.length);
        expect(bins.length).to.be.within(1, 42);
        for (const [index, { fromMs }] of bins.entries()) {
          if (index > 0) expect(fromMs).to.equal(bins[index - 1]?.toMs);
        }
      }),
    );
  });

  it("puts a value into its bin, within the histogram's 0.1 %", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400_000 }), (ms) => {
        const [bin] = distributionOf([ms]).bins;
        expect(bin?.fromMs).to.be.at.most(ms * 1.0015);
        expect(bin?.toMs).to.be.at.least(ms * 0.9985);
      }),
    );
  });

  it("distinguishes close values if all values are close", () => {
    expect(
      distributionOf([1_000, 1_100, 1_200, 1_300]).bins.filter(({ events }) => events > 0),
    ).to.have.length(4);
  });

  it("has the percentiles of the report, and ends with the slowest", () => {
    const ms = Array.from({ length: 1_000 }, (_, index) => index + 1);
    const { latencyInSeconds } = latencies(ms);
    const of = (percentile: number) =>
      distributionOf(ms).percentiles.find((one) => one.percentile === percentile)?.seconds;
    expect([of(50), of(95), of(99), of(100)]).to.deep.equal(Object.values(latencyInSeconds ?? {}));
  });

  it("throws if the text is not a histogram", () => {
    for (const text of ["", "x", "AAAA", latencies([1]).latencyHistogram?.slice(0, 30) ?? ""]) {
      expect(() => latencyDistribution(text), text).to.throw();
    }
  });
});
