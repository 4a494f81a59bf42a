import { expect } from "chai";
import fc from "fast-check";
import { Timeline, type TimelineBucket } from "../../../delivery/common/timeline";

const START = 1_000_000;

const counted = fc.record({
  what: fc.constantFrom<keyof TimelineBucket>("sent", "acknowledged", "read"),
  ms: fc.oneof(fc.integer({ min: -5_000, max: 20_000 }), fc.integer({ min: 0, max: 40 * 3600_000 })),
});

describe("The timeline", () => {
  it("counts by the second, with the seconds in which nothing happened", () => {
    const timeline = new Timeline(START);
    timeline.count("sent", START + 200);
    timeline.count("sent", START + 999);
    timeline.count("read", START + 2_000);
    expect(timeline.report()).to.deep.equal({
      bucketSeconds: 1,
      buckets: [
        { sent: 2, acknowledged: 0, read: 0 },
        { sent: 0, acknowledged: 0, read: 0 },
        { sent: 0, acknowledged: 0, read: 1 },
      ],
    });
  });

  it("loses nothing, stays within 600 intervals, and counts each event in its own", () => {
    fc.assert(
      fc.property(fc.array(counted, { maxLength: 60 }), (events) => {
        const timeline = new Timeline(START);
        for (const { what, ms } of events) timeline.count(what, START + ms);
        const { bucketSeconds, buckets } = timeline.report();
        expect(buckets.length).to.be.at.most(600);
        const expected = new Map<string, number>();
        for (const { what, ms } of events) {
          const key = `${what} ${Math.floor(Math.max(0, ms) / 1000 / bucketSeconds)}`;
          expected.set(key, (expected.get(key) ?? 0) + 1);
        }
        const actual = buckets.flatMap((bucket, index) =>
          Object.entries(bucket).flatMap(([what, count]) =>
            count === 0 ? [] : [[`${what} ${index}`, count]],
          ),
        );
        expect(Object.fromEntries(actual)).to.deep.equal(Object.fromEntries(expected));
      }),
    );
  });
});
