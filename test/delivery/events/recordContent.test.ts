import { gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { recordContent } from "../../../delivery/events/recordContent";

const contentOf = (text: string) => recordContent(Buffer.from(text));

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
    ["bytes that are no UTF-8", Buffer.from([0x22, 0xff, 0x22]), "not-utf8"],
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
    it(`is not understood where it is ${what}`, () => {
      expect(recordContent(bytes)).to.deep.equal({ unreadable: reason });
    });
  }

  it("is found in a part of a larger buffer", () => {
    const bytes = Buffer.from('xx{"a":1}xx');
    expect(recordContent(bytes.subarray(2, -2))).to.have.property("framing", "object");
  });

  it("is something for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(recordContent(bytes)).to.satisfy(
          (found: object) => "framing" in found || "unreadable" in found,
        );
      }),
    );
  });
});
