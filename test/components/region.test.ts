import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { configuredRegion, regionErrors, requireAwsPartition } from "../../components/region";
import { validateInputs } from "../../components/rules";

describe("a region", () => {
  const { env } = process;
  beforeEach(() => {
    const { AWS_REGION, AWS_DEFAULT_REGION, ...others } = env;
    process.env = others;
    pulumi.runtime.setAllConfig({});
  });
  after(() => {
    process.env = env;
    pulumi.runtime.setAllConfig({});
  });

  for (const region of ["cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1"]) {
    it(`is rejected if a role there can't trust Amplitude: ${region}`, () => {
      pulumi.runtime.setAllConfig({ "aws:region": region });
      expect(regionErrors(configuredRegion(undefined)).map(({ propertyPath }) => propertyPath)).to.deep.equal(
        ["aws:region"],
      );
    });
  }

  it("is read from the configuration first, then from the environment", () => {
    process.env.AWS_REGION = "cn-north-1";
    expect(configuredRegion({})).to.equal("cn-north-1");
    pulumi.runtime.setAllConfig({ "aws:region": "eu-central-1" });
    expect(configuredRegion({})).to.equal("eu-central-1");
  });

  it("must be the same for the stream, its key and its alarm actions", () => {
    pulumi.runtime.setAllConfig({ "aws:region": "eu-central-1" });
    const kmsKeyArn = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const actionArns = ["arn:aws:sns:us-east-1:111122223333:on-call"];
    expect(() => validateInputs("acme", { kmsKeyArn })).to.throw(
      "must be in the stream's region, eu-central-1",
    );
    expect(() => validateInputs("acme", { alarms: { actionArns } })).to.throw("alarms.actionArns[0]");
    pulumi.runtime.setAllConfig({ "aws:region": "us-east-1" });
    expect(validateInputs("acme", { kmsKeyArn, alarms: { actionArns } })).to.have.all.keys(
      "kmsKeyArn",
      "alarms",
    );
  });

  it("is not guessed if a provider or a parent decides it", () => {
    process.env.AWS_REGION = "cn-north-1";
    const providers: pulumi.ProviderResource[] = [];
    expect(configuredRegion({ providers })).to.equal(undefined);
  });

  it("that only the stream's ARN reveals is rejected there", () => {
    const arn = "arn:aws-cn:kinesis:cn-north-1:111122223333:stream/events";
    expect(() => requireAwsPartition(arn)).to.throw("can't trust");
    expect(requireAwsPartition("made-by-a-mock")).to.equal("made-by-a-mock");
    expect(requireAwsPartition("arn:aws:kinesis:eu-central-1:1:stream/s")).to.equal(
      "arn:aws:kinesis:eu-central-1:1:stream/s",
    );
  });
});
