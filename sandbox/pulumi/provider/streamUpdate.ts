import type {
  KinesisClient,
  MetricsName,
  StreamDescriptionSummary,
  StreamMode,
} from "@aws-sdk/client-kinesis";
import {
  AddTagsToStreamCommand,
  DecreaseStreamRetentionPeriodCommand,
  DescribeStreamSummaryCommand,
  DisableEnhancedMonitoringCommand,
  EnableEnhancedMonitoringCommand,
  IncreaseStreamRetentionPeriodCommand,
  RemoveTagsFromStreamCommand,
  ResourceNotFoundException,
  StartStreamEncryptionCommand,
  StopStreamEncryptionCommand,
  UpdateMaxRecordSizeCommand,
  UpdateShardCountCommand,
  UpdateStreamModeCommand,
} from "@aws-sdk/client-kinesis";
import type { Aws } from "./clients";
import { ifFound } from "./clients";
import { number, object, type Properties, requiredText, tagChanges, text, texts } from "./properties";

interface Change {
  kinesis: KinesisClient;
  arn: string;
  name: string;
  state: Properties;
  inputs: Properties;
}

/** Changes one thing. Returns whether the stream is then UPDATING, and accepts no other change. */
type Step = (change: Change) => Promise<boolean>;

/** Steps in the real provider's order. */
const UPDATE: Step[] = [
  changeTags,
  changeMode,
  changeShards,
  changeRetention,
  changeMetrics,
  changeEncryption,
  changeRecordSize,
];

/** Steps after CreateStream, which doesn't accept these properties. The real provider always sets the retention. */
const FINISH: Step[] = [setRetention, changeMetrics, changeEncryption];

export async function updateStream(
  aws: Aws,
  id: string,
  state: Properties,
  inputs: Properties,
): Promise<void> {
  const place = { region: requiredText(state, "region"), name: requiredText(state, "name") };
  await takeSteps(UPDATE, aws, place, { arn: id, state, inputs });
}

/** Completes a stream that was just created. */
export function finishStream(aws: Aws, place: StreamPlace, arn: string, inputs: Properties): Promise<void> {
  return takeSteps(FINISH, aws, place, { arn, state: {}, inputs });
}

async function takeSteps(
  steps: Step[],
  aws: Aws,
  place: StreamPlace,
  change: Omit<Change, "kinesis" | "name">,
): Promise<void> {
  await activeStream(aws, place);
  for (const step of steps) {
    const isUpdating = await step({ ...change, kinesis: aws.kinesis(place.region), name: place.name });
    if (isUpdating) await activeStream(aws, place);
  }
}

async function changeMode({ kinesis, arn, state, inputs }: Change): Promise<boolean> {
  const StreamMode = modeOf(inputs);
  if (StreamMode === undefined || StreamMode === modeOf(state)) return false;
  await kinesis.send(new UpdateStreamModeCommand({ StreamARN: arn, StreamModeDetails: { StreamMode } }));
  return true;
}

function modeOf(properties: Properties): StreamMode | undefined {
  return text(object(properties, "streamModeDetails"), "streamMode") as StreamMode | undefined;
}

async function changeShards({ kinesis, name, state, inputs }: Change): Promise<boolean> {
  const TargetShardCount = number(inputs, "shardCount");
  if (TargetShardCount === undefined || TargetShardCount === number(state, "shardCount")) return false;
  await kinesis.send(
    new UpdateShardCountCommand({ StreamName: name, ScalingType: "UNIFORM_SCALING", TargetShardCount }),
  );
  return true;
}

async function changeRetention({ kinesis, name, state, inputs }: Change): Promise<boolean> {
  const [old, hours] = [number(state, "retentionPeriod") ?? 24, number(inputs, "retentionPeriod") ?? 24];
  if (hours === old) return false;
  const request = { StreamName: name, RetentionPeriodHours: hours };
  if (hours > old) await kinesis.send(new IncreaseStreamRetentionPeriodCommand(request));
  else await kinesis.send(new DecreaseStreamRetentionPeriodCommand(request));
  return true;
}

async function setRetention({ kinesis, name, inputs }: Change): Promise<boolean> {
  const RetentionPeriodHours = number(inputs, "retentionPeriod");
  if (RetentionPeriodHours === undefined) return false;
  await kinesis.send(new IncreaseStreamRetentionPeriodCommand({ StreamName: name, RetentionPeriodHours }));
  return true;
}

async function changeRecordSize({ kinesis, arn, state, inputs }: Change): Promise<boolean> {
  const size = number(inputs, "maxRecordSizeInKib");
  if (size === undefined || size === number(state, "maxRecordSizeInKib")) return false;
  await kinesis.send(new UpdateMaxRecordSizeCommand({ StreamARN: arn, MaxRecordSizeInKiB: size }));
  return true;
}

async function changeMetrics({ kinesis, name, state, inputs }: Change): Promise<boolean> {
  const [old, wanted] = [texts(state, "shardLevelMetrics"), texts(inputs, "shardLevelMetrics")];
  const disabled = old.filter((metric) => !wanted.includes(metric)) as MetricsName[];
  const enabled = wanted.filter((metric) => !old.includes(metric)) as MetricsName[];
  const request = (ShardLevelMetrics: MetricsName[]) => ({ StreamName: name, ShardLevelMetrics });
  if (disabled.length > 0) await kinesis.send(new DisableEnhancedMonitoringCommand(request(disabled)));
  if (enabled.length > 0) await kinesis.send(new EnableEnhancedMonitoringCommand(request(enabled)));
  return disabled.length + enabled.length > 0;
}

/** Changes the key with a second StartStreamEncryption. The service tracks which key each record uses. */
async function changeEncryption({ kinesis, name, state, inputs }: Change): Promise<boolean> {
  const [old, wanted] = [encryptionOf(state), encryptionOf(inputs)];
  if (old.type === wanted.type && old.key === wanted.key) return false;
  if (wanted.type === "NONE") {
    const KeyId = requiredText(state, "kmsKeyId");
    await kinesis.send(new StopStreamEncryptionCommand({ StreamName: name, EncryptionType: "KMS", KeyId }));
    return true;
  }
  const KeyId = text(inputs, "kmsKeyId");
  if (KeyId === undefined)
    throw new Error("KMS Key Id required when setting encryption_type is not set as NONE");
  await kinesis.send(new StartStreamEncryptionCommand({ StreamName: name, EncryptionType: "KMS", KeyId }));
  return true;
}

function encryptionOf(properties: Properties) {
  const type = text(properties, "encryptionType") ?? "NONE";
  return { type, key: type === "KMS" ? text(properties, "kmsKeyId") : undefined };
}

/** Source: AWS, Kinesis API Reference, AddTagsToStream. The real provider also removes ten at a time. */
const MAX_TAGS_PER_CALL = 10;

async function changeTags({ kinesis, name, state, inputs }: Change): Promise<boolean> {
  const { removed, put } = tagChanges(state, inputs);
  for (const TagKeys of tens(removed)) {
    await kinesis.send(new RemoveTagsFromStreamCommand({ StreamName: name, TagKeys }));
  }
  for (const entries of tens(Object.entries(put))) {
    await kinesis.send(new AddTagsToStreamCommand({ StreamName: name, Tags: Object.fromEntries(entries) }));
  }
  return false;
}

function tens<T>(values: T[]): T[][] {
  const starts = values.map((_, index) => index).filter((index) => index % MAX_TAGS_PER_CALL === 0);
  return starts.map((start) => values.slice(start, start + MAX_TAGS_PER_CALL));
}

export interface StreamPlace {
  region: string;
  name: string;
}

export async function findStream(
  aws: Aws,
  { region, name }: StreamPlace,
): Promise<StreamDescriptionSummary | undefined> {
  const command = new DescribeStreamSummaryCommand({ StreamName: name });
  const response = await ifFound(ResourceNotFoundException, () => aws.kinesis(region).send(command));
  return response?.StreamDescriptionSummary;
}

/** Polls at once, then at doubling intervals. The real provider waits five minutes for a new stream. */
const PAUSES = { firstMs: 25, maxMs: 2_000, totalMs: 5 * 60_000 };

/** @throws Error if the stream is gone, or is not ACTIVE after five minutes. */
export async function activeStream(aws: Aws, place: StreamPlace): Promise<void> {
  await until(aws, `Kinesis stream ${place.name} to be ACTIVE`, async () => {
    const summary = await findStream(aws, place);
    if (summary === undefined) throw new Error(`Kinesis stream ${place.name} is gone`);
    return summary.StreamStatus === "ACTIVE";
  });
}

export async function goneStream(aws: Aws, place: StreamPlace): Promise<void> {
  await until(aws, `Kinesis stream ${place.name} to be gone`, async () => {
    return (await findStream(aws, place)) === undefined;
  });
}

async function until(aws: Aws, what: string, isSo: () => Promise<boolean>): Promise<void> {
  let waited = 0;
  for (let pause = PAUSES.firstMs; !(await isSo()); pause = Math.min(pause * 2, PAUSES.maxMs)) {
    if (waited >= PAUSES.totalMs) throw new Error(`waited ${PAUSES.totalMs / 1000} s for ${what}`);
    await aws.pause(pause);
    waited += pause;
  }
}
