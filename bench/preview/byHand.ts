import * as iam from "@pulumi/aws/iam";
import * as kinesis from "@pulumi/aws/kinesis";
import * as pulumi from "@pulumi/pulumi";

/** Creates the same four resources as `withComponent.ts`, without the component. */
const tags = { "amplitude-kinesis:destination": "amplitude" };

const stream = new kinesis.Stream("amplitude-stream", {
  streamModeDetails: { streamMode: "ON_DEMAND" },
  retentionPeriod: 168,
  encryptionType: "KMS",
  kmsKeyId: "alias/aws/kinesis",
  tags,
});
const role = new iam.Role("amplitude-role", {
  description: "Assumed by Amplitude to deliver events to a Kinesis data stream",
  assumeRolePolicy: JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: { AWS: "arn:aws:iam::358203115967:root" }, Action: "sts:AssumeRole" },
    ],
  }),
  maxSessionDuration: 3600,
  tags,
});
const policy = new iam.Policy("amplitude-policy", {
  description: "Lets Amplitude write events to one Kinesis data stream",
  policy: pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["kinesis:PutRecord", "kinesis:PutRecords"], Resource: stream.arn },
      { Effect: "Allow", Action: "iam:SimulatePrincipalPolicy", Resource: role.arn },
    ],
  }),
  tags,
});
new iam.RolePolicyAttachment("amplitude-attachment", { role: role.name, policyArn: policy.arn });

export const roleArn = role.arn;
export const region = stream.region;
export const streamName = stream.name;
