import { expect } from "chai";
import fc from "fast-check";
import {
  CappedLimiter,
  type RateLimiter,
  SteadyLimiter,
  waitForSlot,
} from "../../../delivery/sending/pacing";
import { VirtualClock } from "../common/virtualClock";

interface Released {
  at: number;
  dueAt: number | undefined;
}

/** When each of so many events goes, where event number N can't go before the source has it. */
function released(
  limiter: RateLimiter,
  sizes: number[],
  readyAt: (index: number) => number = () => 0,
): Released[] {
  let now = 0;
  return sizes.map((bytes, index) => {
    now = Math.max(now, readyAt(index));
    const { releaseAt, dueAt } = limiter.slot(bytes, now);
    now = Math.max(now, releaseAt);
    return { at: now, dueAt };
  });
}

const events = (count: number) => Array.from({ length: count }, () => 100);

describe("A steady pace", () => {
  it("spaces the events evenly", () => {
    const at = released(new SteadyLimiter(200), events(5)).map((event) => event.at);
    expect(at).to.deep.equal([0, 5, 10, 15, 20]);
  });

  it("measures from when an event was due, and catches up at twice the pace, not in a burst", () => {
    const heldUpFor = 1_000;
    const all = released(new SteadyLimiter(100), events(400), (index) =>
      index === 50 ? 500 + heldUpFor : 0,
    );
    expect(all[50]).to.deep.include({ at: 1_500, dueAt: 500 });
    expect(all[60]?.at).to.be.closeTo(1_550, 6);
    expect(all.at(-1)).to.deep.include({ at: 3_990, dueAt: 3_990 });
    for (let index = 51; index < all.length; index += 1) {
      expect((all[index]?.at ?? 0) - (all[index - 1]?.at ?? 0), `${index}`).to.be.at.least(0);
      const inLast100ms = all.filter(
        ({ at }) => at <= (all[index]?.at ?? 0) && at > (all[index]?.at ?? 0) - 100,
      );
      expect(inLast100ms.length).to.be.at.most(22);
    }
  });

  it("never sends before an event is due, whatever holds the sender up", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 10_000, noNaN: true }),
        fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 100 }),
        (rate, delays) => {
          const ready = delays.map((_, index) =>
            delays.slice(0, index + 1).reduce((sum, one) => sum + one, 0),
          );
          const all = released(new SteadyLimiter(rate), events(delays.length), (index) => ready[index] ?? 0);
          for (const [index, { at, dueAt }] of all.entries()) {
            expect(at).to.be.at.least((dueAt ?? 0) - 1e-6);
            expect(dueAt).to.be.closeTo((ready[0] ?? 0) + (index * 1000) / rate, 1e-3);
          }
        },
      ),
    );
  });
});

describe("A capped pace", () => {
  const capacity = { recordsPerSecond: 1_000, bytesPerSecond: 1_000_000 };

  it("counts records if they are small, and bytes if they are large", () => {
    expect(released(new CappedLimiter(capacity), events(3_001)).at(-1)?.at).to.be.closeTo(2_000, 10);
    const large = Array.from({ length: 31 }, () => 100_000);
    expect(released(new CappedLimiter(capacity), large).at(-1)?.at).to.be.closeTo(2_000, 10);
  });

  it("saves up one second's worth at most", () => {
    const all = released(new CappedLimiter(capacity), events(2_001), (index) => (index === 1 ? 60_000 : 0));
    expect(all[1_000]?.at).to.equal(60_000);
    expect(all.at(-1)?.at).to.be.closeTo(61_000, 10);
  });

  it("stays within the capacity in every stretch of time, but for one second's worth", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(sizes, (list) => {
        const all = released(new CappedLimiter(capacity), list);
        for (let from = 0; from < list.length; from += 7) {
          const sent = list.slice(from, -1);
          const ms = (all.at(-1)?.at ?? 0) - (all[from]?.at ?? 0) + 1_000.001;
          expect(sent.length).to.be.at.most(ms);
          expect(sent.reduce((sum, bytes) => sum + bytes, 0)).to.be.at.most(ms * 1_000);
        }
      }),
    );
  });
});

describe("Waiting for a turn", () => {
  it("ends when it has come, or at the signal", async () => {
    const clock = new VirtualClock(0);
    const signal = new AbortController().signal;
    await waitForSlot({ releaseAt: 250 }, clock, signal);
    expect(clock.now()).to.equal(250);
    await waitForSlot({ releaseAt: 250.9 }, clock, signal);
    expect(clock.now()).to.equal(250);
    await waitForSlot({ releaseAt: 9_000 }, clock, AbortSignal.abort());
    expect(clock.now()).to.equal(250);
  });
});
