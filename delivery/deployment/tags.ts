import { type KinesisClient, ListTagsForResourceCommand } from "@aws-sdk/client-kinesis";
import { credentialsProblem } from "../aws/credentials";
import { describeError, isCredentialsError } from "../aws/errors";
import { type Finding, finding } from "../common/findings";

/** Security Hub's Kinesis.2 asks for a tag on the stream. */
export async function checkStreamTags(client: KinesisClient, streamArn: string): Promise<Finding[]> {
  try {
    const { Tags = [] } = await client.send(new ListTagsForResourceCommand({ ResourceARN: streamArn }));
    return untagged("stream", "Kinesis.2", Tags, streamArn);
  } catch (error) {
    if (isCredentialsError(error)) throw credentialsProblem(error);
    return [
      finding.warning(
        "tags-not-readable",
        streamArn,
        `The stream's tags can't be read: ${describeError(error)}`,
        "Give the person who runs this kinesis:ListTagsForResource on the stream",
      ),
    ];
  }
}

/** AWS's own tags, whose keys begin with `aws:`, don't count. Source: AWS Security Hub, Kinesis.2 and IAM.24. */
export function untagged(
  what: "stream" | "role",
  control: string,
  tags: { Key?: string | undefined }[],
  where: string,
): Finding[] {
  if (tags.some(({ Key = "" }) => !Key.startsWith("aws:"))) return [];
  return [
    finding.warning(
      "untagged",
      where,
      `The ${what} has no tag (Security Hub ${control}): nobody can tell whose it is`,
      `Run \`pulumi up --refresh\`, which tags it again; \`pulumi config set --path 'tags.owner' NAME\` adds tags of your own`,
    ),
  ];
}
