import { join } from "node:path";
import { expect } from "chai";
import { findDeviations } from "../../../delivery/events/event";
import { openExport } from "../../../delivery/events/export/exportReader";
import { type Row, row, rows } from "../watch/rows";
import { eventsOf } from "./eventsOf";

/** A row of a real export of 2025, personal values replaced. */
const REAL: Row = JSON.parse(
  '{"$insert_id":"ea31ba7b-f543-4b9b-9aec-90fbaa96a355","$insert_key":null,"$schema":null,"adid":null,"amplitude_attribution_ids":null,"amplitude_event_type":null,"amplitude_id":45975551903,"app":100011471,"city":"Example City","client_event_time":"2025-07-17 10:36:28.583000","client_upload_time":"2025-07-17 10:36:29.750000","country":"United Kingdom","data":{"path":"/2/httpapi","user_properties_updated":true,"group_first_event":{},"group_ids":{}},"data_type":"event","device_brand":null,"device_carrier":null,"device_family":"Mac OS X","device_id":"00000000-0000-0000-0000-000000000000","device_manufacturer":null,"device_model":null,"device_type":"Mac","dma":null,"event_id":135,"event_properties":{},"event_time":"2025-07-17 10:36:28.583000","event_type":"session_start","global_user_properties":null,"group_properties":{},"groups":{},"idfa":null,"ip_address":"203.0.113.7","is_attribution_event":null,"language":"English","library":"amplitude-ts/2.16.1","location_lat":null,"location_lng":null,"os_name":"Chrome","os_version":"137","partner_id":null,"paying":null,"plan":{},"platform":"Web","processed_time":"2025-07-17 10:36:31.609000","region":"Example Region","sample_rate":null,"server_received_time":"2025-07-17 10:36:29.750000","server_upload_time":"2025-07-17 10:36:29.753000","session_id":1752748588583,"source_id":null,"start_version":null,"user_creation_time":null,"user_id":"user@example.com","user_properties":{"referring_domain":"www.google.com"},"uuid":"3e702190-9dcb-483a-94d8-58e93ce161de","version_name":null}',
);

describe("the documented shape of an event", () => {
  it("accepts the rows of a real export", () => {
    expect(findDeviations(REAL)).to.deep.equal([]);
  });

  it("accepts generated events, and the rows of the tests' export", async () => {
    for (const generated of await rows(500)) expect(findDeviations(generated)).to.deep.equal([]);
    const source = await openExport(join(__dirname, "export", "fixtures", "export.zip"));
    let read = 0;
    for await (const { bytes } of eventsOf(source)) {
      read += 1;
      expect(findDeviations(JSON.parse(bytes.toString()))).to.deep.equal([]);
    }
    expect(read).to.equal(210);
  });

  const accepted: [what: string, changes: Row][] = [
    ["native user properties", { user_properties: { age: 41, tags: ["a"], paid: true, none: null } }],
    ["user properties that are all strings", { user_properties: { age: "41" } }],
    ["timestamps with a T", { event_time: "2025-07-17T10:36:28.583000" }],
    ["attribution ids as a list", { amplitude_attribution_ids: ["a"] }],
    ["no session", { session_id: -1 }],
    ["an id beyond 2^31", { amplitude_id: 45_975_551_903 }],
    ["the names of the vendor's page", { event_name: "a", created_at: "2025-07-17 10:36:28" }],
  ];
  for (const [what, changes] of accepted) {
    it(`accepts ${what}`, async () => expect(findDeviations(await row(changes))).to.deep.equal([]));
  }

  const cases: [what: string, changes: Row, field: string, problem: string, sample?: string][] = [
    ["a field that is missing", { dma: undefined }, "dma", "is missing"],
    [
      "a field that is not documented",
      { e_mail: "ada@example.com" },
      "e_mail",
      "is not documented",
      '"aaa@aaaaaaa.aaa"',
    ],
    ["a project that is a string", { app: "100011471" }, "app", "is a string, not an integer", '"999999999"'],
    ["a project that is null", { app: null }, "app", "is null, not an integer", "null"],
    ["a fraction for an id", { event_id: 1.5 }, "event_id", "is a number, not an integer", "9.9"],
    [
      "properties as JSON in a string",
      { user_properties: '{"a":1}' },
      "user_properties",
      "is a string, not a dictionary",
      '"{"a":9}"',
    ],
    [
      "attribution ids as a number",
      { amplitude_attribution_ids: 7 },
      "amplitude_attribution_ids",
      "is a number, not a string or a list",
      "9",
    ],
    [
      "milliseconds for a time",
      { event_time: 1_752_748_588_583 },
      "event_time",
      "is a number, not a string",
      "9999999999999",
    ],
    [
      "a time with a zone",
      { processed_time: "2025-07-17T10:36:28+02:00" },
      "processed_time",
      "isn't a timestamp like YYYY-MM-DD HH:MM:SS.ffffff",
      '"9999-99-99A99:99:99+99:99"',
    ],
    ["an id that is not a UUID", { uuid: "17" }, "uuid", "isn't a UUID", '"99"'],
    ["an empty event type", { event_type: "" }, "event_type", "is empty", '""'],
  ];
  for (const [what, changes, field, problem, sample] of cases) {
    it(`rejects ${what}`, async () => {
      const changed = JSON.parse(JSON.stringify(await row(changes)));
      const expected = { field, problem, ...(sample === undefined ? {} : { sample }) };
      expect(findDeviations(changed)).to.deep.equal([expected]);
    });
  }
});
