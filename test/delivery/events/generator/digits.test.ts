import { expect } from "chai";
import fc from "fast-check";
import { writeDigits, writeWhole } from "../../../../delivery/events/generator/digits";

describe("Digits in bytes", () => {
  const near = fc
    .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: -1, max: 1 }))
    .map(([power, beside]) => 10 ** power + beside);

  it("are those of any whole number", () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer(), near, fc.constant(0)), (value) => {
        const memory = Buffer.alloc(20, "#");
        const end = writeWhole(memory, 1, value);
        expect(memory.toString("latin1")).to.equal(`#${value}`.padEnd(20, "#"));
        expect(end).to.equal(1 + String(value).length);
      }),
    );
  });

  it("are as many as asked for, with zeros in front", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        fc.integer({ min: 1, max: 12 }),
        (value, digits) => {
          const memory = Buffer.alloc(14, "#");
          const end = writeDigits(memory, 1, value, digits);
          expect(memory.toString("latin1", 0, end)).to.equal(
            `#${String(value).padStart(12, "0").slice(-digits)}`,
          );
          expect(memory.toString("latin1", end)).to.match(/^#+$/);
        },
      ),
    );
  });
});
