import { expect } from "chai";
import { Project, withProperties } from "../../../sandbox/amplitude/project";

/** The keys of a real exported row, 2025. */
const EXPORTED =
  "$insert_id $insert_key $schema adid amplitude_attribution_ids amplitude_event_type amplitude_id app city client_event_time client_upload_time country data data_type device_brand device_carrier device_family device_id device_manufacturer device_model device_type dma event_id event_properties event_time event_type global_user_properties group_properties groups idfa ip_address is_attribution_event language library location_lat location_lng os_name os_version partner_id paying plan platform processed_time region sample_rate server_received_time server_upload_time session_id source_id start_version user_creation_time user_id user_properties uuid version_name".split(
    " ",
  );
const RECEIVED = Date.UTC(2026, 0, 5, 10);
const DAY = 24 * 3600 * 1000;

function project() {
  let made = 0;
  return new Project({ app: 7, newUuid: () => `uuid-${made++}` });
}
const event = {
  event_type: "A",
  user_id: "user-1",
  device_id: "device-1",
  insert_id: "i-1",
  time: RECEIVED - 5_000,
};
const at = (receivedAt: number) => ({ path: "/2/httpapi", receivedAt });
const take = (to: Project, events: object[], receivedAt = RECEIVED, clientUploadTime?: string) =>
  to.take({ events: events as never, clientUploadTime }, at(receivedAt));

describe("a project of the stand-in for Amplitude", () => {
  it("makes rows with the keys of a real export", () => {
    expect(Object.keys(take(project(), [event])[0] ?? {})).to.have.members(EXPORTED);
  });

  it("copies the fields of the event, and uses null, {} and -1 for missing ones", () => {
    const [row] = take(project(), [{ ...event, groups: { org: "acme" }, carrier: "Example Mobile" }]);
    expect(row).to.deep.include({
      $insert_id: "i-1",
      app: 7,
      event_type: "A",
      user_id: "user-1",
      uuid: "uuid-0",
    });
    expect(row).to.deep.include({ session_id: -1, event_properties: {}, city: null, library: "http/2.0" });
    expect(row).to.deep.include({ groups: { org: ["acme"] }, device_carrier: "Example Mobile" });
    expect(row).to.deep.include({ client_event_time: "2026-01-05 09:59:55.000000" });
    expect(row).to.deep.include({ server_received_time: "2026-01-05 10:00:00.000000" });
  });

  it("corrects a sender's clock only if it is wrong by a minute or more", () => {
    const uploaded = (seconds: number) => new Date(RECEIVED - seconds * 1000).toISOString();
    const timeWith = (seconds: number) =>
      take(project(), [event], RECEIVED, uploaded(seconds))[0]?.event_time;
    expect(timeWith(59)).to.equal("2026-01-05 09:59:55.000000");
    expect(timeWith(60)).to.equal("2026-01-05 10:00:55.000000");
  });

  it("accepts an insert id of a device once in seven days", () => {
    const taking = project();
    expect(take(taking, [event, event])).to.have.length(1);
    expect(take(taking, [{ ...event, device_id: "device-2" }])).to.have.length(1);
    expect(take(taking, [event], RECEIVED + 7 * DAY - 1)).to.have.length(0);
    expect(taking.eventsDeduplicated).to.equal(2);
    expect(take(taking, [event], RECEIVED + 7 * DAY)).to.have.length(1);
  });

  it("has one Amplitude id per user, and a device id if none was sent", () => {
    const { device_id, insert_id, ...bare } = event;
    const [one, same, other] = take(project(), [bare, bare, { ...bare, user_id: "user-2" }]);
    expect(one?.amplitude_id).to.equal(same?.amplitude_id).and.not.equal(other?.amplitude_id);
    expect(one?.amplitude_id).to.be.greaterThan(2 ** 31);
    expect(one?.device_id).to.match(/^[0-9a-f]{32}$/);
    expect(one?.$insert_id).not.to.equal(same?.$insert_id);
  });

  it("keeps a user's properties, and forwards an identify call as a separate row", () => {
    const identify = {
      ...event,
      event_type: "$identify",
      insert_id: "i-2",
      user_properties: { $set: { plan: "free" } },
    };
    const [row, after] = take(project(), [identify, { ...event, user_properties: { seats: 2 } }]);
    expect(row).to.deep.include({ event_type: "$identify", user_properties: { $set: { plan: "free" } } });
    expect(after?.user_properties).to.deep.equal({ plan: "free", seats: 2 });
  });
});

describe("the operations on a user's properties", () => {
  const before = { plan: "free", visits: 2, tags: ["a", "b"] };
  const cases: [change: object, after: object][] = [
    [{ plan: "paid" }, { ...before, plan: "paid" }],
    [{ $set: { plan: "paid" } }, { ...before, plan: "paid" }],
    [{ $setOnce: { plan: "paid", first: 1 } }, { ...before, first: 1 }],
    [{ $add: { visits: 3, seats: 1 } }, { ...before, visits: 5, seats: 1 }],
    [{ $append: { tags: "c" } }, { ...before, tags: ["a", "b", "c"] }],
    [{ $prepend: { tags: ["c"] } }, { ...before, tags: ["c", "a", "b"] }],
    [{ $preInsert: { tags: ["b", "c"] } }, { ...before, tags: ["c", "a", "b"] }],
    [{ $postInsert: { tags: ["b", "c"] } }, { ...before, tags: ["a", "b", "c"] }],
    [{ $remove: { tags: "a" } }, { ...before, tags: ["b"] }],
    [{ $unset: { plan: "-" } }, { visits: 2, tags: ["a", "b"] }],
    [{ $clearAll: "-" }, {}],
  ];
  for (const [change, after] of cases) {
    it(`apply ${JSON.stringify(change)} as Amplitude documents`, () => {
      expect(withProperties(before, change)).to.deep.equal(after);
    });
  }
});
