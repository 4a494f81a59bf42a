import { expect } from "chai";
import fc from "fast-check";
import { decodeFromCompressedBase64 } from "hdr-histogram-js";
import { LatencyRecorder } from "../../../delivery/common/histogram";

function summaryOf(latencies: number[]) {
  const recorder = new LatencyRecorder();
  for (const ms of latencies) recorder.record(ms);
  return recorder.summary();
}

/** The smallest value that at least this share of all values does not exceed. */
function percentile(sorted: number[], share: number): number {
  return sorted[Math.max(0, Math.ceil((share * sorted.length) / 100) - 1)] ?? Number.NaN;
}

describe("The latency", () => {
  it("is none if nothing was measured", () => {
    expect(summaryOf([])).to.equal(undefined);
  });

  it("of one event is each of its percentiles", () => {
    expect(summaryOf([250])).to.deep.equal({ p50: 0.25, p95: 0.25, p99: 0.25, max: 0.25 });
  });

  it("is in seconds", () => {
    const latencies = Array.from({ length: 1_000 }, (_, index) => index + 1);
    expect(summaryOf(latencies)).to.deep.equal({ p50: 0.5, p95: 0.95, p99: 0.99, max: 1 });
  });

  it("is never negative: clocks may be set back", () => {
    expect(summaryOf([-5_000])).to.deep.equal({ p50: 0, p95: 0, p99: 0, max: 0 });
  });

  it("is a day at most", () => {
    expect(summaryOf([10 * 24 * 3_600_000])?.max).to.be.closeTo(86_400, 86.4);
  });

  it("is within 0.1 % of the true one, and half a millisecond", () => {
    const latencies = fc.array(fc.double({ min: 0, max: 600_000, noNaN: true }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(latencies, (list) => {
        const summary = summaryOf(list);
        const sorted = [...list].sort((a, b) => a - b);
        const expected = {
          p50: percentile(sorted, 50),
          p95: percentile(sorted, 95),
          p99: percentile(sorted, 99),
          max: percentile(sorted, 100),
        };
        for (const name of ["p50", "p95", "p99", "max"] as const) {
          const ms = expected[name];
          expect((summary?.[name] ?? -1) * 1_000, name).to.be.closeTo(ms, 0.501 + ms / 1_000);
        }
      }),
    );
  });

  it("can be decoded whole, and added up over runs", () => {
    const [one, other] = [new LatencyRecorder(), new LatencyRecorder()];
    for (const ms of [10, 20, 30]) one.record(ms);
    other.record(1_000);
    const histogram = decodeFromCompressedBase64(one.encoded() ?? "");
    histogram.add(decodeFromCompressedBase64(other.encoded() ?? ""));
    expect(histogram.totalCount).to.equal(4);
    expect(histogram.getValueAtPercentile(50)).to.equal(20);
    expect(histogram.maxValue).to.be.closeTo(1_000, 1);
    expect(new LatencyRecorder().encoded()).to.equal(undefined);
  });
});
