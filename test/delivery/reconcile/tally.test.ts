import { expect } from "chai";
import fc from "fast-check";
import { IdentityHash } from "../../../delivery/reconcile/row";
import { EventTable, type Lateness } from "../../../delivery/reconcile/tally";

const hash = new IdentityHash(7);
const entry = { content: 1, bytes: 2, type: 3, hour: 4, ms: 5 };

describe("The table of exported events", () => {
  it("finds every entry that was added, and no other, whatever the identities are", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), fc.string(), (identities, other) => {
        const table = new EventTable();
        for (const identity of identities) table.add(hash.of(identity), entry);
        expect(identities.map((identity) => table.find(hash.of(identity)))).to.deep.equal(
          identities.map((_, index) => index),
        );
        expect(table.find(hash.of(other))).to.equal(identities.indexOf(other));
      }),
    );
  });

  it("returns what was stored, up to the largest values", () => {
    const table = new EventTable();
    table.add(hash.of("one"), {
      content: 2 ** 32 - 1,
      bytes: 2 ** 32 - 2,
      type: 65_535,
      hour: 8_759,
      ms: 3_599_999,
    });
    expect(table.hasContent(0, 2 ** 32 - 1)).to.equal(true);
    expect(table.hasBytes(0, 2 ** 32 - 2)).to.equal(true);
    expect([table.typeOf(0), table.hourOf(0), table.msOf(0)]).to.deep.equal([65_535, 8_759, 3_599_999]);
    table.see(0, 2);
    table.markDifferent(0);
    expect(table.visit(0)).to.equal(true);
    expect(table.visit(0)).to.equal(false);
    table.clearVisits();
    expect(table.visit(0)).to.equal(true);
    expect([table.isSeen(0), table.isDifferent(0), table.latenessOf(0), table.msOf(0)]).to.deep.equal([
      true,
      true,
      2,
      3_599_999,
    ]);
  });

  it("lets the first arrival decide how late an event is, in whatever order its rows are read", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<Lateness>(0, 1, 2), { minLength: 1 }), (arrivals) => {
        const table = new EventTable();
        table.add(hash.of("one"), entry);
        for (const lateness of arrivals) table.see(0, lateness);
        expect(table.latenessOf(0)).to.equal(Math.min(...arrivals));
      }),
    );
  });

  it("needs at most 32 bytes per event at every size, besides a constant", () => {
    const table = new EventTable();
    for (let events = 1; events <= 300_000; events += 1) {
      table.add(hash.of(`event ${events}`), entry);
      if (events % 1_000 === 0) expect(table.bytes, `${events} events`).to.be.at.most(32 * events + 500_000);
    }
    expect(table.find(hash.of("event 300000"))).to.equal(299_999);
  });
});
