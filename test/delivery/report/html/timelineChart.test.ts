import { expect } from "chai";
import fc from "fast-check";
import { timelineRows } from "../../../../delivery/report/html/timelineChart";

describe("The timeline as a table", () => {
  it("has consecutive rows up to the maximum, and counts every event", () => {
    const bucket = fc.record({ sent: fc.nat(99), acknowledged: fc.nat(99), read: fc.nat(99) });
    const timeline = fc.record({ bucketSeconds: fc.integer({ min: 1, max: 64 }), buckets: fc.array(bucket) });
    fc.assert(
      fc.property(timeline, fc.integer({ min: 1, max: 60 }), (one, most) => {
        const rows = timelineRows(one, most);
        expect(rows.length).to.be.at.most(most);
        for (const what of ["sent", "acknowledged", "read"] as const) {
          const total = (items: { [key in typeof what]: number }[]) =>
            items.reduce((sum, item) => sum + item[what], 0);
          expect(total(rows)).to.equal(total(one.buckets));
        }
        for (const [index, row] of rows.entries())
          expect(row.fromSecond).to.equal(rows[index - 1]?.toSecond ?? 0);
        expect(rows.at(-1)?.toSecond ?? 0).to.equal(one.buckets.length * one.bucketSeconds);
      }),
    );
  });
});
