import { expect } from "chai";
import fc from "fast-check";
import type { Finding, Severity } from "../../../delivery/common/findings";
import { type Fate, type LedgerCounts, noCounts } from "../../../delivery/verify/ledger";
import { countEvents, decideVerdict, type EventCounts } from "../../../delivery/verify/verdict";

const NO_EVENTS: EventCounts = {
  eventsDelivered: 0,
  eventsNotDelivered: 0,
  eventsRefused: 0,
  eventsLost: 0,
  eventsUnanswered: 0,
  eventsCorrupted: 0,
  eventsUnknown: 0,
  eventsDuplicated: 0,
  duplicatesUnexplained: 0,
  eventsSeenDespiteRefusal: 0,
};

function countsOf(fates: Partial<Record<Fate, number>>, duplicates = 0): LedgerCounts {
  const none = noCounts();
  return {
    ...none,
    fates: { ...none.fates, ...fates },
    seenDespiteRefusal: 3,
    duplicates,
    unexplainedDuplicates: 5,
  };
}

function finding(severity: Severity): Finding {
  return { code: "source-problems", severity, message: "", where: "", remedy: "" };
}

describe("The events", () => {
  const fates = {
    delivered: 1,
    corrupted: 2,
    lost: 4,
    refused: 8,
    unanswered: 16,
    abandoned: 64,
    leftOpen: 128,
  };

  it("that are absent count as not delivered after a complete reading", () => {
    expect(countEvents(countsOf(fates, 32), { readingComplete: true })).to.deep.equal({
      eventsDelivered: 1,
      eventsCorrupted: 2,
      eventsNotDelivered: 4 + 8 + 16,
      eventsLost: 4,
      eventsRefused: 8,
      eventsUnanswered: 16,
      eventsUnknown: 64 + 128,
      eventsDuplicated: 32,
      duplicatesUnexplained: 5,
      eventsSeenDespiteRefusal: 3,
    });
  });

  it("that are absent count as unknown without one, but for those that were refused", () => {
    expect(countEvents(countsOf(fates, 32), { readingComplete: false })).to.deep.equal({
      eventsDelivered: 1,
      eventsCorrupted: 2,
      eventsNotDelivered: 8,
      eventsLost: 0,
      eventsRefused: 8,
      eventsUnanswered: 0,
      eventsUnknown: 4 + 16 + 64 + 128,
      eventsDuplicated: 32,
      duplicatesUnexplained: 5,
      eventsSeenDespiteRefusal: 3,
    });
  });

  it("are each counted once", () => {
    const number = fc.nat({ max: 1_000 });
    const anyFates = fc.record({
      delivered: number,
      corrupted: number,
      lost: number,
      refused: number,
      unanswered: number,
      abandoned: number,
    });
    fc.assert(
      fc.property(anyFates, fc.boolean(), (some, readingComplete) => {
        const counts = countEvents(countsOf(some), { readingComplete });
        const { eventsDelivered, eventsNotDelivered, eventsCorrupted, eventsUnknown } = counts;
        const total = Object.values(some).reduce((sum, one) => sum + one, 0);
        expect(eventsDelivered + eventsNotDelivered + eventsCorrupted + eventsUnknown).to.equal(total);
      }),
    );
  });
});

describe("The verdict", () => {
  const cases: { why: string; events?: Partial<EventCounts>; severities?: Severity[]; verdict: string }[] = [
    { why: "every event was delivered", events: { eventsDelivered: 9 }, verdict: "verified" },
    { why: "there are duplicates", events: { eventsDelivered: 9, eventsDuplicated: 5 }, verdict: "verified" },
    {
      why: "there is a warning",
      events: { eventsDelivered: 9 },
      severities: ["warning"],
      verdict: "verified",
    },
    {
      why: "one event was not delivered",
      events: { eventsDelivered: 9, eventsNotDelivered: 1 },
      verdict: "failed",
    },
    { why: "one event was corrupted", events: { eventsDelivered: 9, eventsCorrupted: 1 }, verdict: "failed" },
    { why: "there is an error", events: { eventsDelivered: 9 }, severities: ["error"], verdict: "failed" },
    { why: "one event is unknown", events: { eventsDelivered: 9, eventsUnknown: 1 }, verdict: "undecided" },
    {
      why: "something could not be determined",
      events: { eventsDelivered: 9 },
      severities: ["warning", "undetermined"],
      verdict: "undecided",
    },
    { why: "nothing was delivered, and nothing is known to be wrong", verdict: "undecided" },
    {
      why: "one event is unknown and another one lost",
      events: { eventsUnknown: 1, eventsNotDelivered: 1 },
      verdict: "failed",
    },
    {
      why: "there is an error, and something that could not be determined",
      severities: ["undetermined", "error"],
      verdict: "failed",
    },
  ];
  for (const { why, events = {}, severities = [], verdict } of cases) {
    it(`is ${verdict} if ${why}`, () => {
      expect(decideVerdict({ ...NO_EVENTS, ...events }, severities.map(finding))).to.equal(verdict);
    });
  }
});
