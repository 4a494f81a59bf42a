import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { styled, wrapLine } from "../../../../delivery/cli/terminal/output";

const TEXT = "FAILED: no\n\n✗ some-code: what is wrong\n  remedy: fix it";

/** A stream with the parts that decide about colors and width. */
function stream(isTTY: boolean, colors: boolean, columns = 80): NodeJS.WriteStream {
  return { isTTY, columns, hasColors: () => colors } as unknown as NodeJS.WriteStream;
}

const plain = (text: string) => text.replace(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g"), "");

describe("A report on a terminal", () => {
  it("is unchanged in a pipe, or on a terminal without colors", () => {
    expect(styled(TEXT, stream(false, true, 10))).to.equal(TEXT);
    expect(styled(TEXT, stream(true, false))).to.equal(TEXT);
  });

  it("shows verdict, codes and remedies in color, with the same words", () => {
    const colored = styled(TEXT, stream(true, true));
    expect(colored).not.to.equal(TEXT);
    expect(plain(colored)).to.equal(TEXT);
  });

  it("wraps between words within the terminal's width, and loses no word", () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,20}$/), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(words, fc.integer({ min: 45, max: 200 }), (list, columns) => {
        const lines = wrapLine(`  remedy: ${list.join(" ")}`, columns);
        expect(lines.join(" ").split(/ +/).filter(Boolean)).to.deep.equal(["remedy:", ...list]);
        for (const line of lines) expect(line.length).to.be.at.most(columns);
      }),
    );
  });

  it("is not wrapped for a terminal that is too narrow, or has no width", () => {
    const line = "word ".repeat(20).trim();
    expect(wrapLine(line, 20)).to.deep.equal([line]);
    expect(wrapLine(line, undefined)).to.deep.equal([line]);
  });

  it("continues below the start of its text", () => {
    expect(wrapLine("  where:  one two three four five six seven", 32)).to.deep.equal([
      "  where:  one two three four",
      "          five six seven",
    ]);
  });
});

describe("Standard output and standard error", () => {
  it("are written to by the folder terminal only, which cleans messages", () => {
    const delivery = join(__dirname, "..", "..", "..", "..", "delivery");
    const sources = readdirSync(delivery, { recursive: true, encoding: "utf8" }).filter((file) =>
      /\.tsx?$/.test(file),
    );
    expect(sources.length).to.be.greaterThan(100);
    const writing = sources.filter((file) =>
      /process\.std(out|err)\.write\(|console\./.test(readFileSync(join(delivery, file), "utf8")),
    );
    expect(writing.filter((file) => !file.startsWith(join("cli", "terminal")))).to.deep.equal([]);
  });
});
