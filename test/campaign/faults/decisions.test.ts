import { expect } from "chai";
import fc from "fast-check";
import { entryFault, hashKeyFor, lookupFault, readFault, requestFault, withAnotherByte } from "./decisions";
import { drawOne, drawWhole } from "./draw";
import { type FaultPlan, NO_FAULTS } from "./plan";

const plan = (seed: string): FaultPlan => ({
  ...NO_FAULTS,
  seed,
  writes: { throttled: 0.5 },
  entries: { lost: 0.3, twice: 0.3 },
  reads: { throttled: 0.9 },
  lookups: { "reset-before": 0.9 },
});

describe("A decision of the fault proxy", () => {
  it("depends only on the seed and the request, not on earlier decisions", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: 6 }), (seed, name, attempt) => {
        const of = { name, attempt };
        const before = [requestFault(plan(seed), of), entryFault(plan(seed), of, "shard", of)];
        for (let other = 0; other < 3; other += 1) requestFault(plan(seed), { name: `${other}`, attempt });
        expect([requestFault(plan(seed), of), entryFault(plan(seed), of, "shard", of)]).to.deep.equal(before);
      }),
      { numRuns: 200 },
    );
  });

  it("is drawn about as often as the plan says", () => {
    const names = Array.from({ length: 4_000 }, (_, at) => drawOne({ a: 0.25, b: 0.5 }, "often", at));
    const share = (name: string | undefined) => names.filter((each) => each === name).length / names.length;
    expect(share("a")).to.be.within(0.22, 0.28);
    expect(share("b")).to.be.within(0.47, 0.53);
    expect(share(undefined)).to.be.within(0.22, 0.28);
  });

  it("is an integer within its bounds", () => {
    fc.assert(
      fc.property(fc.integer({ min: -9, max: 9 }), fc.nat(20), fc.string(), (least, more, seed) => {
        expect(drawWhole(least, least + more, seed)).to.satisfy(Number.isInteger);
        expect(drawWhole(least, least + more, seed)).to.be.within(least, least + more);
      }),
    );
  });

  it("is no fault after the faulty attempts, except for permanent faults", () => {
    const always = { ...plan("late"), always: { b: "throttled" as const } };
    for (let name = 0; name < 50; name += 1) {
      const of = { name: `${name}`, attempt: NO_FAULTS.faultyAttempts + 1 };
      expect(requestFault(always, of)).to.equal(undefined);
      expect(entryFault(always, of, "shard", of)).to.deep.equal({ told: "acknowledged", copies: ["whole"] });
    }
    const of = { name: "b", attempt: 99 };
    expect(entryFault(always, of, "shard", of)).to.include({ told: "throttled" });
  });

  it("spares one call after a few consecutive faults, before any reader gives up", () => {
    for (const decide of [
      readFault,
      (...of: Parameters<typeof readFault>) => lookupFault(of[0], "L", of[1], of[2]),
    ]) {
      let inARow = 0;
      for (let call = 1; call < 500; call += 1) {
        inARow = decide(plan("row"), "shard", call) === undefined ? 0 : inARow + 1;
        expect(inARow).to.be.at.most(NO_FAULTS.faultsInARow);
      }
    }
  });

  it("changes exactly one bit of the data for a corrupted record", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.string(), (bytes, name) => {
        const changed = withAnotherByte(plan("bit"), Buffer.from(bytes).toString("base64"), {
          name,
          attempt: 1,
        });
        const after = Buffer.from(changed, "base64");
        expect(after).to.have.lengthOf(bytes.length);
        const bits = bytes.reduce((sum, byte, at) => sum + bitsIn(byte ^ (after[at] ?? 0)), 0);
        expect(bits).to.equal(1);
      }),
    );
  });

  it("distributes records over the whole range of hash keys", () => {
    const places = Array.from({ length: 200 }, (_, at) => BigInt(hashKeyFor(plan("place"), `${at}`)) >> 126n);
    expect(new Set(places).size).to.equal(4);
  });
});

function bitsIn(byte: number): number {
  return byte.toString(2).replaceAll("0", "").length;
}
