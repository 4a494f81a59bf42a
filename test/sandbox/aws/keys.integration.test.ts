import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
  ListKeysCommand,
} from "@aws-sdk/client-kms";
import { expect } from "chai";
import { principalWith } from "../../delivery/deployment/principalWith";
import { allow, type Credentials, type Fixture, failureOf, sharedAws } from "./localAws";

describe("the sandbox's KMS", () => {
  let aws: Fixture;
  let kms: KMSClient;
  let keyArn: string;
  let keyId: string;
  const clientOf = (credentials: Credentials, region = aws.region) =>
    new KMSClient({ endpoint: aws.endpoint, region, credentials, maxAttempts: 1 });
  before(async () => {
    aws = await sharedAws();
    kms = clientOf(aws.principals.operator);
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    [keyArn, keyId] = [KeyMetadata?.Arn ?? "", KeyMetadata?.KeyId ?? ""];
    await kms.send(new CreateAliasCommand({ AliasName: "alias/kept", TargetKeyId: keyId }));
  });
  after(() => aws.remove());
  const stateOf = async (KeyId: string) => (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;

  it("finds a key by its id, its ARN, and an alias's name and ARN", async () => {
    const alias = keyArn.replace(/key\/.*/, "alias/kept");
    for (const name of [keyId, keyArn, "alias/kept", alias])
      expect(await stateOf(name), name).to.include({
        Arn: keyArn,
        KeyState: "Enabled",
        KeyManager: "CUSTOMER",
      });
  });

  it("disables and enables a key by its id or ARN, and not by an alias", async () => {
    await kms.send(new DisableKeyCommand({ KeyId: keyId }));
    expect(await stateOf("alias/kept")).to.include({ KeyState: "Disabled", Enabled: false });
    expect(await failureOf(kms.send(new EnableKeyCommand({ KeyId: "alias/kept" })))).to.include({
      name: "ValidationException",
    });
    await kms.send(new EnableKeyCommand({ KeyId: keyArn }));
    expect(await stateOf("alias/kept")).to.include({ KeyState: "Enabled" });
  });

  it("knows no other key, also of another region or account, and no key of AWS", async () => {
    const elsewhere = clientOf(aws.principals.operator, "eu-central-1");
    for (const name of [
      "alias/none",
      "alias/aws/kinesis",
      "1234",
      keyArn.replace("us-east-1", "eu-central-1"),
    ])
      expect(await failureOf(stateOf(name)), name).to.include({ name: "NotFoundException" });
    const command = new DescribeKeyCommand({ KeyId: "alias/kept" });
    expect(await failureOf(elsewhere.send(command))).to.include({ name: "NotFoundException" });
    const taken = new CreateAliasCommand({ AliasName: "alias/aws/own", TargetKeyId: keyId });
    expect(await failureOf(kms.send(taken))).to.include({ name: "InvalidAliasNameException" });
  });

  it("asks the caller's policies", async () => {
    const reader = clientOf(await principalWith.credentials(aws, allow(["kms:DescribeKey"], [keyArn])));
    await reader.send(new DescribeKeyCommand({ KeyId: "alias/kept" }));
    const failure = await failureOf(reader.send(new DisableKeyCommand({ KeyId: keyArn })));
    expect(failure).to.include({ name: "AccessDeniedException" });
    expect(failure.message).to.include("kms:DisableKey");
  });

  it("rejects what it doesn't do", async () => {
    expect(await failureOf(kms.send(new ListKeysCommand({})))).to.include({
      name: "UnknownOperationException",
    });
    const failure = await failureOf(kms.send(new CreateKeyCommand({ MultiRegion: true })));
    expect(failure.message).to.include("does not know MultiRegion of CreateKey");
  });
});
