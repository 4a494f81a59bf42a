/**
 * The vendor's facts: the documented requirements of Amplitude's Kinesis destination. This file imports nothing.
 * `components` and `delivery` share only this file.
 *
 * Source of all facts, unless a line says otherwise: Amplitude's page "Kinesis Data Stream Event Streaming".
 */

/** The AWS account from which Amplitude assumes the customer's role. The account of the EU data region is undocumented. */
export const AMPLITUDE_ACCOUNT_ID = "358203115967";

/** The only action in the trust policy. */
export const ASSUME_ROLE_ACTION = "sts:AssumeRole";

/** The only actions that the role may perform on the stream. */
export const WRITE_ACTIONS = ["kinesis:PutRecord", "kinesis:PutRecords"] as const;

/** The action that the role may perform on itself: Amplitude uses it to check permissions without writing. */
export const SIMULATE_ACTION = "iam:SimulatePrincipalPolicy";

/**
 * The action that the role needs on a customer-managed KMS key.
 * Source: AWS, "Permissions to use user-generated KMS keys" (Kinesis Data Streams Developer Guide).
 */
export const GENERATE_DATA_KEY_ACTION = "kms:GenerateDataKey";

/** Returns the principal that the documented trust policy names. */
export function accountRootArn(accountId: string): string {
  return `arn:aws:iam::${accountId}:root`;
}
