import { expect } from "chai";
import fc from "fast-check";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { LONGEST_EVENT, writeEvent } from "../../../delivery/sources/eventEncoder";
import { drawnEvent, eventRow } from "../../../delivery/sources/generatedEvent";

const NOW = Date.parse("2026-11-23T10:00:00.250Z");

/** @returns the event as it is written, and as `JSON.stringify` has it. */
function bothWays(seed: number, eventNumber: number, now: number): [written: string, plain: string] {
  const drawn = drawnEvent(xoroshiro128plus(seed), eventNumber, now);
  const memory = Buffer.alloc(LONGEST_EVENT + 10, "#");
  const end = writeEvent(memory, 5, drawn);
  expect(memory.toString("latin1", end)).to.match(/^#+$/);
  return [memory.toString("utf8", 5, end), JSON.stringify(eventRow(drawn))];
}

describe("The encoder of generated events", () => {
  it("writes the very bytes of JSON.stringify, event after event", () => {
    for (const seed of [1, 2]) {
      const random = xoroshiro128plus(seed);
      const memory = Buffer.alloc(LONGEST_EVENT);
      for (let eventNumber = 0; eventNumber < 5_000; eventNumber += 1) {
        const drawn = drawnEvent(random, eventNumber, NOW + eventNumber * 13);
        const written = memory.toString("utf8", 0, writeEvent(memory, 0, drawn));
        if (written !== JSON.stringify(eventRow(drawn)))
          expect(written).to.equal(JSON.stringify(eventRow(drawn)));
      }
    }
  });

  it("does so for any seed, number and time", () => {
    const numbers = fc.integer({ min: 0, max: 999_999_999 });
    const times = fc.integer({ min: 10_000, max: 8_000_000_000_000 });
    fc.assert(
      fc.property(fc.integer(), numbers, times, (seed, eventNumber, now) => {
        const [written, plain] = bothWays(seed, eventNumber, now);
        expect(written).to.equal(plain);
      }),
      { numRuns: 2_000 },
    );
  });

  it("needs less than half of the memory that it asks for", () => {
    for (let seed = 0; seed < 2_000; seed += 1) {
      const [written] = bothWays(seed, 999_999_999 - seed, NOW);
      expect(Buffer.byteLength(written)).to.be.below(LONGEST_EVENT / 2);
    }
  });
});
