import { expect } from "chai";
import fc from "fast-check";
import { amplitudeTimestamp, writeTimestamp } from "../../../../delivery/events/generator/timestamp";

describe("An export's timestamp", () => {
  it("is UTC, with microseconds", () => {
    expect(amplitudeTimestamp(Date.UTC(2025, 6, 17, 10, 36, 28, 583))).to.equal("2025-07-17 10:36:28.583000");
  });

  it("is written over another one, whatever their days are", () => {
    // A negative time is one of 1969, which events of the first seconds of 1970 have.
    const times = fc.oneof(
      fc.integer({ min: -10_000, max: Date.UTC(10_000) - 1 }),
      fc.integer({ min: 0, max: 200_000_000 }),
    );
    fc.assert(
      fc.property(times, fc.array(times, { minLength: 1 }), (first, others) => {
        const memory = Buffer.from(amplitudeTimestamp(first));
        for (const time of others) {
          writeTimestamp(memory, 0, time);
          expect(memory.toString("latin1")).to.equal(amplitudeTimestamp(time));
        }
      }),
    );
  });
});
