import { expect } from "chai";
import fc from "fast-check";
import { inRanges, toRanges } from "../../../../delivery/verify/resume/runFile";

describe("Ranges", () => {
  it("hold neighbours together", () => {
    expect(toRanges([3, 4, 5, 9, 2, 3])).to.deep.equal([
      [3, 5],
      [9, 9],
      [2, 3],
    ]);
    expect(toRanges([])).to.deep.equal([]);
  });

  it("give back the same numbers in the same order", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30 })), (numbers) => {
        expect([...inRanges(toRanges(numbers))]).to.deep.equal(numbers);
      }),
    );
  });
});
