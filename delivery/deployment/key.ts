import { DescribeKeyCommand, type KMSClient } from "@aws-sdk/client-kms";
import { credentialsProblem } from "../aws/credentials";
import { describeError, isAccessDenied, isCredentialsError } from "../aws/errors";
import { type Finding, finding } from "../common/findings";

/** Whether a customer's own key can encrypt: a disabled one stops every write. */
export async function checkStreamKey(client: KMSClient, kmsKeyId: string): Promise<Finding[]> {
  try {
    const { KeyMetadata: key } = await client.send(new DescribeKeyCommand({ KeyId: kmsKeyId }));
    if (key?.KeyState === "Enabled") return [];
    return [
      unusable(
        `The stream's key is ${key?.KeyState}`,
        key?.Arn ?? kmsKeyId,
        remedyFor(key?.KeyState, kmsKeyId),
      ),
    ];
  } catch (error) {
    if (isCredentialsError(error)) throw credentialsProblem(error);
    if (error instanceof Error && error.name === "NotFoundException") {
      return [unusable("The stream's key does not exist", kmsKeyId, REKEY)];
    }
    return [undetermined(error, kmsKeyId)];
  }
}

const REKEY =
  "Set kmsKeyArn to a key that exists, or leave it out for the AWS-managed one, and run `pulumi up`";

function remedyFor(state: string | undefined, keyId: string): string {
  if (state === "Disabled") return `\`aws kms enable-key --key-id ${keyId}\``;
  if (state === "PendingDeletion")
    return `\`aws kms cancel-key-deletion --key-id ${keyId}\`, then \`aws kms enable-key --key-id ${keyId}\``;
  return `See \`aws kms describe-key --key-id ${keyId}\`. ${REKEY}`;
}

function unusable(what: string, where: string, remedy: string): Finding {
  return finding.error(
    "key-unusable",
    where,
    `${what}: Kinesis can't encrypt with it, and refuses Amplitude's records`,
    remedy,
  );
}

function undetermined(error: unknown, where: string): Finding {
  return finding.undetermined(
    "key-undetermined",
    where,
    `Whether the stream's key is enabled can't be found out: ${describeError(error)}`,
    isAccessDenied(error)
      ? "Give the person who runs this kms:DescribeKey on the key, or prove by `amplitude-kinesis verify` that records are taken"
      : "Run this again, or prove by `amplitude-kinesis verify` that records are taken",
  );
}
