import { expect } from "chai";
import fc from "fast-check";
import { AMPLITUDE_ACCOUNT_ID } from "../../../components/contract";
import { accountOf } from "../../../delivery/common/arn";
import { redactReport } from "../../../delivery/report/presentation";
import { ACCOUNT, FAILED, VERIFIED, withTexts } from "./reports";

const shown = (text: string) => redactReport(withTexts(VERIFIED, text)).streamName;

describe("A redacted report", () => {
  it("shows only the last four digits of the role's account, in the ARN and everywhere else", () => {
    const { roleArn, findings } = redactReport(FAILED);
    expect(roleArn).to.equal("arn:aws:iam::********3333:role/writer");
    expect(JSON.stringify(findings)).to.include("********3333").and.not.to.include(ACCOUNT);
    expect(accountOf(redactReport(FAILED).roleArn)).to.equal("********3333");
    expect(shown(`events-${ACCOUNT}`)).to.equal("events-********3333");
  });

  it("redacts other accounts in ARNs and in prose, but not Amplitude's public account", () => {
    expect(shown("arn:aws-us-gov:sts::444455556666:x")).to.equal("arn:aws-us-gov:sts::********6666:x");
    expect(shown("lets account 444455556666 in")).to.equal("lets account ********6666 in");
    const amplitude = `arn:aws:iam::${AMPLITUDE_ACCOUNT_ID}:root, account ${AMPLITUDE_ACCOUNT_ID}`;
    expect(shown(amplitude)).to.equal(amplitude);
  });

  it("keeps shard numbers and longer numbers", () => {
    for (const text of ["shardId-000000000000", `1${ACCOUNT}`, "202601010000"])
      expect(shown(text)).to.equal(text);
  });

  it("redacts an access key id", () => {
    expect(shown("key AKIAIOSFODNN7EXAMPLE is")).to.equal("key AKIA**************** is");
  });

  it("has no control characters, line breaks or bidirectional controls", () => {
    expect(shown("a\tb\nc\u0000\u001b\u202e\u2067\ud800d")).to.match(/^a b c\ufffd+d$/);
  });

  it("never shows the account, whatever surrounds it", () => {
    const around = fc.string({ unit: "grapheme" }).filter((text) => !/\d/.test(text));
    fc.assert(
      fc.property(around, around, (before, after) => {
        expect(shown(before + ACCOUNT + after)).not.to.include(ACCOUNT);
      }),
    );
  });

  it("doesn't modify the original report", () => {
    const before = JSON.stringify(FAILED);
    redactReport(FAILED);
    expect(JSON.stringify(FAILED)).to.equal(before);
  });
});
