import { expect } from "chai";
import fc from "fast-check";
import { deaggregate } from "../../../delivery/events/recordContent";
import { aggregated } from "./aggregated";

const found = (data: Uint8Array) => {
  const records = deaggregate(data);
  return (
    records && [...records].map(({ partitionKey, data }) => [partitionKey, Buffer.from(data).toString()])
  );
};

describe("An aggregated record of the Kinesis Producer Library", () => {
  it("holds the records that were aggregated, each with its key", () => {
    const records = fc.array(fc.tuple(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })));
    fc.assert(
      fc.property(records, (written) => {
        expect(found(aggregated(written))).to.deep.equal(written);
      }),
    );
  });

  it("may hold fields that the format doesn't have", () => {
    const known: [string, string][] = [["a", "1"]];
    expect(found(aggregated(known, (writer) => writer.writeString(9, "later")))).to.deep.equal(known);
  });

  const whole = aggregated([["key", "data"]]);
  const damaged: [what: string, data: Uint8Array][] = [
    ["empty data", new Uint8Array()],
    ["a plain record", Buffer.from('{"event_type":"a"}')],
    ["only the first bytes", whole.subarray(0, 12)],
    ["a wrong checksum", Buffer.concat([whole.subarray(0, -1), Buffer.of(~(whole.at(-1) ?? 0))])],
    [
      "a key that is not in the table",
      aggregated([], (writer) => writer.writeBytes(3, Buffer.from([8, 7, 26, 0]))),
    ],
    [
      "a record without data",
      aggregated([["a", "1"]], (writer) => writer.writeBytes(3, Buffer.from([8, 0]))),
    ],
    [
      "a length beyond its end",
      aggregated([], (writer) => writer.writeBytes(3, Buffer.from([8, 0, 26, 99]))),
    ],
  ];
  for (const [what, data] of damaged) {
    it(`is not ${what}`, () => {
      expect(found(data)).to.equal(undefined);
    });
  }

  it("never throws for damaged bytes", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        (bytes) => void found(aggregated([], (writer) => writer.writeBytes(3, bytes))),
      ),
    );
  });
});
