import { expect } from "chai";
import fc from "fast-check";
import { type Line, LineSplitter } from "../../../delivery/common/lines";

function split(chunks: readonly Buffer[], longest = 1_000): Line[] {
  const splitter = new LineSplitter(longest);
  const lines = chunks.flatMap((chunk) => splitter.push(chunk));
  const last = splitter.end();
  return last ? [...lines, last] : lines;
}

/** What the splitter must give, told from the whole text at once. */
function expected(text: Buffer, longest: number): Line[] {
  return text
    .toString("latin1")
    .split("\n")
    .map((line, index) => ({ number: index + 1, length: line.length, bytes: Buffer.from(line, "latin1") }))
    .filter((line) => line.length > 0)
    .map(({ bytes, ...rest }) => (rest.length > longest ? rest : { ...rest, bytes }));
}

function chunked(text: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, index) => text.subarray(at[index], end));
}

describe("The line splitter", () => {
  it("gives the same lines however the bytes are cut into chunks", () => {
    const bytes = fc.array(fc.constantFrom(0x0a, 0x0d, 0x61, 0x7b, 0xe2, 0x80, 0xa8), { maxLength: 200 });
    fc.assert(
      fc.property(
        bytes,
        fc.array(fc.nat(), { maxLength: 30 }),
        fc.integer({ min: 1, max: 12 }),
        (raw, cuts, longest) => {
          const text = Buffer.from(raw);
          expect(split(chunked(text, cuts), longest)).to.deep.equal(expected(text, longest));
        },
      ),
    );
  });

  const cases = [
    { text: "a\nb\n", lines: ["a", "b"], why: "ends lines at line feeds" },
    { text: "a\nb", lines: ["a", "b"], why: "takes a last line without a line feed" },
    { text: "a\r\nb\r", lines: ["a\r", "b\r"], why: "keeps carriage returns" },
    { text: "a\u2028b\u0085c\n", lines: ["a\u2028b\u0085c"], why: "does not cut at other line separators" },
    { text: "\n\na\n\n", lines: ["a"], why: "leaves out empty lines" },
    { text: "", lines: [], why: "gives nothing for nothing" },
  ];
  for (const { text, lines, why } of cases) {
    it(why, () => {
      expect(split([Buffer.from(text)]).map((line) => line.bytes?.toString())).to.deep.equal(lines);
    });
  }

  it("counts empty lines in line numbers", () => {
    expect(split([Buffer.from("\n\na\n\nb")]).map((line) => line.number)).to.deep.equal([3, 5]);
  });

  it("gives a line that is too long without its bytes, and goes on after it", () => {
    const chunks = ["abc", "def", "g\nok\n"].map((text) => Buffer.from(text));
    expect(split(chunks, 6)).to.deep.equal([
      { number: 1, length: 7 },
      { number: 2, length: 2, bytes: Buffer.from("ok") },
    ]);
  });
});
