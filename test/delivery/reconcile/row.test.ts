import { expect } from "chai";
import fc from "fast-check";
import { contentHash, differentFields, identityOf } from "../../../delivery/reconcile/row";

const json = fc.jsonValue({ maxDepth: 2 });
const rows = fc.dictionary(
  fc.oneof(fc.constantFrom("city", "event_time", "user_properties", "data"), fc.string()),
  json,
);

describe("A row", () => {
  it("is identified by its uuid, or else by its device and $insert_id", () => {
    expect(identityOf({ uuid: "u", device_id: "d", $insert_id: "i" })).to.equal("u");
    expect(identityOf({ uuid: null, device_id: "d", $insert_id: "i" })).to.equal("d\ni");
    expect(identityOf({ uuid: "", device_id: "d" })).to.equal(undefined);
    expect(identityOf({ $insert_id: "i" })).to.equal(undefined);
  });

  it("has another hash exactly if a field differs, whatever the order of the fields", () => {
    fc.assert(
      fc.property(rows, rows, (one, other) => {
        const isSame = differentFields(one, other).length === 0 && hasSameNames(one, other);
        expect(contentHash(one) === contentHash(other)).to.equal(isSame);
        const reversed = Object.fromEntries(Object.entries(one).reverse());
        expect(contentHash(reversed)).to.equal(contentHash(one));
      }),
    );
  });

  it("has the hash of its JSON", () => {
    fc.assert(
      fc.property(rows, (row) => {
        expect(contentHash(JSON.parse(JSON.stringify(row)))).to.equal(contentHash(row));
      }),
    );
  });

  const same: [what: string, one: object, other: object][] = [
    [
      "user properties as strings",
      { user_properties: { a: 1, b: true, c: null } },
      { user_properties: { a: "1", b: "true", c: "null" } },
    ],
    [
      "a T in a timestamp",
      { event_time: "2025-07-17 10:36:28.583000" },
      { event_time: "2025-07-17T10:36:28.583Z" },
    ],
    ["-0 for 0", { event_properties: { a: [0] } }, { event_properties: { a: [-0] } }],
  ];
  for (const [what, one, other] of same) {
    it(`may have ${what}`, () => {
      expect(contentHash({ ...one })).to.equal(contentHash({ ...other }));
      expect(differentFields({ ...one }, { ...other })).to.deep.equal([]);
    });
  }

  const different: [what: string, one: object, other: object, field: string][] = [
    [
      "event properties as strings",
      { event_properties: { a: 1 } },
      { event_properties: { a: "1" } },
      "event_properties.a",
    ],
    ["a T in a text", { city: "2025-07-17 10:36:28.583000" }, { city: "2025-07-17T10:36:28.583000" }, "city"],
    ["null in place of a field", { city: null }, {}, "city"],
    ["exchanged values", { city: "a", region: "b" }, { city: "b", region: "a" }, "city"],
    ["another order in a list", { groups: { g: [1, 2] } }, { groups: { g: [2, 1] } }, "groups.g"],
    [
      "a later time",
      { event_time: "2025-07-17 10:36:28.583000" },
      { event_time: "2025-07-17T10:36:28.584Z" },
      "event_time",
    ],
  ];
  for (const [what, one, other, field] of different) {
    it(`may not have ${what}`, () => {
      expect(contentHash({ ...one })).not.to.equal(contentHash({ ...other }));
      expect(differentFields({ ...one }, { ...other })[0]?.field).to.equal(field);
    });
  }
});

function hasSameNames(one: object, other: object): boolean {
  return Object.keys(one).sort().join("\n") === Object.keys(other).sort().join("\n");
}
