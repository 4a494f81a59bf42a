import { expect } from "chai";
import fc from "fast-check";
import { newRunKey } from "../../../../delivery/common/runId";
import { ingestEvent } from "../../../../delivery/verify/amplitude/ingestEvent";
import { AmplitudeLedger, type EventResponse } from "../../../../delivery/verify/amplitude/ledger";

const made = { events: 100, eventTypes: ["A", "B"], key: newRunKey(), startedAt: 0 };

interface Course {
  attempts: number;
  answer: EventResponse["kind"] | undefined;
  /** The `uuid` of each copy that came. */
  uuids: number[];
}

function ledgerOf(courses: Course[]): AmplitudeLedger {
  const ledger = new AmplitudeLedger();
  courses.forEach(({ attempts, answer, uuids }, number) => {
    const index = ledger.add(ingestEvent(made, number, 0));
    for (let attempt = 0; attempt < attempts; attempt++) ledger.onRequest([index], 1_000 + attempt);
    if (answer !== undefined) ledger.onResponse(index, { kind: answer, reason: "why" });
    for (const uuid of uuids) ledger.onRow(index, { uuid }, 5_000, 1);
  });
  ledger.onEnd("ended");
  return ledger;
}

const course = fc.record<Course>({
  attempts: fc.integer({ min: 1, max: 3 }),
  answer: fc.constantFrom("accepted", "refused", "unanswered", undefined),
  uuids: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }),
});

describe("the ledger of a run through Amplitude", () => {
  it("ends every event that was sent in one way alone", () => {
    fc.assert(
      fc.property(fc.array(course, { maxLength: 30 }), (courses) => {
        const { delivered, corrupted, refused, unanswered, absent } = ledgerOf(courses).counts();
        expect(delivered + corrupted + refused + unanswered + absent).to.equal(courses.length);
      }),
    );
  });

  const duplicates: [what: string, course: Course, unexplained: number][] = [
    ["one row that came once", { attempts: 1, answer: "accepted", uuids: [1] }, 0],
    ["one row that Amplitude wrote again", { attempts: 1, answer: "accepted", uuids: [1, 1, 1] }, 0],
    ["two rows of an event that the SDK sent twice", { attempts: 2, answer: "accepted", uuids: [1, 2] }, 0],
    ["two rows of an event that was sent once", { attempts: 1, answer: "accepted", uuids: [1, 2] }, 1],
    ["two rows, each written again", { attempts: 1, answer: "accepted", uuids: [1, 2, 1, 2] }, 1],
  ];
  for (const [what, given, unexplained] of duplicates) {
    it(`has ${unexplained} unexplained duplicate(s) in ${what}`, () => {
      const ledger = ledgerOf([given]);
      expect(ledger.duplicates).to.equal(given.uuids.length - 1);
      expect(ledger.unexplainedDuplicates).to.equal(unexplained);
    });
  }

  it("measures from the first request to the first copy", () => {
    const ledger = new AmplitudeLedger();
    const index = ledger.add(ingestEvent(made, 0, 0));
    expect(ledger.onRequest([index], 1_000)).to.equal(1);
    expect(ledger.onRequest([index], 2_000)).to.equal(0);
    expect(ledger.onRow(index, {}, 5_000, 1)).to.equal(4_000);
    expect(ledger.onRow(index, {}, 6_000, 1)).to.equal(undefined);
  });

  it("leaves out what never was part of a request", () => {
    const ledger = new AmplitudeLedger();
    ledger.add(ingestEvent(made, 0, 0));
    ledger.onEnd("interrupted");
    expect(ledger).to.include({ sent: 0, outstanding: 0 });
    expect(ledger.counts().unanswered).to.equal(0);
  });
});
