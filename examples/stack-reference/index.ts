import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";

// The customer's stack, as organization/PROJECT/STACK.
const customer = new pulumi.StackReference("organization/amplitude-kinesis/acme");

/** Lets a consumer read the stream. With a customer-managed key, it also needs kms:Decrypt. */
const reading = new iam.Policy("acme-events-reading", {
  policy: pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: [
          "kinesis:DescribeStreamSummary",
          "kinesis:ListShards",
          "kinesis:GetShardIterator",
          "kinesis:GetRecords",
        ],
        Resource: customer.requireOutput("streamArn"),
      },
    ],
  }),
});

export const readingPolicyArn = reading.arn;
