import { expect } from "chai";
import fc from "fast-check";
import { newRunKey } from "../../../../delivery/common/runId";
import { parseTimestamp as timeOf } from "../../../../delivery/events/event";
import {
  compareEvent,
  type IngestEvent,
  ingestEvent,
  type Row,
} from "../../../../delivery/verify/amplitude/ingestEvent";

const TIME = Date.UTC(2026, 0, 5, 9, 30, 1, 7);

function sentEvent(index = 1): IngestEvent {
  const made = { events: 40, eventTypes: ["Checkout"], key: newRunKey(), startedAt: TIME };
  return ingestEvent(made, index, TIME);
}

/** What Amplitude documents to make of it, written out here again. */
function rowOf(sent: IngestEvent): Record<string, unknown> {
  return {
    event_type: sent.event_type,
    $insert_id: sent.insert_id,
    user_id: sent.user_id,
    device_id: sent.device_id,
    session_id: sent.session_id,
    client_event_time: "2026-01-05 09:30:01.007000",
    event_time: "2026-01-05 09:30:02.500000",
    event_properties: { ...sent.event_properties },
    user_properties: { ...sent.user_properties, initial_referrer: "EMPTY" },
    platform: sent.platform,
    os_name: sent.os_name,
    os_version: sent.os_version,
    device_brand: sent.device_brand ?? null,
    device_manufacturer: sent.device_manufacturer ?? null,
    device_model: sent.device_model ?? null,
    device_carrier: sent.carrier ?? null,
    language: sent.language,
    country: sent.country,
    region: sent.region,
    city: sent.city,
    version_name: sent.app_version ?? null,
    uuid: "3e702190-9dcb-483a-94d8-58e93ce161de",
    app: 1,
  };
}

describe("comparing what was sent to Amplitude with what came", () => {
  const sent = sentEvent();
  const properties = sent.event_properties;
  const strings = (values: object) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));

  const allowed: [what: string, change: Row][] = [
    ["fields that Amplitude adds", { amplitude_id: 1, $schema: 13 }],
    ["its correction of the sender's clock", { event_time: "2026-01-06 00:00:00.000000" }],
    ["a timestamp with a T", { client_event_time: "2026-01-05T09:30:01.007000" }],
    ["user properties as strings", { user_properties: strings(sent.user_properties) }],
    ["other properties of the user", { user_properties: { ...sent.user_properties, plan: "free" } }],
    [
      "another order of properties",
      { event_properties: Object.fromEntries(Object.entries(properties).reverse()) },
    ],
  ];
  for (const [what, change] of allowed) {
    it(`allows ${what}`, () => {
      expect(compareEvent(sent, { ...rowOf(sent), ...change })).to.deep.equal({
        differing: [],
        rewritten: [],
      });
    });
  }

  const differing: [field: string, change: Row][] = [
    ["event_type", { event_type: "checkout" }],
    ["$insert_id", { $insert_id: "other" }],
    ["user_id", { user_id: null }],
    ["device_id", { device_id: "other" }],
    ["session_id", { session_id: -1 }],
    ["client_event_time", { client_event_time: "2026-01-05 09:30:01.008000" }],
    ["client_event_time", { client_event_time: null }],
    ["event_properties", { event_properties: null }],
    ["event_properties.price", { event_properties: { ...properties, price: 1 } }],
    ["event_properties.price", { event_properties: { ...properties, price: String(properties.price) } }],
    ["event_properties.tags", { event_properties: { ...properties, tags: ["new", "sale"] } }],
    ["event_properties.added", { event_properties: { ...properties, added: 1 } }],
    ["user_properties.score", { user_properties: { ...sent.user_properties, score: 77 } }],
    ["user_properties", { user_properties: [] }],
  ];
  for (const [field, change] of differing) {
    it(`names ${field} for ${JSON.stringify(change).slice(0, 60)}`, () => {
      const { differing: named, rewritten } = compareEvent(sent, { ...rowOf(sent), ...change });
      expect({ named, rewritten }).to.deep.equal({ named: [field], rewritten: [] });
    });
  }

  it("names a property that is missing", () => {
    const { price, ...others } = properties;
    expect(compareEvent(sent, { ...rowOf(sent), event_properties: others }).differing).to.deep.equal([
      "event_properties.price",
    ]);
  });

  it("names a list that gained or lost an item", () => {
    const received = { ...properties, tags: ["new", "sale"] };
    for (const tags of [["new"], ["new", "sale", "added"]]) {
      const event = { ...sent, event_properties: { ...properties, tags } };
      expect(compareEvent(event, { ...rowOf(event), event_properties: received }).differing).to.deep.equal([
        "event_properties.tags",
      ]);
    }
  });

  it("takes -0 for 0 wherever it stands in the properties", () => {
    const zeros = (zero: number) => ({ price: zero, tags: [zero, { of: zero }] });
    const event = { ...sent, event_properties: zeros(0), user_properties: { score: 0 } };
    const row = { ...rowOf(event), event_properties: zeros(-0), user_properties: { score: -0 } };
    expect(compareEvent(event, row)).to.deep.equal({ differing: [], rewritten: [] });
  });

  for (const field of [
    "platform",
    "os_name",
    "language",
    "country",
    "city",
    "device_model",
    "version_name",
  ]) {
    it(`takes another ${field} for Amplitude's own view, not for a fault`, () => {
      const { differing: named, rewritten } = compareEvent(sent, {
        ...rowOf(sent),
        [field]: "something else",
      });
      expect({ named, rewritten }).to.deep.equal({ named: [], rewritten: [field] });
    });
  }

  it("finds nothing in any event that came as it was sent, and something in any changed property", () => {
    fc.assert(
      fc.property(
        fc.nat(39),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.anything(),
        (index, others, value) => {
          const event = { ...sentEvent(index), event_properties: others };
          const row = JSON.parse(JSON.stringify({ ...rowOf(event), event_properties: others }));
          const asSent = { ...event, event_properties: JSON.parse(JSON.stringify(others)) };
          expect(compareEvent(asSent, row)).to.deep.equal({ differing: [], rewritten: [] });
          for (const name of Object.keys(asSent.event_properties)) {
            const changed = { ...row.event_properties, [name]: { changed: typeof value } };
            if (JSON.stringify(asSent.event_properties[name]) === JSON.stringify(changed[name])) continue;
            const { differing: named } = compareEvent(asSent, { ...row, event_properties: changed });
            expect(named).to.deep.equal([`event_properties.${name}`]);
          }
        },
      ),
    );
  });
});

describe("reading Amplitude's timestamps", () => {
  it("gives the milliseconds of any time, in either form", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000_000 }),
        fc.constantFrom(" ", "T"),
        (time, between) => {
          const text = new Date(time).toISOString().replace("T", between).replace("Z", "000");
          expect(timeOf(text)).to.equal(time);
        },
      ),
    );
  });

  for (const wrong of [undefined, null, 5, "", "yesterday", "2026-13-01 00:00:00", "2026-01-05"]) {
    it(`takes ${JSON.stringify(wrong)} for none`, () => {
      expect(timeOf(wrong)).to.equal(undefined);
    });
  }
});
