import { expect } from "chai";
import fc from "fast-check";
import { observing, record, recordOf, row, rows } from "./rows";

describe("The stream observer", () => {
  it("counts generated rows by kind, type and project, and finds no deviation", async () => {
    const seen = observing((await rows(100)).map((one) => record(one)));
    expect(seen).to.deep.include({
      events: 100,
      eventsExpected: 100,
      kinds: { event: 92, identify: 4, groupIdentify: 4 },
      projects: [{ app: "100011471", count: 100 }],
      eventsDuplicated: 0,
      insertIdsRepeated: 0,
      eventsDeviating: 0,
      identifiesDeviating: 0,
      framings: { object: 100, list: 0, lines: 0 },
    });
    expect(seen.eventTypes.reduce((sum, { count }) => sum + count, 0)).to.equal(100);
  });

  it("measures from Amplitude's receipt, and from the event's time, to the arrival", async () => {
    const one = await row({
      event_time: "2026-01-05 09:00:00.000000",
      server_upload_time: "2026-01-05T09:29:58.500",
    });
    const { latencyInSeconds, ageInSeconds } = observing([record(one)]);
    expect(latencyInSeconds?.max).to.be.closeTo(1.5, 0.01);
    expect(ageInSeconds?.max).to.be.closeTo(1_800, 2);
  });

  it("uses server_received_time if server_upload_time is missing, and measures nothing without both", async () => {
    const times = { server_upload_time: null, server_received_time: "2026-01-05 09:29:50" };
    expect(observing([record(await row(times))]).latencyInSeconds?.max).to.be.closeTo(10, 0.1);
    const none = await row({ ...times, server_received_time: null });
    expect(observing([record(none)]).latencyInSeconds).to.equal(null);
  });

  it("distinguishes a row delivered twice from an event with two uuids on one device", async () => {
    const one = await row();
    const other = { ...one, uuid: "3e702190-9dcb-483a-94d8-58e93ce161de" };
    const elsewhere = { ...other, uuid: "4e702190-9dcb-483a-94d8-58e93ce161de", device_id: "d" };
    const seen = observing([one, one, one, other, elsewhere].map((each) => record(each)));
    expect(seen).to.include({ events: 5, eventsDuplicated: 2, insertIdsRepeated: 1, eventsExpected: 3 });
  });

  it("counts foreign records separately", async () => {
    const seen = observing([
      record(await row()),
      record("hello"),
      record({ id: 1 }),
      record([1]),
      recordOf(Buffer.from([0xff])),
      recordOf(Buffer.from([0x1f, 0x8b, 8])),
    ]);
    expect(seen.events).to.equal(1);
    expect(seen.records).to.deep.include({ read: 6, ofTests: 0 });
    expect(seen.records.foreign).to.deep.equal({
      "not-json": 1,
      "not-amplitude": 1,
      "not-objects": 1,
      "not-utf8": 1,
      gzip: 1,
    });
  });

  it("counts the records of verify and send separately, unless they are included", async () => {
    const records = [
      record(await row(), "amplitude-kinesis.kUG5M5uqHwNJ.0"),
      record(await row(), "amplitude-kinesis.x.0"),
    ];
    expect(observing(records)).to.deep.include({ events: 1 });
    expect(observing(records).records.ofTests).to.equal(1);
    expect(observing(records, { includeTests: true })).to.include({ events: 2 });
  });

  it("distinguishes unexpected projects, and rows without one, from expected ones", async () => {
    const apps = [1, "1", 2, 7, null, undefined];
    const all = await rows(apps.length);
    const records = all.map((one, index) => record({ ...one, app: apps[index] }));
    const seen = observing(records, { expectApps: ["1", "2"] });
    expect(seen).to.include({ events: 6, eventsExpected: 3, eventsUnexpected: 1 });
    expect(seen.projects).to.have.deep.members([
      { app: "1", count: 2, expected: true },
      { app: "2", count: 1, expected: true },
      { app: "7", count: 1, expected: false },
      { app: null, count: 2, expected: false },
    ]);
    expect(observing(records)).to.include({ eventsExpected: 6, eventsUnexpected: 0 });
  });

  it("keeps deviations of Identify rows, whose shape is undocumented, separate from those of events", async () => {
    const identify = { user_id: "ada@example.com", user_properties: { $set: { plan: "x" } } };
    const seen = observing([record(identify), record(await row({ paying: "yes" }))]);
    expect(seen).to.include({ eventsDeviating: 1, identifiesDeviating: 1 });
    expect(seen.deviations).to.deep.equal([
      { field: "paying", problem: "is a string, not a boolean", sample: '"aaa"', count: 1 },
    ]);
    expect(seen.identifyDeviations.length).to.be.greaterThan(10);
  });

  it("understands several rows in a record", async () => {
    const three = await rows(3);
    const lines = three.map((one) => JSON.stringify(one)).join("\n");
    expect(observing([record(three), record(lines)]).framings).to.deep.equal({
      object: 0,
      list: 3,
      lines: 3,
    });
  });

  it("shows only the type and project of any event", () => {
    const secret = "SECRETvalue";
    const values = fc.oneof(
      fc.constantFrom(secret, [secret], { deep: secret }, { [secret]: 1 }),
      fc.jsonValue() as fc.Arbitrary<unknown>,
    );
    const fields = [
      ..."user_id device_id ip_address uuid $insert_id city user_properties event_properties groups".split(
        " ",
      ),
      ..."group_properties data event_time server_upload_time paying session_id location_lat idfa plan".split(
        " ",
      ),
      ..."undocumented e_mail".split(" "),
    ];
    const objects = fc.record(Object.fromEntries(fields.map((name) => [name, values])), { requiredKeys: [] });
    fc.assert(
      fc.property(objects, fc.constantFrom("session_start", "$identify"), (object, event_type) => {
        const records = [record({ ...object, event_type, app: 1, uuid: "x" }), record(`${secret} ${secret}`)];
        expect(JSON.stringify(observing(records))).not.to.include("SECRET");
      }),
    );
  });

  it("doesn't grow with made-up names", async () => {
    const one = await row();
    const records = Array.from({ length: 3_000 }, (_, index) =>
      record({
        ...one,
        event_type: `type ${"abcdefghij"[index % 10]}${index}`,
        [`field${index}`]: 1,
        app: index,
      }),
    );
    const seen = observing(records);
    expect(seen.eventTypes).to.have.length(20);
    expect(seen.eventTypesOther).to.equal(1_000);
    expect(seen.deviations).to.have.length(20);
    expect(seen.projects).to.have.length(20);
  });

  it("returns the rate of reading", async () => {
    const seen = observing((await rows(5)).map((one) => record(one)));
    expect(seen.eventsPerSecond).to.equal(5);
    expect(seen.lastMinute.at(-1)).to.equal(5);
  });
});
