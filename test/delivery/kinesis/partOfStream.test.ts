import { expect } from "chai";
import fc from "fast-check";
import { PartOfStream } from "../../../delivery/kinesis/partOfStream";
import { evenRanges, type HashKeyRange } from "../../campaign/memoryKinesis/hashKeys";

const described = ({ start, end }: HashKeyRange) => ({
  StartingHashKey: String(start),
  EndingHashKey: String(end),
});
const partsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => new PartOfStream({ index, count }));
const indicesWhere = (parts: PartOfStream[], is: (part: PartOfStream) => boolean) =>
  parts.flatMap((part, index) => (is(part) ? [index] : []));

/** Splits and merges of shards: the place of a shard, and where it is split, in thousandths. */
const changes = fc.array(
  fc.record({ at: fc.nat({ max: 999 }), split: fc.option(fc.integer({ min: 1, max: 999 })) }),
  {
    maxLength: 12,
  },
);

/** Returns the ranges of the shards that are open at the end, and of all that were open before. */
function resharded(shards: number, steps: { at: number; split: number | null }[]) {
  let open = evenRanges(shards);
  const all = [...open];
  for (const { at, split } of steps) {
    const place = at % open.length;
    const [one, next] = [open[place], open[place + 1]];
    if (one === undefined) throw new Error("no shard");
    const middle = one.start + ((one.end - one.start) * BigInt(split ?? 0)) / 1_000n;
    const children =
      split === null
        ? next && [{ start: one.start, end: next.end }]
        : middle > one.start
          ? [
              { start: one.start, end: middle - 1n },
              { start: middle, end: one.end },
            ]
          : undefined;
    if (children === undefined) continue;
    open = [...open.slice(0, place), ...children, ...open.slice(place + (split === null ? 2 : 1))];
    all.push(...children);
  }
  return { open, all };
}

describe("A part of a stream", () => {
  const cases = fc.record({
    count: fc.integer({ min: 1, max: 40 }),
    shards: fc.integer({ min: 1, max: 60 }),
    steps: changes,
  });

  it("owns each shard that there is or was alone, whatever the splits and merges", () => {
    fc.assert(
      fc.property(cases, ({ count, shards, steps }) => {
        const parts = partsOf(count);
        for (const range of resharded(shards, steps).all)
          expect(indicesWhere(parts, (part) => part.owns(described(range)))).to.have.lengthOf(1);
      }),
    );
  });

  it("reads its shards, and whichever shard its records are in", () => {
    fc.assert(
      fc.property(cases, fc.nat(), ({ count, shards, steps }, event) => {
        const { open, all } = resharded(shards, steps);
        for (const part of partsOf(count)) {
          const key = BigInt(part.hashKey(event));
          const holders = all.filter(({ start, end }) => start <= key && key <= end);
          expect(holders).to.include.members(open.filter(({ start, end }) => start <= key && key <= end));
          for (const range of holders) expect(part.reads(described(range))).to.equal(true);
          for (const range of all.map(described))
            if (part.owns(range)) expect(part.reads(range)).to.equal(true);
        }
      }),
    );
  });

  it("reads no shard of another part if the shards are even and the parts divide them", () => {
    for (const [count, shards] of [
      [1, 1],
      [3, 3],
      [3, 9],
      [4, 1_000],
      [7, 21],
      [125, 1_000],
      [1_000, 1_000],
    ] as const) {
      const parts = partsOf(count);
      for (const [place, range] of evenRanges(shards).entries()) {
        const owner = Math.floor((place * count) / shards);
        if (count > 200 && place % 37 > 0) continue;
        expect(
          indicesWhere(parts, (part) => part.reads(described(range))),
          `${place} of ${shards}`,
        ).to.deep.equal([owner]);
      }
    }
  });

  it("shares at most one shard with each neighbor if the parts don't divide the shards", () => {
    const parts = partsOf(4);
    const readers = evenRanges(10).map((range) =>
      indicesWhere(parts, (part) => part.reads(described(range))),
    );
    expect(readers).to.deep.equal([[0], [0], [0, 1], [1], [1], [2], [2], [2, 3], [3], [3]]);
  });

  it("writes evenly over its shards", () => {
    const part = new PartOfStream({ index: 1, count: 4 });
    const ranges = evenRanges(1_000).slice(250, 500);
    const counts = new Map(ranges.map(({ start }) => [start, 0]));
    for (let event = 0; event < 25_000; event += 1) {
      const key = BigInt(part.hashKey(event));
      const { start } = ranges.find(({ start, end }) => start <= key && key <= end) as HashKeyRange;
      counts.set(start, (counts.get(start) ?? 0) + 1);
    }
    for (const count of counts.values()) expect(count).to.be.within(95, 105);
  });

  it("reads a shard whose range is unknown, and doesn't own it", () => {
    const part = new PartOfStream({ index: 0, count: 2 });
    expect([part.reads(undefined), part.owns(undefined)]).to.deep.equal([true, false]);
    expect([part.reads({}), part.owns({})]).to.deep.equal([true, false]);
  });
});
