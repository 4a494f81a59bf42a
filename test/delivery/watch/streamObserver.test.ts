import type { _Record as KinesisRecord } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import fc from "fast-check";
import { StreamObserver } from "../../../delivery/watch/streamObserver";
import { aggregated } from "../events/aggregated";
import { observing, record, recordOf, row, rows } from "./rows";

const TEST_KEY = "amplitude-kinesis.kUG5M5uqHwNJ.0";

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

  it("counts the rows in aggregated records", async () => {
    const texts = (await rows(3)).map((one) => JSON.stringify(one));
    const seen = observing([recordOf(aggregated(texts.map((text) => [TEST_KEY, text])))]);
    expect(seen).to.include({ events: 3, eventsExpected: 3 });
    expect(seen.records).to.deep.include({ read: 1, aggregated: 1, ofTests: 0, foreign: {} });
  });

  it("counts records that are read again once, and takes others with their sequence numbers", async () => {
    const [first, second] = (await rows(2)).map((one) => record(one)) as [KinesisRecord, KinesisRecord];
    const [again, foreign, foreignAgain] = [{ ...first }, record("hello"), record("hello")];
    const records = [first, foreign, again, foreignAgain, second];
    const seen = observing(records, { repeated: [again, foreignAgain, second] });
    expect(seen).to.include({ events: 2, eventsDuplicated: 0, insertIdsRepeated: 0 });
    expect(seen.records).to.deep.include({ read: 3, foreign: { "not-json": 1 } });
  });

  it("counts a record of more than 4 MiB without parsing it", () => {
    const { records } = observing([record(`{"event_type":"a","app":1,"x":"${"x".repeat(4 * 2 ** 20)}"}`)]);
    expect(records).to.deep.include({ read: 1, foreign: { "too-large": 1 } });
  });

  it("counts a damaged aggregated record as foreign", () => {
    const damaged = aggregated([["a", "{}"]]);
    damaged.writeUInt8(damaged.readUInt8(6) ^ 1, 6);
    const { records } = observing([recordOf(damaged)]);
    expect(records).to.deep.include({ aggregated: 0, foreign: { aggregated: 1 } });
  });

  it("counts messages about cohorts separately from rows and foreign records", () => {
    const message = {
      cohort_name: "Buyers",
      cohort_id: "ab12",
      in_cohort: true,
      computed_time: "1700000000",
      message_id: "1",
      users: [{ user_id: "ann", user_properties: {} }],
    };
    const seen = observing([record(message), record([message, message])]);
    expect(seen.events).to.equal(0);
    expect(seen.records).to.deep.include({ cohortMessages: 3, foreign: {} });
  });

  describe("of a record whose key looks like a test's", () => {
    const seenAs = (content: unknown, expectApps: string[] = []) => {
      const { records, events, eventsUnexpected } = observing([record(content, TEST_KEY)], { expectApps });
      return { ofTests: records.ofTests, foreign: records.foreign, events, eventsUnexpected };
    };
    const OF_TEST = { ofTests: 1, foreign: {}, events: 0, eventsUnexpected: 0 };

    it("counts foreign data as foreign", () => {
      expect(seenAs("hello")).to.deep.include({ ofTests: 0, foreign: { "not-json": 1 } });
      expect(seenAs({ id: 1 })).to.deep.include({ ofTests: 0, foreign: { "not-amplitude": 1 } });
    });

    it("counts a row of an unexpected project as unexpected", async () => {
      const strangers = await row({ app: 7 });
      expect(seenAs(strangers, ["100"])).to.deep.include({ ofTests: 0, events: 1, eventsUnexpected: 1 });
      expect(seenAs([await row(), strangers], ["100"])).to.deep.include({ ofTests: 0, eventsUnexpected: 2 });
    });

    it("counts generated rows, and exported ones of an expected project, as the test's", async () => {
      expect(seenAs(await row(), ["100"])).to.deep.equal(OF_TEST);
      expect(seenAs(await row({ app: 100, library: "x" }), ["100"])).to.deep.equal(OF_TEST);
      expect(seenAs(await row({ app: 100, library: "x" }))).to.deep.equal(OF_TEST);
    });
  });

  describe("pauses", () => {
    it("while it counts a record of many rows", async () => {
      const observer = new StreamObserver({
        startedAt: 0,
        expectApps: [],
        includeTests: false,
        idsRemembered: 10,
      });
      const many = Array(3_000).fill({ event_type: "a", uuid: 1, app: 2 });
      let pauses = 0;
      const timer = setInterval(() => {
        pauses += 1;
      });
      await observer.take({ shardId: "s", records: [record(many)], receivedAt: 0 });
      clearInterval(timer);
      expect(pauses).to.be.greaterThan(1);
      expect(observer.observed(0)).to.include({ events: 3_000 });
    });

    it("never for long, because it doesn't compare rows with a million fields, nor read on after a bad line", () => {
      const madeUp = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`field${index}`, index]));
      const seen = observing([
        record({ event_type: "a", uuid: 1, app: 2, ...madeUp }),
        record("x\n".repeat(400_000)),
      ]);
      expect(seen.deviations).to.deep.equal([
        { field: "the row", problem: "has more than 500 fields", count: 1 },
      ]);
      expect(seen.records.foreign).to.deep.equal({ "not-json": 1 });
    });

    it("and stops once it is closed", async () => {
      const observer = new StreamObserver({
        startedAt: 0,
        expectApps: [],
        includeTests: false,
        idsRemembered: 10,
      });
      const many = Array(5_000).fill({ event_type: "a", uuid: 1, app: 2 });
      const taking = observer.take({ shardId: "s", records: [record(many)], receivedAt: 0 });
      observer.close();
      await taking;
      expect(observer.observed(0).events).to.be.below(5_000);
    });
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
