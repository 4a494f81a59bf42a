import { expect } from "chai";
import { trustPolicy, writePolicy } from "../../components/policies";

const streamArn = "arn:aws:kinesis:eu-central-1:111122223333:stream/events";
const roleArn = "arn:aws:iam::111122223333:role/amplitude";
const amplitude = "arn:aws:iam::358203115967:root";

describe("the trust policy", () => {
  it("is the vendor's: Amplitude's account alone, sts:AssumeRole alone, without a condition", () => {
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

  it("demands the external id of every principal, by StringEquals", () => {
    const document = trustPolicy({
      amplitudePrincipalArns: [amplitude],
      testPrincipalArns: ["arn:aws:iam::111122223333:user/tester"],
      externalId: "acme-1",
    });
    for (const statement of document.Statement) {
      expect(statement.Condition).to.deep.equal({ StringEquals: { "sts:ExternalId": "acme-1" } });
    }
  });

  it("names test principals in a statement of their own", () => {
    const testers = ["arn:aws:iam::111122223333:user/a", "arn:aws:iam::111122223333:role/b"];
    const document = trustPolicy({ amplitudePrincipalArns: [amplitude], testPrincipalArns: testers });
    expect(document.Statement.map(({ Principal }) => Principal?.AWS)).to.deep.equal([amplitude, testers]);
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

  it("allows a customer's key for this stream alone, through Kinesis in its region", () => {
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
