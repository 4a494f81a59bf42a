import { gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { parseRecord, rowsIn } from "../../../delivery/events/recordContent";
import { aggregated } from "./aggregated";

const contentOf = (text: string) => parseRecord(Buffer.from(text));

describe("a record's content", () => {
  const objects = [{ a: 1 }, { b: "two\nlines" }];

  it("is one object, a list of them, or one a line", () => {
    expect(contentOf('{"a":1}\n')).to.deep.equal({ framing: "object", objects: [{ a: 1 }] });
    expect(contentOf(JSON.stringify(objects))).to.deep.equal({ framing: "list", objects });
    const lines = objects.map((object) => JSON.stringify(object)).join("\n");
    expect(contentOf(`${lines}\r\n\n`)).to.deep.equal({ framing: "lines", objects });
  });

  const unreadable: [what: string, bytes: Uint8Array, reason: string][] = [
    ["gzip", gzipSync('{"a":1}'), "gzip"],
    ["an aggregate of the producer library", Buffer.from([0xf3, 0x89, 0x9a, 0xc2, 1, 2]), "aggregated"],
    ["bytes that are not UTF-8", Buffer.from([0x22, 0xff, 0x22]), "not-utf8"],
    ["a text", Buffer.from("hello"), "not-json"],
    ["nothing", Buffer.alloc(0), "not-json"],
    ["a torn object", Buffer.from('{"a":1'), "not-json"],
    ["lines that are not all objects", Buffer.from('{"a":1}\n[2]'), "not-json"],
    ["a number", Buffer.from("17"), "not-objects"],
    ["null", Buffer.from("null"), "not-objects"],
    ["an empty list", Buffer.from("[]"), "not-objects"],
    ["a list of lists", Buffer.from("[[1]]"), "not-objects"],
  ];
  for (const [what, bytes, reason] of unreadable) {
    it(`is not understood if it is ${what}`, () => {
      expect(parseRecord(bytes)).to.deep.equal({ unreadable: reason });
    });
  }

  it("is found in a part of a larger buffer", () => {
    const bytes = Buffer.from('xx{"a":1}xx');
    expect(parseRecord(bytes.subarray(2, -2))).to.have.property("framing", "object");
  });

  it("is something for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(parseRecord(bytes)).to.satisfy((found: object) => "framing" in found || "unreadable" in found);
      }),
    );
  });
});

const row = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.parse(JSON.stringify(value)));
const rows = fc.array(row, { minLength: 1, maxLength: 5 });

describe("the rows in a record", () => {
  it("are the same as one object, as lines of them, and as a list", () => {
    fc.assert(
      fc.property(rows, fc.constantFrom("\n", "\r\n", "\n\n"), (expected, between) => {
        const lines = expected.map((value) => JSON.stringify(value)).join(between);
        expect(rowsIn(Buffer.from(lines))).to.deep.equal(expected);
        expect(rowsIn(Buffer.from(`${lines}\n`))).to.deep.equal(expected);
        expect(rowsIn(Buffer.from(JSON.stringify(expected)))).to.deep.equal(expected);
      }),
    );
  });

  it("are read from an aggregated record", () => {
    const data = aggregated([
      ["a", '{"a":1}'],
      ["b", "hello"],
      ["c", '[{"b":2},{"c":3}]'],
    ]);
    expect(rowsIn(data)).to.deep.equal([{ a: 1 }, { b: 2 }, { c: 3 }]);
    expect(rowsIn(aggregated([["a", "hello"]]))).to.equal(undefined);
  });

  it("are read from a view into a larger buffer", () => {
    const whole = Buffer.from('xxxx{"a":1}yyyy');
    expect(rowsIn(new Uint8Array(whole.buffer, whole.byteOffset + 4, 7))).to.deep.equal([{ a: 1 }]);
  });
});
