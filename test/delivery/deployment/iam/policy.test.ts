import { expect } from "chai";
import fc from "fast-check";
import { decidePrincipalArn, matchesArn, matchesText } from "../../../../delivery/deployment/iam/policy";
import { decideTrust } from "../../../../delivery/deployment/trust";

const AMPLITUDE = "358203115967";
const EXPORT = `arn:aws:iam::${AMPLITUDE}:role/export-1`;
const PATTERN = `arn:aws:iam::${AMPLITUDE}:role/export-*`;
const OTHERS = "arn:aws:iam::444455556666:role/export-*";

describe("a condition on aws:PrincipalArn", () => {
  const cases: [string, string, string[], string | undefined, string][] = [
    ["a pattern of the account, nobody known", "ArnLike", [PATTERN], undefined, "undetermined"],
    ["a pattern of another account", "ArnLike", [OTHERS], undefined, "fails"],
    ["one pattern of several", "ArnLike", [OTHERS, PATTERN], undefined, "undetermined"],
    ["a known principal that fits", "ArnLike", [PATTERN], EXPORT, "passes"],
    ["ArnEquals takes wildcards as ArnLike does", "ArnEquals", [PATTERN], EXPORT, "passes"],
    ["StringEquals takes none", "StringEquals", [PATTERN], EXPORT, "fails"],
    ["StringLike over colons", "StringLike", ["arn:*export-?"], EXPORT, "passes"],
    ["ArnLike not over colons", "ArnLike", ["arn:*export-?"], EXPORT, "fails"],
    ["IfExists: the key is always there", "ArnLikeIfExists", [PATTERN], EXPORT, "passes"],
    ["an operator of denial", "ArnNotLike", [PATTERN], EXPORT, "undetermined"],
    ["text that isn't an ARN", "StringLike", ["*"], undefined, "undetermined"],
  ];
  for (const [why, operator, patterns, arn, expected] of cases) {
    it(`${expected}: ${why}`, () => {
      const decision = decidePrincipalArn(operator, patterns, { accountId: AMPLITUDE, arn });
      expect(decision).to.equal(expected);
    });
  }

  it("undetermined: one of two known fits", () => {
    const principalArns = [EXPORT, `${EXPORT}x`.replace("export", "x")];
    const decision = decideTrust(document(PATTERN), { accountId: AMPLITUDE, principalArns });
    expect(decision.kind).to.equal("undetermined");
  });

  const document = (pattern: string) =>
    JSON.stringify({
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${AMPLITUDE}:root` },
          Action: "sts:AssumeRole",
          Condition: { ArnLike: { "aws:PrincipalArn": pattern } },
        },
      ],
    });

  it("makes the trust certain where Amplitude's principals are known, and names what stops it", () => {
    const known = { accountId: AMPLITUDE, principalArns: [EXPORT] };
    expect(decideTrust(document(PATTERN), known)).to.deep.equal({ kind: "trusted" });
    expect(decideTrust(document(PATTERN), { accountId: AMPLITUDE }).kind).to.equal("undetermined");
    const refused = decideTrust(document(OTHERS), { accountId: AMPLITUDE });
    expect(refused.kind).to.equal("not-trusted");
    expect(JSON.stringify(refused)).to.include(OTHERS).and.to.include(AMPLITUDE);
  });
});

describe("a pattern of IAM", () => {
  const text = fc.string({ unit: fc.constantFrom(..."ab.*?+$(/") });

  it("takes itself, where it has no wildcard", () => {
    fc.assert(
      fc.property(text, (any) => {
        const plain = any.replace(/[*?]/g, "");
        expect(matchesText(plain, plain)).to.equal(true);
        expect(matchesText(plain, `${plain}x`)).to.equal(false);
      }),
    );
  });

  it("takes anything for *, and one character for ?", () => {
    fc.assert(
      fc.property(text, text, text, (before, within, after) => {
        const [start, end] = [before, after].map((part) => part.replace(/[*?]/g, ""));
        expect(matchesText(`${start}*${end}`, `${start}${within}${end}`)).to.equal(true);
        expect(matchesText(`${start}?${end}`, `${start}${within}${end}`)).to.equal(within.length === 1);
      }),
    );
  });

  it("is matched quickly, however many wildcards it has", () => {
    const startedAt = process.cpuUsage();
    expect(matchesText(`${"*a".repeat(1_000)}*b`, "a".repeat(2_000))).to.equal(false);
    expect(matchesText("*".repeat(20_000), "a".repeat(2_000))).to.equal(true);
    expect(process.cpuUsage(startedAt).user).to.be.below(1_000_000);
  });

  it("matches as a regular expression does", () => {
    const short = fc.string({ unit: fc.constantFrom(..."ab*?"), maxLength: 8 });
    fc.assert(
      fc.property(short, short, (pattern, subject) => {
        const expected = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s").test(
          subject,
        );
        expect(matchesText(pattern, subject)).to.equal(expected);
      }),
    );
  });

  it("keeps to its part of an ARN", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\d{12}$/), (account) => {
        const arn = `arn:aws:iam::${account}:role/r`;
        expect(matchesArn(`arn:aws:iam::${account}:*`, arn)).to.equal(true);
        expect(matchesArn(`arn:aws:iam::*`, arn)).to.equal(false);
      }),
    );
  });
});
