import * as pulumi from "@pulumi/pulumi";
import { requireAwsPartition, resolveAccount } from "./region";
import { inputError } from "./validation";

/** Outputs of a stream that the component needs, whether it is new or existing. */
export interface StreamFacts {
  arn: pulumi.Output<string>;
  name: pulumi.Output<string>;
  region: pulumi.Output<string>;
}

/** ARN of a data stream. Its groups are the region, the account and the name. */
export const STREAM_ARN = /^arn:aws:kinesis:([a-z0-9-]+):(\d{12}):stream\/([a-zA-Z0-9_.-]{1,128})$/;

/**
 * Returns an existing stream's Outputs, which resolve once its account is known to be the role's.
 * They reject with pulumi.InputPropertiesError for a stream in another account or partition.
 */
export function resolveExistingStream(
  streamArn: pulumi.Input<string> | undefined,
  parent: pulumi.Resource,
): StreamFacts | undefined {
  if (streamArn === undefined) return undefined;
  const arn = pulumi
    .all([streamArn, resolveAccount(parent)])
    .apply(([given, own]) => requireAccount(requireAwsPartition(given), own));
  const part = (index: number) => arn.apply((known) => STREAM_ARN.exec(known)?.[index] ?? "");
  return { arn, region: part(1), name: part(3) };
}

/** @throws pulumi.InputPropertiesError if another account owns the stream. */
export function requireAccount(streamArn: string, accountId: string): string {
  const owner = STREAM_ARN.exec(streamArn)?.[2];
  if (owner === accountId) return streamArn;
  const reason =
    `the stream is not in the role's account ${accountId}: Amplitude receives only the stream's name, and looks for ` +
    "it in the role's account. Deploy with credentials for the stream's account";
  throw inputError("existingStreamArn", reason);
}
