import { expect } from "chai";
import fc from "fast-check";
import { rowsIn } from "../../../delivery/events/recordRows";

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

  it("are read from a view into a larger buffer", () => {
    const whole = Buffer.from('xxxx{"a":1}yyyy');
    expect(rowsIn(new Uint8Array(whole.buffer, whole.byteOffset + 4, 7))).to.deep.equal([{ a: 1 }]);
  });

  for (const data of ["", " ", "null", "5", '"text"', "[1]", '{"a":1}\nbroken', "\u001f\u008b\u0008"]) {
    it(`are none in ${JSON.stringify(data)}`, () => {
      expect(rowsIn(Buffer.from(data))).to.equal(undefined);
    });
  }
});
