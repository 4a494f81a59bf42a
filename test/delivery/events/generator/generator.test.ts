import { expect } from "chai";
import { SettingsError } from "../../../../delivery/common/errors";
import { LIBRARY } from "../../../../delivery/events/generator/generatedEvent";
import {
  type GeneratorOptions,
  generateEvents,
  uuidFrom,
} from "../../../../delivery/events/generator/generator";
import type { SourceEvent } from "../../../../delivery/events/source";
import { name, version } from "../../../../package.json";
import type { AmplitudeEvent } from "../amplitudeEvent";
import { eventsOf } from "../eventsOf";
import { FIELDS } from "../fields";

const now = () => new Date("2026-11-23T10:00:00.250Z");

async function texts(options: GeneratorOptions): Promise<string[]> {
  const all: string[] = [];
  for await (const event of eventsOf(generateEvents(options))) all.push(event.bytes.toString("utf8"));
  return all;
}

async function rows(options: GeneratorOptions): Promise<AmplitudeEvent[]> {
  return (await texts(options)).map((text) => JSON.parse(text) as AmplitudeEvent);
}

describe("The event generator", () => {
  it("generates the requested number of events, and states it beforehand", async () => {
    expect(generateEvents({ events: 7 }).expectedEvents).to.equal(7);
    expect(await texts({ events: 7 })).to.have.length(7);
  });

  it("returns the same bytes for the same seed and clock", async () => {
    expect(await texts({ events: 60, seed: "a", now })).to.deep.equal(
      await texts({ events: 60, seed: "a", now }),
    );
  });

  it("returns at most 50 events at once, and keeps their bytes", async () => {
    const batches: (readonly SourceEvent[])[] = [];
    for await (const batch of generateEvents({ events: 120, seed: "a", now }).batches()) batches.push(batch);
    expect(batches.map(({ length }) => length)).to.deep.equal([50, 50, 20]);
    expect(batches.flat().map(({ bytes }) => bytes.toString("utf8"))).to.deep.equal(
      await texts({ events: 120, seed: "a", now }),
    );
  });

  it("names the project, and changes nothing else", async () => {
    const [ours, usual] = [
      await rows({ events: 60, seed: "a", now, projectId: 42 }),
      await rows({ events: 60, seed: "a", now }),
    ];
    expect(new Set(usual.map(({ app }) => app))).to.deep.equal(new Set([100_011_471]));
    expect(ours).to.deep.equal(usual.map((row) => ({ ...row, app: 42 })));
    for (const projectId of [0, -1, 1.5, Number.NaN]) {
      expect(() => generateEvents({ events: 1, projectId })).to.throw(SettingsError, "positive integer");
    }
  });

  it("returns the same bytes when one source is read twice", async () => {
    const source = generateEvents({ events: 3, seed: 1, now });
    const readings: string[] = [];
    for (const _ of [1, 2])
      for await (const event of eventsOf(source)) readings.push(event.bytes.toString("utf8"));
    expect(readings.slice(0, 3)).to.deep.equal(readings.slice(3));
  });

  it("returns other ids and contents for another seed, for the number 1 and the text 1, and for no seed at all", async () => {
    const seeds = [{ seed: 1 }, { seed: "1" }, { seed: 2 }, {}, {}];
    const first = await Promise.all(seeds.map((seed) => rows({ events: 1, now, ...seed })));
    for (const member of ["uuid", "event_properties"] as const)
      expect(new Set(first.map(([row]) => JSON.stringify(row?.[member]))).size).to.equal(seeds.length);
  });

  it("returns the seed that repeats a run without one", async () => {
    const source = generateEvents({ events: 2, now });
    const read: string[] = [];
    for await (const event of eventsOf(source)) read.push(event.bytes.toString("utf8"));
    expect(await texts({ events: 2, now, seed: source.seed })).to.deep.equal(read);
  });

  it("writes the JSON of each row as JSON.stringify does", async () => {
    for (const text of await texts({ events: 1_500, seed: 1, now }))
      expect(JSON.stringify(JSON.parse(text))).to.equal(text);
  });

  it("returns every field of an export, in its order, with explicit nulls", async () => {
    for (const row of await rows({ events: 200, seed: 1, now }))
      expect(Object.keys(row)).to.deep.equal(FIELDS);
  });

  it("never repeats a uuid or an insert id, which are version 4 UUIDs", async () => {
    const all = await rows({ events: 20_000, seed: 1, now });
    const ids = new Set(all.flatMap((row) => [row.uuid, row.$insert_id]));
    expect(ids.size).to.equal(40_000);
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    for (const id of ids) if (!uuid.test(id)) expect.fail(`${id} is not a version 4 UUID`);
  });

  it("keeps ids apart by the event's number, even if the random bits repeat", () => {
    const stuck = { next: () => -1, clone: () => stuck, getState: () => [] };
    // A factor that is not a bijection would repeat itself after a power of two.
    const numbers = [0, ...Array.from({ length: 20 }, (_, power) => 2 ** (10 + power))].flatMap((first) =>
      Array.from({ length: 500 }, (_, offset) => first + offset),
    );
    const ids = numbers.map((eventNumber) => uuidFrom(stuck, eventNumber));
    expect(new Set(ids).size).to.equal(numbers.length);
  });

  const kinds: [string, (row: AmplitudeEvent) => boolean][] = [
    ["an identify row with $set", (row) => row.event_type === "$identify" && "$set" in row.user_properties],
    [
      "a group identify row with $set and groups",
      (row) =>
        row.event_type === "$groupidentify" &&
        "$set" in row.group_properties &&
        Object.keys(row.groups).length > 0,
    ],
    ["a row of a group", (row) => row.event_type !== "$groupidentify" && "[Segment] Group" in row.groups],
    ["a row outside any session", (row) => row.session_id === -1],
    ["a session beyond 2^31", (row) => row.session_id > 2 ** 31],
    ["an Amplitude id beyond 2^31", (row) => row.amplitude_id > 2 ** 31],
    ["an anonymous user", (row) => row.user_id === null],
    ["a float", (row) => row.location_lat !== null && !Number.isInteger(row.location_lat)],
    ["an empty dictionary", (row) => Object.keys(row.event_properties).length === 0],
    ["Chinese characters in a city", (row) => /\p{Script=Han}/u.test(row.city ?? "")],
    ["right-to-left text in a city", (row) => /\p{Script=Arabic}|\p{Script=Hebrew}/u.test(row.city ?? "")],
    ["a combining character in a city", (row) => /\p{M}/u.test(row.city ?? "")],
    [
      "an emoji in the properties",
      (row) => /\p{Extended_Pictographic}/u.test(JSON.stringify(row.event_properties)),
    ],
  ];
  for (const [what, found] of kinds) {
    it(`has ${what} among 100 events`, async () => {
      expect((await rows({ events: 100, seed: 1, now })).some(found)).to.equal(true);
    });
  }

  it("writes timestamps as exports do, in order, and not after the clock", async () => {
    for (const row of await rows({ events: 100, seed: 1, now })) {
      const times = [row.event_time, row.client_upload_time, row.server_upload_time, row.processed_time];
      for (const time of times) expect(time).to.match(/^2026-11-23 (09:59|10:00):\d\d\.\d{6}$/);
      expect([...times].sort()).to.deep.equal(times);
      expect(row.processed_time <= "2026-11-23 10:00:00.250000").to.equal(true);
    }
  });

  it("has sessions of half an hour that began before their events, of one user each", async () => {
    const begin = now().getTime();
    let made = 0;
    const all = await rows({ events: 20_000, seed: 1, now: () => new Date(begin + made++ * 500) });
    const users = new Map<number, number>();
    for (const [place, { session_id, amplitude_id, event_time }] of all.entries()) {
      if (session_id === -1) continue;
      expect(session_id)
        .to.be.below(Date.parse(`${event_time}Z`))
        .and.above(begin + place * 500 - 32 * 60_000);
      expect(users.get(session_id) ?? amplitude_id).to.equal(amplitude_id);
      users.set(session_id, amplitude_id);
    }
    // The events cover nearly three hours: sessions are per user and half hour, not per event.
    expect(users.size).to.be.within(2_000, 3_500);
    const [first] = await rows({ events: 1, now: () => new Date(0) });
    expect(first?.session_id).to.equal(0);
  });

  it("reads the clock once per event, over a change of day too", async () => {
    const clock = ["2026-12-31T23:59:59.999Z", "2027-01-01T00:00:30.000Z", "2026-12-31T23:59:59.999Z"];
    let asked = 0;
    const days = await rows({ events: 3, seed: 1, now: () => new Date(clock[asked++] ?? "") });
    expect(days.map((row) => row.event_time.slice(0, 10))).to.deep.equal([
      "2026-12-31",
      "2027-01-01",
      "2026-12-31",
    ]);
  });

  it("repeats the contents from the 1,501st event on, with new ids, numbers and times", async () => {
    const all = await rows({ events: 3_000, seed: 1 });
    const own = ["$insert_id", "event_id", "uuid"] as const;
    for (const [place, first] of all.slice(0, 1_500).entries()) {
      const again = all[place + 1_500] as AmplitudeEvent;
      for (const member of own) expect(again[member]).to.not.equal(first[member]);
      const told = (row: AmplitudeEvent) =>
        JSON.stringify(row, (name, value) =>
          name.endsWith("_time") || name === "session_id" || own.some((one) => one === name) ? 0 : value,
        );
      expect(told(again)).to.equal(told(first));
    }
    expect(
      new Set(
        all.map(({ user_properties, event_properties }) =>
          JSON.stringify([user_properties, event_properties]),
        ),
      ).size,
    ).to.be.above(1_000);
  });

  it("rejects a clock that returns no time, or one beyond the year 9999", async () => {
    for (const time of [Number.NaN, -1, Date.UTC(10_000)]) {
      const refusal = await texts({ events: 1, now: () => new Date(time) }).catch((error) => error);
      expect(refusal).to.be.instanceOf(SettingsError);
      expect(refusal.message).to.include("give one of the years 1970 to 9999");
    }
    for (const time of [0, Date.UTC(10_000) - 1])
      expect(await texts({ events: 1, now: () => new Date(time) })).to.have.length(1);
  });

  it("names its library after the package", () => {
    expect(LIBRARY).to.equal(`${name}/${version}`);
  });

  it("creates events of 1.4 to 2 KB on average", async () => {
    const all = await texts({ events: 2_000, seed: 1, now });
    const average = all.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / all.length;
    expect(average).to.be.within(1_400, 2_000);
  });

  it("states the origin of each event", async () => {
    const origins: string[] = [];
    for await (const event of eventsOf(generateEvents({ events: 2 }))) origins.push(event.origin);
    expect(origins).to.deep.equal(["generator:1", "generator:2"]);
  });

  for (const events of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1_000_000_001]) {
    it(`rejects ${events} events`, () => {
      expect(() => generateEvents({ events })).to.throw(
        SettingsError,
        `${events}: give an integer from 1 to 1,000,000,000`,
      );
    });
  }

  it("creates events only as they are read", async () => {
    let made = 0;
    const source = generateEvents({ events: 1_000_000_000, now: () => new Date(++made) });
    for await (const _ of eventsOf(source)) break;
    expect(made).to.equal(50);
  });
});
