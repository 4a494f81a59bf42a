/**
 * The vendor's facts: the documented requirements of Amplitude's Kinesis destination, and how the guard is built on them.
 * This file imports nothing. `components` and `delivery` share only this file.
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

/** Namespace of the metric that counts the events of other Amplitude projects. */
export const GUARD_NAMESPACE = "AmplitudeKinesis";

/** Returns the name of the stream's metric in `GUARD_NAMESPACE`. A metric filter can't set a fixed dimension. */
export function guardMetric(streamName: string): string {
  return `events-of-other-projects-${streamName}`;
}

/**
 * Returns the pattern that matches records of other Amplitude projects. `app` must be the number, not a string.
 * `anything-but` compares whole values, unlike ranges, which miss strings, null and long numbers.
 * Source: AWS, EventBridge User Guide, "Comparison operators for use in event patterns".
 */
export function guardPattern(projectIds: readonly number[]): string {
  return JSON.stringify({ data: { app: [{ "anything-but": projectIds }, { exists: false }] } });
}
