import { expect } from "chai";
import fc from "fast-check";
import { Matcher } from "../../../delivery/reconcile/matcher";
import { HOUR_MS, type ReconcileOptions } from "../../../delivery/reconcile/options";
import type { EventOutcomes } from "../../../delivery/reconcile/report";
import {
  APP,
  type Arrived,
  batchOf,
  exported,
  FROM,
  RANGE,
  type Row,
  rowOf,
  timestamp,
  uploadOf,
  WINDOW_END,
} from "./bothSides";

interface Format {
  stringify: (row: Row) => string;
}

function matched(
  export_: Row[],
  stream: Arrived[],
  { stringify, ...forwarding }: Partial<Format & Pick<ReconcileOptions, "eventTypes" | "allTypes">> = {},
) {
  const matcher = new Matcher(RANGE, WINDOW_END, forwarding);
  for (const row of export_) matcher.addExported(exported(row));
  matcher.take(batchOf(stream, stringify));
  return matcher;
}

/** The counts, by a model that compares every exported row with every row of the stream. */
function naiveOutcomes(export_: Row[], stream: Arrived[], isCounted: (row: Row) => boolean): EventOutcomes {
  const inRange = export_.filter((row) => uploadOf(row) >= RANGE.from && uploadOf(row) < RANGE.end);
  const idOf = (row: Row) => row.uuid ?? row.$insert_id;
  const events = inRange.filter(
    (row, index) => inRange.findIndex((other) => idOf(other) === idOf(row)) === index,
  );
  const rowsOf = (event: Row) => stream.filter(({ row }) => idOf(row) === idOf(event));
  const arrived = new Set(
    events.filter((event) => rowsOf(event).length > 0).map(({ event_type }) => event_type),
  );
  const unmatched = stream.filter(
    ({ row }) => row.app === APP && !events.some((event) => idOf(event) === idOf(row)),
  );
  for (const { row } of unmatched) arrived.add(row.event_type);
  const counted = events.filter(isCounted);
  const count = (condition: (event: Row) => boolean) => counted.filter(condition).length;
  const earliest = (event: Row) =>
    Math.min(...rowsOf(event).map(({ row, delayMs }) => uploadOf(row) + delayMs)) - uploadOf(event);
  const isMissing = (event: Row) => rowsOf(event).length === 0;
  return {
    eventsExported: counted.length,
    eventsDelivered: count((event) => !isMissing(event)),
    eventsMissing: count((event) => isMissing(event) && arrived.has(event.event_type)),
    eventsDuplicated: counted.reduce((sum, event) => sum + Math.max(0, rowsOf(event).length - 1), 0),
    eventsDifferent: count((event) => rowsOf(event).some(({ row }) => row.city !== event.city)),
    eventsLate: count((event) => !isMissing(event) && earliest(event) > 60_000),
    eventsLateOverAnHour: count((event) => !isMissing(event) && earliest(event) > HOUR_MS),
    eventsNotForwarded: count((event) => isMissing(event) && !arrived.has(event.event_type)),
  };
}

const row = fc
  .record({
    id: fc.integer({ min: 0, max: 12 }),
    hour: fc.constantFrom(-1, 0, 1, 2),
    type: fc.constantFrom("A", "B", "C"),
    hasUuid: fc.boolean(),
  })
  // An identity has one hour, type and form, as Amplitude's rows have.
  .map(({ id, ...place }) => [id, place] as const);
const rows = fc
  .uniqueArray(row, { selector: ([id]) => id })
  .map((all) => all.map(([id, place]) => rowOf(id, place)));

describe("The matching of an export with a stream", () => {
  it("counts what a naive model counts, for any rows on both sides", () => {
    const streamed = fc.array(
      fc.record({
        index: fc.nat(),
        isChanged: fc.boolean(),
        delayMs: fc.constantFrom(0, 59_000, 61_000, HOUR_MS + 1, 3 * HOUR_MS),
        isReformatted: fc.boolean(),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(rows, fc.array(fc.nat(), { maxLength: 20 }), streamed, (all, picks, arrivals) => {
        fc.pre(all.length > 0);
        const pick = (index: number) => all[index % all.length] ?? {};
        const export_ = picks.map(pick);
        const stream = arrivals.map(({ index, isChanged, delayMs }) => ({
          row: isChanged ? { ...pick(index), city: "there" } : pick(index),
          delayMs,
        }));
        const matcher = matched(export_, stream);
        matcher.endMatching();
        const { total, hours, types } = matcher.tally.result();
        expect(total).to.deep.equal(naiveOutcomes(export_, stream, () => true));
        for (const [hour, outcomes] of hours.entries()) {
          const isOfHour = (each: Row) => Math.floor((uploadOf(each) - FROM) / HOUR_MS) === hour;
          expect(outcomes).to.deep.equal(naiveOutcomes(export_, stream, isOfHour));
        }
        for (const { eventType, ...outcomes } of types)
          expect(outcomes).to.deep.equal(
            naiveOutcomes(export_, stream, ({ event_type }) => event_type === eventType),
          );
        expect(matcher.tally.table.size - matcher.tally.delivered).to.equal(
          total.eventsMissing + total.eventsNotForwarded,
        );
      }),
    );
  });

  it("takes rows in another format for the same, with strings as user properties and T in times", () => {
    const reformatted = ({ user_properties, server_upload_time, ...others }: Row) =>
      JSON.stringify(
        {
          user_properties: Object.fromEntries(
            Object.entries(user_properties as Row).map(([name, value]) => [name, String(value)]),
          ),
          server_upload_time: String(server_upload_time).replace(" ", "T"),
          ...others,
        },
        undefined,
        1,
      );
    const all = [rowOf(1), rowOf(2, { hasUuid: false })];
    const matcher = matched(
      all,
      all.map((each) => ({ row: each, delayMs: 0 })),
      { stringify: reformatted },
    );
    expect(matcher.tally.result().total).to.include({ eventsDelivered: 2, eventsDifferent: 0 });
  });

  it("splits rows that the export lacks into other projects, other hours, tests and unexplained ones", () => {
    const matcher = matched(
      [rowOf(1)],
      [
        { row: rowOf(2, { app: 7 }), delayMs: 0 },
        { row: rowOf(3, { hour: 3 }), delayMs: 0 },
        { row: rowOf(4, { hour: -1 }), delayMs: 0 },
        { row: rowOf(5), delayMs: 0 },
        { row: { hello: "world", server_upload_time: timestamp(FROM) }, delayMs: 0 },
      ],
    );
    expect(matcher.tally.unmatched()).to.deep.equal({
      eventsOfOtherProjects: 1,
      eventsOfOtherHours: 2,
      eventsUnexplained: 1,
      rowsOfTests: 0,
      recordsForeign: 1,
    });
    expect([...matcher.tally.unexplainedHours()]).to.deep.equal([0]);
  });

  describe("between a row without a uuid and one with it", () => {
    const [withUuid, without] = [rowOf(1), rowOf(1, { hasUuid: false })];
    const expected = { eventsDelivered: 1, eventsMissing: 0, eventsDuplicated: 1, eventsDifferent: 1 };

    it("goes by device and $insert_id if the export lacks the uuid", () => {
      const matcher = matched(
        [without],
        [withUuid, withUuid].map((row) => ({ row, delayMs: 0 })),
      );
      expect(matcher.tally.result().total).to.include(expected);
    });

    it("reads no hour again for a row of another project", () => {
      const other = { row: rowOf(1, { hasUuid: false, app: 7 }), delayMs: 0 };
      const matcher = matched([withUuid], [other]);
      expect(matcher.hoursToMatchAgain().size).to.equal(0);
      expect(matcher.tally.unmatched().eventsOfOtherProjects).to.equal(1);
    });

    it("goes by device and $insert_id if the stream lacks the uuid, and counts other rows as unmatched", () => {
      const stream = [without, without, rowOf(2, { hasUuid: false })];
      const matcher = matched(
        [withUuid],
        stream.map((row) => ({ row, delayMs: 0 })),
      );
      expect([...matcher.hoursToMatchAgain()]).to.deep.equal([0]);
      for (const row of [withUuid, withUuid]) matcher.matchAgain(exported(row));
      matcher.endMatching();
      expect(matcher.tally.result().total).to.include(expected);
      expect(matcher.tally.unmatched().eventsUnexplained).to.equal(1);
    });
  });

  it("takes rows after the window only once all of them are read", () => {
    const late = [1, 5].map((id) => ({ row: rowOf(id), delayMs: 10 * HOUR_MS }));
    const matcher = matched([rowOf(1)], late);
    const counts = () => [matcher.tally.delivered, matcher.tally.unmatched().eventsUnexplained];
    expect(counts()).to.deep.equal([0, 0]);
    expect([...matcher.tally.unexplainedHours()]).to.deep.equal([]);
    matcher.take(batchOf(late), "after");
    expect(counts()).to.deep.equal([1, 1]);
  });

  it("counts events that can't be matched, and rows without a time", () => {
    const nameless = { ...rowOf(1), uuid: null, $insert_id: null };
    const { server_upload_time: _, ...timeless } = rowOf(2);
    const matcher = matched([nameless, nameless, timeless, rowOf(3), rowOf(3)], []);
    expect(matcher.eventsWithoutIdentity).to.equal(2);
    expect(matcher.eventsExported).to.equal(3);
    expect(matcher.rowsIgnored).to.deep.equal({ repeated: 1, otherHours: 0, withoutTime: 1 });
  });

  it("counts a type without any row as missing only if it is known to be forwarded", () => {
    const export_ = [rowOf(1), rowOf(2, { type: "B" })];
    const stream = [{ row: rowOf(1), delayMs: 0 }];
    const missing = (types: string[], allTypes = false) =>
      matched(export_, stream, { eventTypes: types, allTypes }).tally.missing;
    expect([missing([]), missing(["B"]), missing(["A"]), missing([], true)]).to.deep.equal([0, 1, 0, 1]);
  });

  it("counts the fields that differ, with a redacted sample, when the export is looked at again", () => {
    const [one, other] = [rowOf(1), rowOf(2)];
    const changed = { ...one, city: "Berlin 7", user_properties: { age: 1, color: "red" } };
    const { city: _, ...without } = other;
    const matcher = matched(
      [one, other],
      [
        { row: changed, delayMs: 0 },
        { row: without, delayMs: 0 },
      ],
    );
    matcher.startLook();
    for (const each of [one, other, one]) matcher.lookAgain(exported(each));
    expect(matcher.differences(20)).to.deep.equal([
      { field: "city", count: 2, sample: ['"aaaa"', '"Aaaaaa 9"'] },
      { field: "user_properties.color", count: 1, sample: ["absent", '"aaa"'] },
    ]);
  });

  it("enters only events without a row when records are read again", () => {
    const matcher = matched([rowOf(1), rowOf(2)], [{ row: rowOf(1), delayMs: 0 }]);
    matcher.takeAgain(batchOf([1, 2, 9].map((id) => ({ row: rowOf(id), delayMs: 0 }))));
    expect(matcher.tally.result().total).to.include({ eventsDelivered: 2, eventsDuplicated: 0 });
    expect(matcher.tally.unmatched().eventsUnexplained).to.equal(0);
  });
});
