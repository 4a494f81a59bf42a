import { KMSClient } from "@aws-sdk/client-kms";
import { expect } from "chai";
import { checkStreamKey, resolveKey } from "../../../delivery/deployment/key";
import { configuration, type FakeAnswer, json, jsonError } from "../aws/fakeAws";

const KEY = "arn:aws:kms:us-east-1:111122223333:key/1";
const OUTPUTS = { roleArn: "arn:aws:iam::111122223333:role/r", region: "us-east-1", streamName: "events" };
const inState = (KeyState: string) => json({ KeyMetadata: { KeyId: "1", Arn: KEY, KeyState } });

describe("Checking the stream's key", () => {
  const findingsFor = (answer: FakeAnswer) =>
    checkStreamKey(new KMSClient(configuration(() => answer)), KEY, OUTPUTS);

  it("finds nothing if the key is enabled", async () => {
    expect(await findingsFor(inState("Enabled"))).to.deep.equal([]);
  });

  const cases: [
    what: string,
    answer: FakeAnswer,
    code: string,
    severity: string,
    says: RegExp,
    remedy: RegExp,
  ][] = [
    [
      "a disabled one",
      inState("Disabled"),
      "key-unusable",
      "error",
      /is Disabled/,
      /enable-key --key-id arn/,
    ],
    [
      "one that is to be deleted",
      inState("PendingDeletion"),
      "key-unusable",
      "error",
      /PendingDeletion/,
      /cancel-key-deletion/,
    ],
    [
      "one whose material is missing",
      inState("PendingImport"),
      "key-unusable",
      "error",
      /PendingImport/,
      /describe-key/,
    ],
    [
      "one that is gone",
      jsonError("NotFoundException"),
      "key-unusable",
      "error",
      /does not exist/,
      /kmsKeyArn/,
    ],
    [
      "one that may not be looked at",
      jsonError("AccessDeniedException"),
      "key-undetermined",
      "undetermined",
      /AccessDenied/,
      /kms:DescribeKey/,
    ],
    [
      "no answer",
      jsonError("InternalFailure", 500),
      "key-undetermined",
      "undetermined",
      /InternalFailure/,
      /again/,
    ],
  ];
  for (const [what, answer, code, severity, says, remedy] of cases) {
    it(`reports ${what}`, async () => {
      const [finding, ...others] = await findingsFor(answer);
      expect(others).to.deep.equal([]);
      expect(finding).to.include({ code, severity, where: KEY });
      expect(finding?.message).to.match(says);
      expect(finding?.remedy).to.match(remedy);
    });
  }

  it("never gives pulumi up as the remedy for a stream outside the stack", async () => {
    const client = new KMSClient(configuration(() => jsonError("NotFoundException")));
    const existing = {
      ...OUTPUTS,
      existingStreamArn: "arn:aws:kinesis:us-east-1:111122223333:stream/events",
    };
    const [finding] = await checkStreamKey(client, KEY, existing);
    expect(finding?.remedy).to.match(/^Run `aws kinesis start-stream-encryption .*--stream-name events`/);
    expect(finding?.remedy).not.to.include("pulumi");
  });

  it("gives commands that name the key by its ARN, because they take no alias", async () => {
    const client = new KMSClient(configuration(() => inState("PendingDeletion")));
    const [finding] = await checkStreamKey(client, "alias/own", OUTPUTS);
    expect(finding?.remedy).to.include(`cancel-key-deletion --key-id ${KEY}`).and.not.include("alias/own");
  });

  for (const [name, answer, resolved] of [
    ["alias/own", inState("Enabled"), KEY],
    ["1234abcd", inState("Disabled"), KEY],
    ["alias/own", jsonError("AccessDeniedException"), "alias/own"],
  ] as const) {
    it(`resolves ${name} to ${resolved}`, async () => {
      expect(await resolveKey(new KMSClient(configuration(() => answer)), name)).to.equal(resolved);
    });
  }

  it("ends the check if AWS rejects the credentials", async () => {
    const failure = await findingsFor(jsonError("UnrecognizedClientException")).catch(
      (error: unknown) => error,
    );
    expect(failure).to.include({ code: "credentials" });
  });
});
