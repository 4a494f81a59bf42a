import { expect } from "chai";
import fc from "fast-check";
import { AMPLITUDE_ACCOUNT_ID } from "../../../components/contract";
import { accountOf, presentable } from "../../../delivery/report/redactReport";
import { ACCOUNT, FAILED, VERIFIED, withTexts } from "./reports";

const shown = (text: string) => presentable(withTexts(VERIFIED, text)).streamName;

describe("A report made presentable", () => {
  it("shows of the role's account the last four digits, in the ARN and wherever else it stands", () => {
    const { roleArn, findings } = presentable(FAILED);
    expect(roleArn).to.equal("arn:aws:iam::********3333:role/writer");
    expect(JSON.stringify(findings)).to.include("********3333").and.not.to.include(ACCOUNT);
    expect(accountOf(presentable(FAILED))).to.equal("********3333");
    expect(shown(`events-${ACCOUNT}`)).to.equal("events-********3333");
  });

  it("masks other accounts of ARNs and of words, and leaves Amplitude's own, which is public", () => {
    expect(shown("arn:aws-us-gov:sts::444455556666:x")).to.equal("arn:aws-us-gov:sts::********6666:x");
    expect(shown("lets account 444455556666 in")).to.equal("lets account ********6666 in");
    const amplitude = `arn:aws:iam::${AMPLITUDE_ACCOUNT_ID}:root, account ${AMPLITUDE_ACCOUNT_ID}`;
    expect(shown(amplitude)).to.equal(amplitude);
  });

  it("leaves a shard's number and any longer number", () => {
    for (const text of ["shardId-000000000000", `1${ACCOUNT}`, "202601010000"])
      expect(shown(text)).to.equal(text);
  });

  it("masks an access key's id", () => {
    expect(shown("key AKIAIOSFODNN7EXAMPLE is")).to.equal("key AKIA**************** is");
  });

  it("has no control character but a line break or a tab, and none that turns the text's direction", () => {
    expect(shown("a\tb\nc\u0000\u001b\u0085\u202e\u2067\ud800d")).to.match(/^a\tb\nc\ufffd+d$/);
  });

  it("never shows the account, whatever stands around it", () => {
    const around = fc.string({ unit: "grapheme" }).filter((text) => !/\d/.test(text));
    fc.assert(
      fc.property(around, around, (before, after) => {
        expect(shown(before + ACCOUNT + after)).not.to.include(ACCOUNT);
      }),
    );
  });

  it("leaves the report that it was given", () => {
    const before = JSON.stringify(FAILED);
    presentable(FAILED);
    expect(JSON.stringify(FAILED)).to.equal(before);
  });
});
