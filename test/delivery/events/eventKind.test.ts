import { expect } from "chai";
import { type EventKind, eventKind } from "../../../delivery/events/eventKind";

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
    ["what the Identify API takes", { user_id: "u", user_properties: { $set: {} } }, "identify"],
    [
      "what the Group Identify API takes",
      { group_type: "org", group_value: "1", group_properties: {} },
      "groupIdentify",
    ],
    ["another event with a type alone", { event_type: "OrderPlaced", detail: {} }, undefined],
    ["another object", { id: 1, user_id: "u" }, undefined],
    ["an empty object", {}, undefined],
  ];
  for (const [what, object, kind] of cases) {
    it(`of ${what} is ${kind ?? "none"}`, () => expect(eventKind(object)).to.equal(kind));
  }
});
