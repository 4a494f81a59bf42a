import { expect } from "chai";
import { capacityOf, loadOf } from "../../../delivery/sending/capacity";

describe("The share of a stream that a run takes", () => {
  const cases: [what: string, rate: number, bytes: number, shards: number, share: number][] = [
    ["of the records, where events are small", 500, 200, 1, 0.5],
    ["of the bytes, where events are large", 500, 1_750, 1, 0.875],
    ["of all shards together", 5_000, 1_000, 10, 0.5],
    ["above 1, where the stream can't take it", 3_000, 1_000, 2, 1.5],
  ];
  for (const [what, rate, bytes, shards, share] of cases) {
    it(`is ${what}`, () => {
      expect(loadOf(rate, bytes, shards).share).to.be.closeTo(share, 1e-9);
    });
  }

  it("of one half is what half of the shards take", () => {
    expect(capacityOf(4, 0.5)).to.deep.equal(capacityOf(2));
    expect(capacityOf(1)).to.deep.equal({ recordsPerSecond: 1_000, bytesPerSecond: 1_000_000 });
  });
});
