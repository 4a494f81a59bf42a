import { expect } from "chai";
import fc from "fast-check";
import { detectKind, type EventKind, formatTimestamp, parseTimestamp } from "../../../delivery/events/event";

describe("the timestamps of an event", () => {
  it("are written in UTC, with microseconds, whichever were written before", () => {
    expect(formatTimestamp(Date.UTC(2025, 6, 17, 10, 36, 28, 583))).to.equal("2025-07-17 10:36:28.583000");
    // A negative time is one of 1969, which events of the first seconds of 1970 have.
    fc.assert(
      fc.property(fc.integer({ min: -10_000, max: Date.UTC(10_000) - 1 }), (time) => {
        const expected = new Date(time).toISOString().replace("T", " ").replace("Z", "000");
        for (const _ of ["first", "again"]) expect(formatTimestamp(time)).to.equal(expected);
      }),
    );
  });

  it("are read as UTC, in every spelling", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (time) => {
        const written = formatTimestamp(time);
        for (const spelled of [written, written.replace(" ", "T"), `${written}Z`]) {
          expect(parseTimestamp(spelled)).to.equal(time);
        }
      }),
    );
  });

  it("may have no fraction", () => {
    expect(parseTimestamp("2025-07-17 10:36:28")).to.equal(Date.UTC(2025, 6, 17, 10, 36, 28));
  });

  for (const value of [
    null,
    undefined,
    1752748588583,
    "",
    "2025-07-17",
    "2025-13-40 10:00:00",
    "17/07/2025 10:36:28",
    "2025-07-17T10:36:28+02:00",
  ]) {
    it(`are not read from ${JSON.stringify(value)}`, () => {
      expect(parseTimestamp(value)).to.equal(undefined);
    });
  }
});

describe("the kind of a row", () => {
  const cases: [what: string, object: Record<string, unknown>, kind: EventKind | undefined][] = [
    ["an exported event", { event_type: "a", uuid: "1", app: 1 }, "event"],
    [
      "an event as the vendor's page names its fields",
      { event_name: "a", created_at: "", user_id: "u", user_properties: {} },
      "event",
    ],
    ["an event whose type is broken", { event_type: null, uuid: "1", app: 1 }, "event"],
    ["an exported Identify row", { event_type: "$identify", uuid: "1", app: 1 }, "identify"],
    ["an exported Group Identify row", { event_type: "$groupidentify", uuid: "1", app: 1 }, "groupIdentify"],
    ["a call of the Identify API", { user_id: "u", user_properties: { $set: {} } }, "identify"],
    [
      "a call of the Group Identify API",
      { group_type: "org", group_value: "1", group_properties: {} },
      "groupIdentify",
    ],
    ["another event with only a type", { event_type: "OrderPlaced", detail: {} }, undefined],
    ["another object", { id: 1, user_id: "u" }, undefined],
    ["an empty object", {}, undefined],
  ];
  for (const [what, object, kind] of cases) {
    it(`of ${what} is ${kind ?? "none"}`, () => expect(detectKind(object)).to.equal(kind));
  }
});
