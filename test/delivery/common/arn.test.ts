import { expect } from "chai";
import { accountOf, parseArn, regionOf, roleNameOf, streamArnOf } from "../../../delivery/common/arn";

const OUTPUTS = {
  roleArn: "arn:aws:iam::111122223333:role/amplitude/writer",
  region: "eu-central-1",
  streamName: "events",
};
const STREAM_ARN = "arn:aws:kinesis:eu-central-1:111122223333:stream/events";

describe("An ARN", () => {
  it("gives its account, its region and the role's name", () => {
    expect(accountOf(OUTPUTS.roleArn)).to.equal("111122223333");
    expect(regionOf(STREAM_ARN)).to.equal("eu-central-1");
    expect(roleNameOf(OUTPUTS.roleArn)).to.equal("writer");
    expect(roleNameOf("arn:aws:iam::111122223333:role/writer")).to.equal("writer");
  });

  it("keeps the colons of its resource", () => {
    const alarm = parseArn("arn:aws:cloudwatch:eu-central-1:111122223333:alarm:acme:throttled");
    expect(alarm).to.deep.equal({
      partition: "aws",
      service: "cloudwatch",
      region: "eu-central-1",
      accountId: "111122223333",
      resource: "alarm:acme:throttled",
    });
  });

  it("has six parts: other text has no account", () => {
    for (const text of ["", "*", "111122223333", "arn:aws:iam::111122223333"]) {
      expect(parseArn(text)).to.equal(undefined);
      expect(accountOf(text)).to.equal("");
    }
  });

  it("of the stream is built from the outputs", () => {
    expect(streamArnOf(OUTPUTS)).to.equal(STREAM_ARN);
  });
});
