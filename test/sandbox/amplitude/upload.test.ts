import { expect } from "chai";
import { HTTP_V2_LIMITS, readUpload } from "../../../sandbox/amplitude/upload";

const KEY = "0123456789abcdef";
const good = { event_type: "A", user_id: "user-1" };

function refusalOf(body: unknown): Record<string, unknown> | undefined {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const read = readUpload(bytes, KEY, HTTP_V2_LIMITS);
  return "refusal" in read ? read.refusal : undefined;
}

const upload = (...events: unknown[]) => ({ api_key: KEY, events });

describe("an upload to the stand-in for Amplitude", () => {
  const rejected: [what: string, body: unknown, response: Record<string, unknown>][] = [
    ["no JSON", "{", { code: 400, error: "Invalid JSON request body" }],
    ["a list", [good], { code: 400, error: "Invalid JSON request body" }],
    ["no key", { events: [good] }, { code: 400, missing_field: "api_key" }],
    ["an unknown key", { api_key: "other", events: [good] }, { code: 400, error: "Invalid API key: other" }],
    ["no events", { api_key: KEY }, { code: 400, missing_field: "events" }],
    ["an empty list", upload(), { code: 400, missing_field: "events" }],
    [
      "no event type",
      upload(good, { user_id: "user-1" }),
      { code: 400, events_with_missing_fields: { event_type: [1] } },
    ],
    ["no id", upload({ event_type: "A" }, good), { code: 400, events_with_missing_fields: { user_id: [0] } }],
    [
      "ids that are too short",
      upload({ event_type: "A", user_id: "ab", device_id: "1234" }),
      { code: 400, events_with_invalid_id_lengths: { user_id: [0], device_id: [0] } },
    ],
    [
      "a time in words",
      upload({ ...good, time: "now" }),
      { code: 400, events_with_invalid_fields: { time: [0] } },
    ],
    [
      "a list of properties",
      upload({ ...good, event_properties: [] }),
      { code: 400, events_with_invalid_fields: { event_properties: [0] } },
    ],
    [
      "the device id of those who opted out",
      upload({ ...good, device_id: "00000000-0000-0000-0000-000000000000" }),
      { code: 400, events_with_invalid_fields: { device_id: [0] } },
    ],
    ["too many events", upload(...Array.from({ length: 2001 }, () => good)), { code: 413 }],
    ["too many bytes", upload({ ...good, event_properties: { a: "x".repeat(1024 * 1024) } }), { code: 413 }],
  ];
  for (const [what, body, response] of rejected) {
    it(`is rejected with ${response.code} for ${what}`, () => {
      expect(refusalOf(body)).to.deep.include(response);
    });
  }

  it("may set a shorter minimum length of ids", () => {
    const body = { ...upload({ event_type: "A", user_id: "a" }), options: { min_id_length: 1 } };
    expect(refusalOf(body)).to.equal(undefined);
  });

  it("loses an id that is too short if the event has the other one", () => {
    const body = Buffer.from(JSON.stringify(upload({ ...good, device_id: "ab" })));
    const read = readUpload(body, KEY, HTTP_V2_LIMITS);
    expect(read).to.have.nested.property("upload.events[0]").that.deep.equals(good);
  });
});
