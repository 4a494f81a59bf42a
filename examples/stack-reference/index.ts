import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";

// organization/PROJECT/STACK: the stack of the customer, as `pulumi stack ls` names it.
const customer = new pulumi.StackReference("organization/amplitude-kinesis/acme");

/** What a consumer of the stream may do; with a key of the customer's own it needs kms:Decrypt too. */
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
