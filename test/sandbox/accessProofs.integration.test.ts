import { expect } from "chai";
import { proveAccess } from "../../sandbox/accessProofs";
import { type DeploymentOptions, deploy, VENDOR_ACTIONS } from "../delivery/deployment/deploy";
import { type Fixture, startInFolder, trustOf } from "./aws/localAws";

describe("the sandbox's proofs of access", () => {
  let aws: Fixture;
  before(async () => {
    aws = await startInFolder();
  });
  after(() => aws.remove());

  /** Returns the claims that do not hold for a deployment. */
  async function untrue(options: DeploymentOptions): Promise<string[]> {
    const { roleArn, streamName } = await deploy(aws, options);
    const other = await deploy(aws);
    const proofs = await proveAccess({ aws, roleArn, streamName, otherStreamName: other.streamName });
    return proofs.filter(({ holds }) => !holds).map(({ claim }) => claim);
  }

  const allowing =
    (actions: string[], resource?: string) => (arns: { streamArn: string; roleArn: string }) => [
      { Effect: "Allow", Action: actions, Resource: resource ?? [arns.streamArn, arns.roleArn] },
    ];

  const cases: [what: string, options: DeploymentOptions, untrueClaims: string[]][] = [
    ["the vendor's deployment", {}, []],
    [
      "everybody is trusted",
      { trust: trustOf("*") },
      ["another account (444455556666) can't assume the role"],
    ],
    [
      "somebody else is trusted",
      { trust: trustOf("arn:aws:iam::444455556666:root") },
      [
        "Amplitude's account 358203115967 can assume the role",
        "another account (444455556666) can't assume the role",
      ],
    ],
    [
      "nothing may be written",
      { statements: allowing(["kinesis:PutRecord"]) },
      ["the role can write to the stream"],
    ],
    [
      "all streams may be written",
      { statements: allowing(VENDOR_ACTIONS, "*") },
      ["the role can't write to another stream"],
    ],
    [
      "records may be read",
      { statements: allowing([...VENDOR_ACTIONS, "kinesis:GetRecords"]) },
      ["the role can't read the stream's records"],
    ],
    [
      "everything may be done with the stream",
      { statements: allowing([...VENDOR_ACTIONS, "kinesis:*"]) },
      [
        "the role can't read the stream's records",
        "the role can't list the stream's shards",
        "the role can't describe the stream",
      ],
    ],
  ];
  for (const [what, options, claims] of cases) {
    it(`find ${claims.length} failed claims: ${what}`, async () =>
      expect(await untrue(options)).to.deep.equal(claims));
  }
});
