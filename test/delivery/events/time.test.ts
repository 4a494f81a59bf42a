import { expect } from "chai";
import fc from "fast-check";
import { amplitudeTimestamp } from "../../../delivery/events/generator/timestamp";
import { amplitudeTime } from "../../../delivery/events/time";

describe("an event's own timestamps", () => {
  it("are UTC, whatever they are written with", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (time) => {
        const written = amplitudeTimestamp(time);
        for (const spelled of [written, written.replace(" ", "T"), `${written}Z`]) {
          expect(amplitudeTime(spelled)).to.equal(time);
        }
      }),
    );
  });

  it("may have no fraction", () => {
    expect(amplitudeTime("2025-07-17 10:36:28")).to.equal(Date.UTC(2025, 6, 17, 10, 36, 28));
  });

  for (const value of [
    null,
    undefined,
    1752748588583,
    "",
    "2025-07-17",
    "2025-13-40 10:00:00",
    "17/07/2025 10:36:28",
    "2025-07-17T10:36:28+02:00",
  ]) {
    it(`are nothing where there is ${JSON.stringify(value)}`, () => {
      expect(amplitudeTime(value)).to.equal(undefined);
    });
  }
});
