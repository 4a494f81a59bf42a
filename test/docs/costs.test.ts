import { expect } from "chai";
import { readDocument } from "./documents";

const text = readDocument("docs/costs.md");

/** Removes the units from `730 h × $0.04 + 2 × $1 = $31.20`. */
const EQUATION = /((?:[$\d][\d,.]*)[^=\n|`]*?) = \$?([\d,]+(?:\.\d+)?)/g;

function evaluated(words: string): number {
  const expression = words
    .replaceAll(",", "")
    .replaceAll("×", "*")
    .replaceAll("÷", "/")
    .replaceAll(/[^\d.+*/() -]/g, "");
  return Number(new Function(`return ${expression}`)());
}

describe("The document about costs", () => {
  it("has correct sums", () => {
    const equations = [...text.matchAll(EQUATION)];
    expect(equations.length).to.be.greaterThan(10);
    for (const [whole, left = "", right = ""] of equations) {
      const decimals = right.split(".")[1]?.length ?? 0;
      const difference = Math.abs(evaluated(left) - Number(right.replaceAll(",", "")));
      expect(difference, whole).to.be.at.most(0.5 * 10 ** -decimals + 1e-9);
    }
  });

  it("names the source and the date of its prices", () => {
    expect(text).to.match(/https:\/\/aws\.amazon\.com\/kinesis\/data-streams\/pricing/);
    expect(text).to.match(/looked up in \w+ 20\d\d/);
  });
});
