import {
  CreateStreamCommand,
  DeleteStreamCommand,
  type KinesisClient,
  ListTagsForStreamCommand,
  MetricsName,
  type StreamDescriptionSummary,
} from "@aws-sdk/client-kinesis";
import type { Aws } from "./clients";
import {
  type CheckFailure,
  number,
  object,
  type Properties,
  present,
  requiredText,
  type Tag,
  tagMap,
  tagOutputs,
  text,
  textMap,
  texts,
} from "./properties";
import type { Found, ResourceType } from "./resourceType";
import { findStream, finishStream, goneStream, updateStream } from "./streamUpdate";

export const streamType: ResourceType = {
  token: "aws:kinesis/stream:Stream",
  properties: {
    name: { type: "string", replaces: true },
    region: { type: "string", replaces: true, computed: true },
    streamModeDetails: { type: "object", computed: true },
    shardCount: { type: "number" },
    retentionPeriod: { type: "number", default: 24 },
    shardLevelMetrics: { type: "stringSet" },
    maxRecordSizeInKib: { type: "number", computed: true },
    encryptionType: { type: "string", default: "NONE" },
    kmsKeyId: { type: "string" },
    enforceConsumerDeletion: { type: "boolean", default: false, providerOnly: true },
    tags: { type: "stringMap" },
  },
  computedOutputs: ["arn", "streamModeDetails", "maxRecordSizeInKib"],
  naming: { longest: 128, characters: /[a-zA-Z0-9_.-]/, hasPrefix: false },
  rules,
  create,
  finish: async (aws, id, inputs) => finishStream(aws, placeOf(aws, id), id, inputs),
  read,
  update: updateStream,
  delete: remove,
};

/** Source of the bounds: AWS, Kinesis API Reference, IncreaseStreamRetentionPeriod and CreateStream. */
function rules(inputs: Properties): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const refuse = (property: string, reason: string) => failures.push({ property, reason });
  const mode = text(object(inputs, "streamModeDetails"), "streamMode");
  const encryption = text(inputs, "encryptionType");
  const shards = number(inputs, "shardCount");
  const metrics = texts(inputs, "shardLevelMetrics");
  if (mode !== undefined && !["ON_DEMAND", "PROVISIONED"].includes(mode)) {
    refuse("streamModeDetails.streamMode", `${mode} must be ON_DEMAND or PROVISIONED`);
  }
  if (mode === "ON_DEMAND" && shards !== undefined) {
    refuse("shardCount", "must not be set when streamMode is ON_DEMAND");
  }
  if (mode === "PROVISIONED" && (shards ?? 1) < 1) {
    refuse("shardCount", "must be at least 1 when streamMode is PROVISIONED");
  }
  if (encryption !== "NONE" && encryption !== "KMS" && encryption !== undefined) {
    refuse("encryptionType", `${encryption} must be NONE or KMS`);
  }
  failures.push(
    ...range(inputs, "retentionPeriod", 24, 8760),
    ...range(inputs, "maxRecordSizeInKib", 1024, 10240),
  );
  const known = new Set<string>(Object.values(MetricsName).filter((name) => name !== "ALL"));
  for (const metric of metrics.filter((name) => !known.has(name)))
    refuse("shardLevelMetrics", `no metric ${metric}`);
  return failures;
}

function range(inputs: Properties, property: string, least: number, most: number): CheckFailure[] {
  const value = number(inputs, property);
  if (value === undefined || (value >= least && value <= most)) return [];
  return [{ property, reason: `${value} must be from ${least} to ${most}` }];
}

async function create(aws: Aws, inputs: Properties): Promise<string> {
  const region = text(inputs, "region") ?? aws.region;
  const name = requiredText(inputs, "name");
  const mode = text(object(inputs, "streamModeDetails"), "streamMode");
  await aws.kinesis(region).send(
    new CreateStreamCommand({
      StreamName: name,
      Tags: textMap(inputs, "tags"),
      ...present({
        MaxRecordSizeInKiB: number(inputs, "maxRecordSizeInKib"),
        ShardCount: mode === "ON_DEMAND" ? undefined : number(inputs, "shardCount"),
      }),
      ...(mode === "ON_DEMAND" || mode === "PROVISIONED" ? { StreamModeDetails: { StreamMode: mode } } : {}),
    }),
  );
  const summary = await findStream(aws, { region, name });
  if (summary?.StreamARN === undefined)
    throw new Error(`Kinesis stream ${name} was created and can't be found`);
  return summary.StreamARN;
}

async function read(aws: Aws, id: string): Promise<Found | undefined> {
  const place = placeOf(aws, id);
  const summary = await findStream(aws, place);
  const arn = summary?.StreamARN;
  if (summary === undefined || arn === undefined || summary.StreamStatus === "DELETING") return undefined;
  const tags = tagOutputs(await tagsOf(aws.kinesis(place.region), place.name));
  return { id: arn, state: { ...stateOf(summary), arn, region: place.region, ...tags } };
}

async function tagsOf(kinesis: KinesisClient, StreamName: string): Promise<Record<string, string>> {
  const found: Tag[] = [];
  for (let last: string | undefined; ; last = found.at(-1)?.Key) {
    const from = last === undefined ? {} : { ExclusiveStartTagKey: last };
    const { Tags = [], HasMoreTags } = await kinesis.send(
      new ListTagsForStreamCommand({ StreamName, ...from }),
    );
    found.push(...Tags);
    if (HasMoreTags !== true || Tags.length === 0) return tagMap(found);
  }
}

function stateOf(summary: StreamDescriptionSummary): Properties {
  const metrics = (summary.EnhancedMonitoring ?? []).flatMap(
    ({ ShardLevelMetrics }) => ShardLevelMetrics ?? [],
  );
  const mode = summary.StreamModeDetails?.StreamMode ?? "PROVISIONED";
  return present({
    name: summary.StreamName,
    streamModeDetails: { streamMode: mode },
    shardCount: mode === "PROVISIONED" ? summary.OpenShardCount : undefined,
    retentionPeriod: summary.RetentionPeriodHours,
    shardLevelMetrics: metrics.length > 0 ? metrics.sort() : undefined,
    maxRecordSizeInKib: summary.MaxRecordSizeInKiB,
    encryptionType: summary.EncryptionType ?? "NONE",
    kmsKeyId: summary.KeyId,
  });
}

async function remove(aws: Aws, id: string, state: Properties): Promise<void> {
  const place = placeOf(aws, id);
  if ((await findStream(aws, place)) === undefined) return;
  const EnforceConsumerDeletion = state.enforceConsumerDeletion === true;
  await aws
    .kinesis(place.region)
    .send(new DeleteStreamCommand({ StreamName: place.name, EnforceConsumerDeletion }));
  await goneStream(aws, place);
}

/** A stream is identified by its ARN, and imported by its name or by `name@region`. */
function placeOf(aws: Aws, id: string): { region: string; name: string } {
  const [, arnRegion, arnName] = /^arn:[\w-]+:kinesis:([\w-]+):\d{12}:stream\/(.+)$/.exec(id) ?? [];
  if (arnRegion !== undefined && arnName !== undefined) return { region: arnRegion, name: arnName };
  const [name = id, region = aws.region] = id.split("@");
  return { region, name };
}
