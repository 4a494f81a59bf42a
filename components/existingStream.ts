import { getCallerIdentityOutput } from "@pulumi/aws/getCallerIdentity";
import * as pulumi from "@pulumi/pulumi";
import { inPartition } from "./partition";
import { refusal } from "./propertyError";

/** What the component needs of a stream, made by it or not. */
export interface StreamFacts {
  arn: pulumi.Output<string>;
  name: pulumi.Output<string>;
  region: pulumi.Output<string>;
}

/** ARN of a data stream; the account and the name are its groups. */
export const STREAM_ARN = /^arn:aws:kinesis:([a-z0-9-]+):(\d{12}):stream\/([a-zA-Z0-9_.-]{1,128})$/;

/**
 * A stream that exists already, once it is known to lie in the account in which the role is made.
 *
 * @throws pulumi.InputPropertiesError from its Outputs for a stream of another account or partition.
 */
export function checkedExistingStream(
  streamArn: pulumi.Input<string> | undefined,
  parent: pulumi.Resource,
): StreamFacts | undefined {
  if (streamArn === undefined) return undefined;
  const { accountId } = getCallerIdentityOutput({}, { parent });
  const arn = pulumi.all([streamArn, accountId]).apply(([given, own]) => inAccount(inPartition(given), own));
  const part = (index: number) => arn.apply((known) => STREAM_ARN.exec(known)?.[index] ?? "");
  return { arn, region: part(1), name: part(3) };
}

/** @throws pulumi.InputPropertiesError for a stream that another account owns. */
export function inAccount(streamArn: string, accountId: string): string {
  const owner = STREAM_ARN.exec(streamArn)?.[2];
  if (owner === accountId) return streamArn;
  const reason =
    `${streamArn} is not a stream of account ${accountId}, in which the role is made: Amplitude is given the stream's ` +
    "name alone, and looks for it in the role's account. Deploy with credentials of the stream's account";
  throw refusal("existingStreamArn", reason);
}
