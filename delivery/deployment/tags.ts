import { type KinesisClient, ListTagsForResourceCommand } from "@aws-sdk/client-kinesis";
import { describeError } from "../aws/errors";
import { type Finding, finding } from "../common/findings";
import { ACTIONS } from "./iam/actions";
import { grantRemedy, inspect } from "./inspection";

/** Checks that the stream has a tag. Source: AWS Security Hub, Kinesis.2. */
export function checkStreamTags(client: KinesisClient, streamArn: string): Promise<Finding[]> {
  return inspect(
    async () => {
      const { Tags = [] } = await client.send(new ListTagsForResourceCommand({ ResourceARN: streamArn }));
      return untagged("stream", "Kinesis.2", Tags, streamArn);
    },
    (error) => [
      finding.warning(
        "tags-not-readable",
        streamArn,
        `The stream's tags can't be read: ${describeError(error)}`,
        grantRemedy(ACTIONS.readStreamTags, "the stream"),
      ),
    ],
  );
}

/** Ignores AWS's own tags, whose keys begin with `aws:`. Source: AWS Security Hub, Kinesis.2 and IAM.24. */
export function untagged(
  kind: "stream" | "role",
  control: string,
  tags: { Key?: string | undefined }[],
  where: string,
): Finding[] {
  if (tags.some(({ Key = "" }) => !Key.startsWith("aws:"))) return [];
  return [
    finding.warning(
      "untagged",
      where,
      `The ${kind} has no tag (Security Hub ${control}), so its owner can't be identified`,
      "Run `pulumi up --refresh` to tag it again. `pulumi config set --path 'tags.owner' NAME` adds your own tags",
    ),
  ];
}
