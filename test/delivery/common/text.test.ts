import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { alignedColumns, counted, shellWord } from "../../../delivery/common/text";

describe("A count with its noun", () => {
  it("has the noun, and its verb, in the singular or the plural", () => {
    expect([0, 1, 2].map((count) => counted(count, "event"))).to.deep.equal([
      "0 events",
      "1 event",
      "2 events",
    ]);
    expect(counted(1, "event is", "events are")).to.equal("1 event is");
    expect(counted(7, "event is", "events are")).to.equal("7 events are");
  });
});

describe("A word for a shell", () => {
  for (const text of ["plain-1.txt", "", "a b", "it's", '$HOME `id` \\ "q"', "a\nb", "*"]) {
    it(`is one word with the same characters: ${JSON.stringify(text)}`, () => {
      const said = execFileSync("sh", ["-c", `printf '<%s>' ${shellWord(text)}`], { encoding: "utf8" });
      expect(said).to.equal(`<${text}>`);
    });
  }

  it("is quoted only if necessary", () => {
    expect(shellWord("arn:aws:iam::111122223333:role/a,b@c")).to.equal(
      "arn:aws:iam::111122223333:role/a,b@c",
    );
    expect(shellWord("it's")).to.equal("'it'\\''s'");
  });
});

describe("A table as text", () => {
  it("is aligned in columns, without trailing spaces, and numbers to the right if they are said to be", () => {
    const rows = [
      ["name", "n"],
      ["a", "100"],
    ];
    expect(alignedColumns(rows, 1)).to.deep.equal(["name    n", "a     100"]);
    expect(alignedColumns(rows)).to.deep.equal(["name  n", "a     100"]);
    expect(alignedColumns([])).to.deep.equal([]);
  });
});
