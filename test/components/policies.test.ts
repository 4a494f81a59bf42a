import { expect } from "chai";
import { insecureTransportDenial, trustPolicy, writePolicy } from "../../components/policies";
import { decide } from "../../sandbox/aws/enforcement";

const streamArn = "arn:aws:kinesis:eu-central-1:111122223333:stream/events";
const roleArn = "arn:aws:iam::111122223333:role/amplitude";
const amplitude = "arn:aws:iam::358203115967:root";

describe("the trust policy", () => {
  it("is the vendor's: only Amplitude's account, only sts:AssumeRole, no condition", () => {
    const document = trustPolicy({ amplitudePrincipalArns: [amplitude], testPrincipalArns: [] });
    expect(document).to.deep.equal({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "AmplitudeAssumesRole",
          Effect: "Allow",
          Principal: { AWS: amplitude },
          Action: "sts:AssumeRole",
        },
      ],
    });
  });

  it("requires the external id from every principal, with StringEquals", () => {
    const document = trustPolicy({
      amplitudePrincipalArns: [amplitude],
      testPrincipalArns: ["arn:aws:iam::111122223333:user/tester"],
      externalId: "acme-1",
    });
    for (const statement of document.Statement) {
      expect(statement.Condition).to.deep.equal({ StringEquals: { "sts:ExternalId": "acme-1" } });
    }
  });

  it("names test principals in a separate statement", () => {
    const testers = ["arn:aws:iam::111122223333:user/a", "arn:aws:iam::111122223333:role/b"];
    const document = trustPolicy({ amplitudePrincipalArns: [amplitude], testPrincipalArns: testers });
    expect(document.Statement.map(({ Principal }) => Principal?.AWS)).to.deep.equal([amplitude, testers]);
  });
});

describe("the trust policy, restricted by ARN patterns", () => {
  const pattern = "arn:aws:iam::358203115967:role/export-*";
  const document = trustPolicy({
    amplitudePrincipalArns: [amplitude],
    amplitudePrincipalArnPatterns: [pattern],
    testPrincipalArns: ["arn:aws:iam::111122223333:user/tester"],
  });

  it("requires a matching aws:PrincipalArn from Amplitude's principals, and not from the testers", () => {
    const [ours, testers] = document.Statement;
    expect(ours?.Condition).to.deep.equal({ ArnLike: { "aws:PrincipalArn": pattern } });
    expect(testers?.Condition).to.equal(undefined);
  });

  const cases: [string, string][] = [
    ["arn:aws:iam::358203115967:role/export-1", "Allowed"],
    ["arn:aws:iam::358203115967:role/other", "ImplicitlyDenied"],
    ["arn:aws:iam::444455556666:role/export-1", "ImplicitlyDenied"],
    ["arn:aws:iam::111122223333:user/tester", "Allowed"],
    ["arn:aws:iam::111122223333:user/other", "ImplicitlyDenied"],
  ];
  for (const [principalArn, outcome] of cases) {
    it(`decides ${outcome} for ${principalArn}`, async () => {
      const everything = {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
      };
      const decision = await decide({
        principalArn,
        grants: { identityPolicies: [{ name: "all", policy: everything }] },
        action: "sts:AssumeRole",
        resource: roleArn,
        resourceAccountId: "111122223333",
        context: {
          "aws:PrincipalArn": principalArn,
          "aws:PrincipalAccount": principalArn.split(":")[4] ?? "",
        },
        resourcePolicy: { ...document },
      });
      const isOwnAccount = principalArn.includes("111122223333");
      // Within one account the caller's policies suffice for most actions, so the test evaluates only the trust policy.
      if (!isOwnAccount) expect(decision.outcome).to.equal(outcome);
      else expect(decision.analysis?.resourceAnalysis?.result === "Allowed").to.equal(outcome === "Allowed");
    });
  }
});

describe("the stream's resource policy", () => {
  it("allows nothing, and denies every action that it can name without TLS", () => {
    const [statement, ...more] = insecureTransportDenial(streamArn).Statement;
    expect(more).to.deep.equal([]);
    expect(statement).to.deep.include({
      Effect: "Deny",
      Principal: { AWS: "*" },
      Resource: streamArn,
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    });
  });
});

describe("the write policy", () => {
  it("allows writing on the stream and simulating on the role, and nothing else", () => {
    expect(writePolicy({ streamArn, roleArn })).to.deep.equal({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "WriteToStream",
          Effect: "Allow",
          Action: ["kinesis:PutRecord", "kinesis:PutRecords"],
          Resource: streamArn,
        },
        {
          Sid: "SimulateOwnPermissions",
          Effect: "Allow",
          Action: "iam:SimulatePrincipalPolicy",
          Resource: roleArn,
        },
      ],
    });
  });

  it("allows a customer-managed key only for this stream, through Kinesis in its region", () => {
    const kmsKeyArn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const [, , statement, ...more] = writePolicy({ streamArn, roleArn, kmsKeyArn }).Statement;
    expect(more).to.deep.equal([]);
    expect(statement).to.deep.equal({
      Sid: "EncryptForStream",
      Effect: "Allow",
      Action: "kms:GenerateDataKey",
      Resource: kmsKeyArn,
      Condition: {
        StringEquals: {
          "kms:ViaService": "kinesis.eu-central-1.amazonaws.com",
          "kms:EncryptionContext:aws:kinesis:arn": streamArn,
        },
      },
    });
  });
});
