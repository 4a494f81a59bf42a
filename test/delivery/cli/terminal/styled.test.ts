import { expect } from "chai";
import fc from "fast-check";
import { styled, wrapped } from "../../../../delivery/cli/terminal/styled";

const TEXT = "FAILED: no\n\n✗ some-code: what is wrong\n  remedy: mend it";

/** A stream as far as colours and width are asked of it. */
function stream(isTTY: boolean, colours: boolean, columns = 80): NodeJS.WriteStream {
  return { isTTY, columns, hasColors: () => colours } as unknown as NodeJS.WriteStream;
}

const plain = (text: string) => text.replace(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g"), "");

describe("A report on a terminal", () => {
  it("is as it is where it is piped, or where the terminal has no colours", () => {
    expect(styled(TEXT, stream(false, true, 10))).to.equal(TEXT);
    expect(styled(TEXT, stream(true, false))).to.equal(TEXT);
  });

  it("has verdict, codes and remedies in colour, and the same words", () => {
    const coloured = styled(TEXT, stream(true, true));
    expect(coloured).not.to.equal(TEXT);
    expect(plain(coloured)).to.equal(TEXT);
  });

  it("is broken between words, no wider than the terminal unless a word is, and loses none", () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,20}$/), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(words, fc.integer({ min: 45, max: 200 }), (list, columns) => {
        const lines = wrapped(`  remedy: ${list.join(" ")}`, columns);
        expect(lines.join(" ").split(/ +/).filter(Boolean)).to.deep.equal(["remedy:", ...list]);
        for (const line of lines) expect(line.length).to.be.at.most(columns);
      }),
    );
  });

  it("is left to a terminal that is too narrow to help, or tells no width", () => {
    const line = "word ".repeat(20).trim();
    expect(wrapped(line, 20)).to.deep.equal([line]);
    expect(wrapped(line, undefined)).to.deep.equal([line]);
  });

  it("goes on under the text that it began with", () => {
    expect(wrapped("  where:  one two three four five six seven", 32)).to.deep.equal([
      "  where:  one two three four",
      "          five six seven",
    ]);
  });
});
