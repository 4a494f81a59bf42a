/**
 * The vendor's facts: what Amplitude's Kinesis destination is documented to need. This file imports nothing;
 * it is the one file that `components` and `delivery` share.
 *
 * Source of all of them, unless a line says otherwise: Amplitude's page "Kinesis Data Stream Event Streaming".
 */

/** The AWS account from which Amplitude assumes the customer's role. The account of the EU data region is undocumented. */
export const AMPLITUDE_ACCOUNT_ID = "358203115967";

/** The one action of the trust policy. */
export const ASSUME_ROLE_ACTION = "sts:AssumeRole";

/** What the role may do on the stream, and nothing more. */
export const WRITE_ACTIONS = ["kinesis:PutRecord", "kinesis:PutRecords"] as const;

/** What the role may do on itself: Amplitude checks its permissions with it, without writing. */
export const SIMULATE_ACTION = "iam:SimulatePrincipalPolicy";

/**
 * What the role needs on a customer's own KMS key.
 * Source: AWS, "Permissions to use user-generated KMS keys" (Kinesis Data Streams Developer Guide).
 */
export const GENERATE_DATA_KEY_ACTION = "kms:GenerateDataKey";

/** The principal that the documented trust policy names. */
export function accountRootArn(accountId: string): string {
  return `arn:aws:iam::${accountId}:root`;
}
