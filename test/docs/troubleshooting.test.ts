import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { PROJECT } from "../cache";
import { readDocument } from "./documents";

const DOCUMENT = "docs/troubleshooting.md";

/** Reads every finding code from the source of the type, because types do not exist at run time. */
const source = readFileSync(join(PROJECT, "delivery", "common", "findings.ts"), "utf8");
const [, union = ""] = /type FindingCode =([^;]*);/.exec(source) ?? [];
const codes = [...union.matchAll(/"([a-z-]+)"/g)].map(([, code = ""]) => code);

describe("The troubleshooting document", () => {
  const rows = readDocument(DOCUMENT)
    .split("\n")
    .filter((line) => /^\| `[a-z-]+` \|/.test(line))
    .map((line) => line.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "")));

  it("lists each finding code exactly once, with its meaning and its fix", () => {
    expect(rows.map(([code = ""]) => code.replaceAll("`", "")).sort()).to.deep.equal([...codes].sort());
    for (const row of rows) {
      expect(row, row[0]).to.have.lengthOf(4);
      expect(
        row.slice(1).every((cell) => cell.length > 3),
        row[0],
      ).to.equal(true);
    }
  });

  it("gives each code the severity that it has in the code", () => {
    const weights = new Set(["error", "undetermined", "warning"]);
    for (const [code, weight = ""] of rows) {
      expect(
        weight.split(", ").every((each) => weights.has(each)),
        `${code}: ${weight}`,
      ).to.equal(true);
    }
  });
});
