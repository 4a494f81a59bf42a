import { expect } from "chai";
import fc from "fast-check";
import { DeliveryError } from "../../../delivery/common/errors";
import { type Fate, Ledger } from "../../../delivery/verify/ledger";
import { ABANDONED, acknowledged, LEFT_OPEN, reason, refused, unanswered } from "../kinesis/outcomes";
import { added } from "./added";

/** What happens to one event, in the plainest words: a list of what was told of it. */
type Told =
  | "attempt"
  | "ambiguous"
  | "acknowledged"
  | "refused"
  | "unanswered"
  | "abandoned"
  | "left open"
  | "intact"
  | "changed";

const TOLD: Told[] = [
  "attempt",
  "ambiguous",
  "acknowledged",
  "refused",
  "unanswered",
  "abandoned",
  "left open",
  "intact",
  "changed",
];

const bytesOf = (index: number) => Buffer.from(`event ${index}`);

function tell(ledger: Ledger, index: number, told: Told): void {
  if (told === "attempt") ledger.onAttempt(index, 1_000);
  if (told === "ambiguous") ledger.onAmbiguous(index);
  if (told === "acknowledged") ledger.onEnd(index, acknowledged(`shard-${index % 2}`));
  if (told === "refused") ledger.onEnd(index, refused(reason("Refused")));
  if (told === "unanswered") ledger.onEnd(index, unanswered(reason("Unanswered")));
  if (told === "abandoned") ledger.onEnd(index, ABANDONED);
  if (told === "left open") ledger.onEnd(index, LEFT_OPEN);
  if (told === "intact") ledger.onRead(index, bytesOf(index), 1_500);
  if (told === "changed") ledger.onRead(index, Buffer.from("other bytes"), 1_500);
}

/** A ledger of one event, told this of it. */
function ledgerOf(...told: Told[]): Ledger {
  const ledger = new Ledger();
  added(ledger, bytesOf(0));
  for (const one of told) tell(ledger, 0, one);
  return ledger;
}

function fateIn(told: Told[]): Fate {
  if (told.includes("changed")) return "corrupted";
  if (told.includes("intact")) return "delivered";
  if (told.includes("acknowledged")) return "lost";
  if (told.includes("refused")) return "refused";
  if (told.includes("abandoned")) return "abandoned";
  return told.includes("left open") ? "leftOpen" : "unanswered";
}

function duplicatesIn(told: Told[]): { all: number; unexplained: number } {
  const number = (kind: Told) => told.filter((one) => one === kind).length;
  const copies = number("intact") + number("changed");
  const written = number("ambiguous") + (told.includes("acknowledged") ? 1 : 0);
  return {
    all: Math.max(0, copies - 1),
    unexplained: copies < 2 ? 0 : Math.max(0, copies - Math.max(1, written)),
  };
}

/** The ledger's numbers, counted again from all that was told. */
function expected(events: Told[][]) {
  const isSent = (told: Told[]) => told.includes("attempt") || told.includes("refused");
  const isSeen = (told: Told[]) => told.includes("intact") || told.includes("changed");
  const isGivenUp = (told: Told[]) => told.includes("refused") || told.includes("abandoned");
  const sent = events.map((told, index) => ({ told, number: index + 1 })).filter(({ told }) => isSent(told));
  const ofFate = (fate: Fate) => sent.filter(({ told }) => fateIn(told) === fate);
  const perFate = <Value>(value: (fate: Fate) => Value) => ({
    delivered: value("delivered"),
    corrupted: value("corrupted"),
    lost: value("lost"),
    refused: value("refused"),
    unanswered: value("unanswered"),
    abandoned: value("abandoned"),
    leftOpen: value("leftOpen"),
  });
  const sum = (value: (told: Told[]) => number) => sent.reduce((total, { told }) => total + value(told), 0);
  return {
    size: events.length,
    sent: sent.length,
    acknowledged: events.filter((told) => told.includes("acknowledged")).length,
    seen: events.filter(isSeen).length,
    outstanding: sent.filter(({ told }) => !isSeen(told) && !isGivenUp(told)).length,
    refused: events.filter((told) => told.includes("refused")).length,
    counts: {
      fates: perFate((fate) => ofFate(fate).length),
      samples: perFate((fate) =>
        ofFate(fate)
          .slice(0, 5)
          .map(({ number }) => number),
      ),
      seenDespiteRefusal: sent.filter(({ told }) => isSeen(told) && told.includes("refused")).length,
      duplicates: sum((told) => duplicatesIn(told).all),
      unexplainedDuplicates: sum((told) => duplicatesIn(told).unexplained),
    },
  };
}

function actual(ledger: Ledger): ReturnType<typeof expected> {
  const { size, sent, acknowledged, seen, outstanding } = ledger;
  const refused = ledger.reasons.refused.ranked.reduce((total, [, events]) => total + events, 0);
  return { size, sent, acknowledged, seen, outstanding, refused, counts: ledger.counts() };
}

describe("The ledger", () => {
  it("counts as a list of all outcomes would, in any order", () => {
    const step = fc.oneof(
      fc.constant("add" as const),
      fc.record({ event: fc.nat({ max: 20 }), told: fc.constantFrom(...TOLD) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const ledger = new Ledger();
        const events: Told[][] = [];
        for (const one of steps) {
          if (one === "add") {
            expect(added(ledger, bytesOf(events.length))).to.equal(events.length);
            events.push([]);
          } else if (events.length > 0) {
            const index = one.event % events.length;
            tell(ledger, index, one.told);
            events[index]?.push(one.told);
          }
        }
        expect(actual(ledger)).to.deep.equal(expected(events));
      }),
      { numRuns: 400 },
    );
  });

  const fates: { told: Told[]; fate: Fate; why: string }[] = [
    { told: ["attempt", "acknowledged", "intact"], fate: "delivered", why: "it was read back" },
    {
      told: ["attempt", "intact", "acknowledged"],
      fate: "delivered",
      why: "it was read before the answer came",
    },
    {
      told: ["attempt", "unanswered", "intact"],
      fate: "delivered",
      why: "it was read though nobody answered",
    },
    { told: ["attempt", "refused", "intact"], fate: "delivered", why: "it was read though it was refused" },
    { told: ["attempt", "acknowledged", "changed"], fate: "corrupted", why: "it was read with other bytes" },
    { told: ["attempt", "intact", "changed"], fate: "corrupted", why: "one of its copies has other bytes" },
    { told: ["attempt", "changed", "intact"], fate: "corrupted", why: "its first copy has other bytes" },
    { told: ["attempt", "acknowledged"], fate: "lost", why: "it was acknowledged and not read" },
    { told: ["attempt", "refused"], fate: "refused", why: "it was refused" },
    { told: ["refused"], fate: "refused", why: "it was refused before it could be sent" },
    { told: ["attempt", "ambiguous", "unanswered"], fate: "unanswered", why: "nobody answered" },
    { told: ["attempt"], fate: "unanswered", why: "its request is still under way" },
  ];
  for (const { told, fate, why } of fates) {
    it(`takes an event for ${fate} if ${why}`, () => {
      expect(ledgerOf(...told).counts().fates[fate]).to.equal(1);
    });
  }

  it("gives no fate to an event that was not sent", () => {
    expect(ledgerOf().counts().fates).to.deep.equal({
      delivered: 0,
      corrupted: 0,
      lost: 0,
      refused: 0,
      unanswered: 0,
      abandoned: 0,
      leftOpen: 0,
    });
  });

  const duplicates: { told: Told[]; all: number; unexplained: number; why: string }[] = [
    { told: ["attempt", "acknowledged", "intact"], all: 0, unexplained: 0, why: "one copy" },
    {
      told: ["attempt", "ambiguous", "attempt", "acknowledged", "intact", "intact"],
      all: 1,
      unexplained: 0,
      why: "a second copy by an attempt without a clear response",
    },
    {
      told: ["attempt", "acknowledged", "intact", "intact"],
      all: 1,
      unexplained: 1,
      why: "a second copy of an event that was sent once",
    },
    {
      told: ["attempt", "ambiguous", "acknowledged", "intact", "intact", "intact"],
      all: 2,
      unexplained: 1,
      why: "more copies than attempts",
    },
    {
      told: ["attempt", "ambiguous", "unanswered", "intact", "intact"],
      all: 1,
      unexplained: 1,
      why: "two copies by the one attempt that was made",
    },
    {
      told: ["attempt", "refused", "intact", "intact"],
      all: 1,
      unexplained: 1,
      why: "two copies of a refused event",
    },
  ];
  for (const { told, all, unexplained, why } of duplicates) {
    it(`counts ${all} duplicate(s), ${unexplained} of them unexplained, for ${why}`, () => {
      expect(ledgerOf(...told).counts()).to.include({ duplicates: all, unexplainedDuplicates: unexplained });
    });
  }

  it("stops counting the copies of an event at 255", () => {
    const copies = Array.from({ length: 1_000 }, () => "intact" as const);
    expect(ledgerOf("attempt", ...copies).counts()).to.include({
      duplicates: 254,
      unexplainedDuplicates: 254,
    });
  });

  it("rejects more events than one run accounts for", () => {
    const ledger = new Ledger(1_000);
    for (let index = 0; index < 1_000; index += 1) added(ledger, bytesOf(index));
    expect(() => added(ledger, bytesOf(1_000))).to.throw(
      DeliveryError,
      "One run accounts for at most 1,000 events. Split the run",
    );
    expect(ledger.size).to.equal(1_000);
  });

  it("measures from the first attempt until the first copy was read", () => {
    const ledger = ledgerOf();
    ledger.onAttempt(0, 1_000);
    ledger.onAttempt(0, 4_000);
    expect(ledger.onRead(0, bytesOf(0), 6_000)).to.equal(5_000);
    expect(ledger.onRead(0, bytesOf(0), 9_000)).to.equal(undefined);
  });

  it("measures nothing for a record that was read before any attempt: somebody else wrote it", () => {
    expect(ledgerOf().onRead(0, bytesOf(0), 6_000)).to.equal(undefined);
  });

  it("knows what was seen", () => {
    expect(ledgerOf("attempt").hasSeen(0)).to.equal(false);
    expect(ledgerOf("attempt", "changed").hasSeen(0)).to.equal(true);
  });

  it("sees a change of a single bit, and one of the length", () => {
    const bytes = Buffer.from("some bytes of an event");
    const changes = [...bytes.keys()].map((at) => {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      return changed;
    });
    for (const changed of [...changes, bytes.subarray(1), Buffer.concat([bytes, Buffer.from("\n")])]) {
      const ledger = new Ledger();
      ledger.onAttempt(added(ledger, bytes), 0);
      ledger.onRead(0, changed, 0);
      expect(ledger.counts().fates.corrupted).to.equal(1);
    }
  });

  it("lists reasons separately for refused and unanswered events, most common first", () => {
    const ledger = new Ledger();
    for (let index = 0; index < 5; index += 1) ledger.onAttempt(added(ledger, bytesOf(index)), 0);
    ledger.onEnd(0, refused(reason("rare")));
    ledger.onEnd(1, refused(reason("common")));
    ledger.onEnd(2, refused(reason("common")));
    ledger.onEnd(3, unanswered(reason("silence")));
    expect(ledger.reasons.refused.ranked).to.deep.equal([
      ["common", 2],
      ["rare", 1],
    ]);
    expect(ledger.reasons.unanswered.ranked).to.deep.equal([["silence", 1]]);
  });

  it("counts acknowledgements by shard, each event once", () => {
    const ledger = new Ledger();
    for (let index = 0; index < 5; index += 1) added(ledger, bytesOf(index));
    for (const index of [0, 1, 2, 3, 4, 4]) tell(ledger, index, "acknowledged");
    expect([...ledger.acknowledgedByShard]).to.deep.equal([
      ["shard-0", 3],
      ["shard-1", 2],
    ]);
  });

  it("keeps events apart across the bounds of its blocks", () => {
    const ledger = new Ledger();
    const count = 65_536 * 2 + 3;
    const bytes = Buffer.alloc(4);
    const of = (index: number) => {
      bytes.writeUInt32LE(index);
      return bytes;
    };
    for (let index = 0; index < count; index += 1) ledger.onAttempt(added(ledger, of(index)), index);
    const atBounds = [0, 65_535, 65_536, 131_071, 131_072, count - 1];
    for (const index of atBounds) expect(ledger.onRead(index, of(index), index + 7)).to.equal(7);
    ledger.onRead(65_534, of(65_535), 0);
    ledger.onEnd(131_073, acknowledged("s"));
    expect(ledger.counts().fates).to.deep.equal({
      delivered: 6,
      corrupted: 1,
      lost: 1,
      refused: 0,
      unanswered: count - 8,
      abandoned: 0,
      leftOpen: 0,
    });
    expect(ledger.counts().samples.corrupted).to.deep.equal([65_535]);
    expect(ledger.outstanding).to.equal(count - 7);
  });

  for (const index of [1, 65_536, -1]) {
    it(`has no event ${index} if it has taken one`, () => {
      expect(() => ledgerOf().onAmbiguous(index)).to.throw(RangeError, `no event ${index}`);
    });
  }
});
