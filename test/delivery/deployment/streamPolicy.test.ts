import { KinesisClient } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { checkStreamPolicy } from "../../../delivery/deployment/streamPolicy";
import { configuration, json } from "../aws/fakeAws";

const STREAM = "arn:aws:kinesis:us-east-1:111122223333:stream/events";
const ROLE = "arn:aws:iam::111122223333:role/amplitude/writer";
const ROLE_ID = "AROAEXAMPLEOFOURS";
const SESSION = "arn:aws:sts::111122223333:assumed-role/writer/session";
const OTHER_ROLE = "arn:aws:iam::111122223333:role/other";

describe("The stream's own policy", () => {
  async function found(roleId: string | undefined, ...Statement: object[]): Promise<string[]> {
    const client = new KinesisClient(configuration(() => json({ Policy: JSON.stringify({ Statement }) })));
    const findings = await checkStreamPolicy(client, { streamArn: STREAM, roleArn: ROLE, roleId });
    return findings.map(({ code }) => code);
  }
  const denying = (Principal: unknown, more: object = {}) => ({
    Effect: "Deny",
    Principal,
    Action: "kinesis:PutRecords",
    Resource: STREAM,
    ...more,
  });

  const [DENIES, OPEN, NOTHING] = ["stream-policy-denies", "stream-policy-undetermined", undefined];
  const denials: [what: string, statement: object, code: string | undefined][] = [
    ["everybody", denying("*"), DENIES],
    ["everybody of AWS", denying({ AWS: "*" }), DENIES],
    ["everybody by a map", denying({ "*": "*" }), DENIES],
    ["the account by its id", denying({ AWS: "111122223333" }), DENIES],
    ["the account's root", denying({ AWS: ["arn:aws:iam::111122223333:root"] }), DENIES],
    ["the role", denying({ AWS: [OTHER_ROLE, ROLE] }), DENIES],
    ["the role by its id", denying({ AWS: ROLE_ID }), DENIES],
    ["one session of the role", denying({ AWS: SESSION }), OPEN],
    ["one session by the role's id", denying({ AWS: `${ROLE_ID}:session` }), OPEN],
    ["everybody but a NotPrincipal", { ...denying(undefined), NotPrincipal: { AWS: OTHER_ROLE } }, OPEN],
    ["all but some actions", { ...denying("*"), Action: undefined, NotAction: "kinesis:Get*" }, OPEN],
    [
      "a resource with a policy variable",
      { ...denying("*"), Resource: `arn:aws:kinesis:*:\${aws:PrincipalAccount}:*` },
      OPEN,
    ],
    ["all but some resources", { ...denying("*"), Resource: undefined, NotResource: "x" }, OPEN],
    ["under a condition", denying("*", { Condition: { IpAddress: { "aws:SourceIp": "192.0.2.1" } } }), OPEN],
    ["under an empty condition", denying("*", { Condition: {} }), DENIES],
    ["a pattern of the stream", denying("*", { Resource: "arn:aws:kinesis:*:*:stream/ev*" }), OPEN],
    ["only a consumer of the stream", denying("*", { Resource: `${STREAM}/consumer/app:1` }), NOTHING],
    ["another role", denying({ AWS: OTHER_ROLE }), NOTHING],
    ["a session of another role", denying({ AWS: SESSION.replace("writer", "writers") }), NOTHING],
    ["a deleted role", denying({ AWS: "AROAEXAMPLEDELETED" }), NOTHING],
    ["another account", denying({ AWS: "arn:aws:iam::444455556666:root" }), NOTHING],
    ["a service", denying({ Service: "lambda.amazonaws.com" }), NOTHING],
    ["reading", denying("*", { Action: "kinesis:GetRecords" }), NOTHING],
    [
      "requests without TLS",
      denying("*", { Condition: { Bool: { "aws:SecureTransport": "false" } } }),
      NOTHING,
    ],
    [
      "requests without TLS, as a list, a boolean, and in other cases",
      denying("*", { Condition: { boolIfExists: { "AWS:securetransport": [false] } } }),
      NOTHING,
    ],
    ["requests with TLS", denying("*", { Condition: { Bool: { "aws:SecureTransport": "true" } } }), OPEN],
    [
      "requests with and without TLS",
      denying("*", { Condition: { Bool: { "aws:SecureTransport": ["true", "false"] } } }),
      OPEN,
    ],
  ];
  for (const [what, statement, code] of denials) {
    it(`that denies ${what}: ${code ?? "nothing"}`, async () => {
      expect(await found(ROLE_ID, statement)).to.deep.equal(code === undefined ? [] : [code]);
    });
  }

  it("that denies a role's id is open if the role could not be read", async () => {
    expect(await found(undefined, denying({ AWS: "AROAEXAMPLE" }))).to.deep.equal([OPEN]);
  });

  it("that allows a deleted role lets nobody in", async () => {
    const allowing = { ...denying({ AWS: ["AROAEXAMPLEDELETED", ROLE_ID] }), Effect: "Allow" };
    expect(await found(ROLE_ID, allowing)).to.deep.equal(["deleted-principal"]);
  });
});
