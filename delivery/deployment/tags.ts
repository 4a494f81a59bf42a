import { type KinesisClient, ListTagsForResourceCommand } from "@aws-sdk/client-kinesis";
import { describeError } from "../aws/errors";
import { type Finding, finding } from "../common/findings";
import type { StackOutputs } from "../common/outputs";
import { ACTIONS } from "./iam/actions";
import { inspect } from "./inspection";
import { failureRemedy, grantRemedy, streamRemedy } from "./remedies";

/** Checks that the stream has a tag. Source: AWS Security Hub, Kinesis.2. */
export function checkStreamTags(
  client: KinesisClient,
  streamArn: string,
  outputs: StackOutputs,
): Promise<Finding[]> {
  return inspect(
    async () => {
      const { Tags = [] } = await client.send(new ListTagsForResourceCommand({ ResourceARN: streamArn }));
      const tag = `aws kinesis tag-resource --region ${outputs.region} --resource-arn ${streamArn} --tags owner=NAME`;
      const remedy = streamRemedy(outputs, TAG_AGAIN, `run \`${tag}\``);
      return untagged("stream", "Kinesis.2", Tags, streamArn, remedy);
    },
    (error) => [
      finding.warning(
        "tags-not-readable",
        streamArn,
        `The stream's tags can't be read: ${describeError(error)}`,
        failureRemedy(error, grantRemedy(ACTIONS.readStreamTags, "the stream")),
      ),
    ],
  );
}

const TAG_AGAIN =
  "Run `pulumi up --refresh` to tag it again. `pulumi config set --path 'tags.owner' NAME` adds your own tags";

/** Ignores AWS's own tags, whose keys begin with `aws:`. Source: AWS Security Hub, Kinesis.2 and IAM.24. */
export function untagged(
  kind: "stream" | "role",
  control: string,
  tags: { Key?: string | undefined }[],
  where: string,
  remedy = TAG_AGAIN,
): Finding[] {
  if (tags.some(({ Key = "" }) => !Key.startsWith("aws:"))) return [];
  return [
    finding.warning(
      "untagged",
      where,
      `The ${kind} has no tag (Security Hub ${control}), so its owner can't be identified`,
      remedy,
    ),
  ];
}
