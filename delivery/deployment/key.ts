import { DescribeKeyCommand, type KMSClient } from "@aws-sdk/client-kms";
import { type Finding, finding } from "../common/findings";
import type { StackOutputs } from "../common/outputs";
import { ACTIONS } from "./iam/actions";
import { failed, grantRemedy, inspect, isNamed, kinesisCommand, streamRemedy } from "./inspection";

/**
 * Returns the ARN of a key that a stream names by an alias or a bare id, because policies name keys only by ARN. Returns
 * `kmsKeyId` itself if the caller may not look the key up.
 */
export function resolveKey(client: KMSClient, kmsKeyId: string): Promise<string> {
  if (kmsKeyId.includes(":key/")) return Promise.resolve(kmsKeyId);
  return inspect(
    async () => {
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: kmsKeyId }));
      return KeyMetadata?.Arn ?? kmsKeyId;
    },
    () => kmsKeyId,
  );
}

/** Checks whether a customer managed key can encrypt: a disabled one stops every write. */
export function checkStreamKey(
  client: KMSClient,
  kmsKeyId: string,
  outputs: StackOutputs,
): Promise<Finding[]> {
  return inspect(
    async () => {
      const { KeyMetadata: key } = await client.send(new DescribeKeyCommand({ KeyId: kmsKeyId }));
      const state = key?.KeyState;
      if (state === "Enabled") return [];
      const keyArn = key?.Arn ?? kmsKeyId;
      return [unusable(`The stream's key is ${state}`, keyArn, remedyFor(state, keyArn, outputs))];
    },
    (error) => [
      isNamed(error, "NotFoundException")
        ? unusable("The stream's key does not exist", kmsKeyId, changeKey(outputs))
        : undetermined(error, kmsKeyId),
    ],
  );
}

function changeKey(outputs: StackOutputs): string {
  const encrypt = "start-stream-encryption --encryption-type KMS --key-id alias/aws/kinesis";
  return streamRemedy(
    outputs,
    "Set kmsKeyArn to a key that exists, or remove it to use AWS's own key, and run `pulumi up --refresh`",
    `run ${kinesisCommand(outputs, encrypt)} to use AWS's own key`,
  );
}

/** EnableKey and CancelKeyDeletion take no alias. Source: AWS, KMS API Reference. */
function remedyFor(state: string | undefined, keyArn: string, outputs: StackOutputs): string {
  const enable = `\`aws kms enable-key --key-id ${keyArn}\``;
  if (state === "Disabled") return `Run ${enable}`;
  if (state === "PendingDeletion")
    return `Run \`aws kms cancel-key-deletion --key-id ${keyArn}\`, then ${enable}`;
  return `Look at \`aws kms describe-key --key-id ${keyArn}\`. ${changeKey(outputs)}`;
}

function unusable(what: string, where: string, remedy: string): Finding {
  const message = `${what}, so Kinesis can't encrypt with it and rejects Amplitude's records`;
  return finding.error("key-unusable", where, message, remedy);
}

function undetermined(error: unknown, where: string): Finding {
  const grant = grantRemedy(ACTIONS.readKey, "the key");
  const [message, remedy] = failed("The state of the stream's key can't be read", error, grant);
  const proof = "or run `npx amplitude-kinesis verify` to prove that the stream accepts records";
  return finding.undetermined("key-undetermined", where, message, `${remedy}, ${proof}`);
}
