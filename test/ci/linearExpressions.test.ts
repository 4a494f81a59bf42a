import { expect } from "chai";

const { faultsOf }: { faultsOf: (file: string, text: string, proven: Set<string>) => string[] } =
  require("../../.ci/linearExpressions.cjs");

const faults = (text: string) => faultsOf("watch.ts", text, new Set());

describe("The check of regular expressions", () => {
  it("passes expressions that take linear time", () => {
    const text =
      'const HEX = "[0-9a-f]"; [/^a+$/, new RegExp(`^$' + '{HEX}{1,900}$`), { pattern: "^\\\\d+$" }];';
    expect(faults(text)).to.deep.equal([]);
  });

  const wrong: [text: string, fault: RegExp][] = [
    ["\n/^(a+)+$/", /^watch\.ts:2: \/\^\(a\+\)\+\$\/ is exponential, such as for /],
    ["/^[a-z]*x[a-z]{1,900}x[a-z]*$/", /degree polynomial/],
    ['RegExp("^(a|a)*$")', /exponential/],
    ['const TIME = "(\\\\d+)+$"; export const schema = { type: "string", pattern: TIME };', /exponential/],
    ["/(?<=^a*)b/", /can't be proven linear \(unsupported\)/],
    ["(name: string) => new RegExp(name)", /new RegExp\(name\) isn't built from constants/],
  ];
  for (const [text, fault] of wrong) {
    it(`fails for ${text.trim()}`, () => expect(faults(text)).to.have.lengthOf(1).and.match(fault));
  }

  it("proves each expression once", () => {
    const proven = new Set<string>(["/^(a+)+$/"]);
    expect(faultsOf("watch.ts", "/^(a+)+$/", proven)).to.deep.equal([]);
  });
});
