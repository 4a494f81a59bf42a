import {
  CreatePipeCommand,
  type CreatePipeCommandInput,
  DeletePipeCommand,
  DescribePipeCommand,
  type DescribePipeCommandOutput,
  NotFoundException,
  TagResourceCommand,
  UntagResourceCommand,
  UpdatePipeCommand,
} from "@aws-sdk/client-pipes";
import type { Aws } from "./clients";
import { ifFound } from "./clients";
import {
  isObject,
  object,
  type Properties,
  pick,
  requiredText,
  tagChanges,
  tagOutputs,
  text,
  textMap,
} from "./properties";
import type { Found, ResourceType } from "./resourceType";

/** Pipes from a stream to a log group, which are those that the sandbox runs. It rejects other parameters. */
export const pipeType: ResourceType = {
  token: "aws:pipes/pipe:Pipe",
  properties: {
    name: { type: "string", replaces: true, computed: true },
    region: { type: "string", replaces: true, computed: true },
    description: { type: "string" },
    desiredState: { type: "string", default: "RUNNING" },
    roleArn: { type: "string", required: true },
    source: { type: "string", required: true, replaces: true },
    sourceParameters: { type: "object" },
    target: { type: "string", required: true },
    targetParameters: { type: "object" },
    tags: { type: "stringMap" },
  },
  computedOutputs: ["arn"],
  naming: { longest: 64, characters: /[.\-_A-Za-z0-9]/, hasPrefix: false },
  create: async (aws, inputs) => {
    const name = requiredText(inputs, "name");
    await aws
      .pipes(inputs)
      .send(new CreatePipeCommand({ ...requestOf(inputs), Tags: textMap(inputs, "tags") }));
    return name;
  },
  finish: async (aws, id, inputs) => settle(aws, id, inputs),
  read,
  update,
  delete: async (aws, id, state) => {
    await ifFound(NotFoundException, () => aws.pipes(state).send(new DeletePipeCommand({ Name: id })));
  },
};

/** Properties with the names of the API's members, whose first letter is a capital. */
const MEMBERS = [
  "name",
  "description",
  "desiredState",
  "roleArn",
  "source",
  "sourceParameters",
  "target",
  "targetParameters",
];

function requestOf(inputs: Properties): CreatePipeCommandInput {
  const capitalized = (key: string) => key.charAt(0).toUpperCase() + key.slice(1);
  return renamed(pick(inputs, MEMBERS), capitalized) as CreatePipeCommandInput;
}

function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [rename(key), renamed(inner, rename)]));
}

async function read(aws: Aws, id: string, known: Properties = {}): Promise<Found | undefined> {
  const [name = id, region = text(known, "region") ?? aws.region] = id.split("@");
  const pipe = await ifFound(NotFoundException, () => describe(aws, name, { region }));
  if (pipe === undefined) return undefined;
  const members = renamed(pipe, (key) => key.charAt(0).toLowerCase() + key.slice(1)) as Properties;
  const state = pick(members, ["arn", ...MEMBERS]);
  return { id: name, state: { ...state, name, region, ...tagOutputs(pipe.Tags ?? {}) } };
}

/** Changes everything but the source. @throws Error for another starting position, which would need another pipe. */
async function update(aws: Aws, id: string, state: Properties, inputs: Properties): Promise<void> {
  const { Source: _, SourceParameters = {}, ...request } = requestOf(inputs);
  const { StartingPosition, ...kinesis } = SourceParameters.KinesisStreamParameters ?? {};
  const before = object(object(state, "sourceParameters"), "kinesisStreamParameters").startingPosition;
  if (StartingPosition !== before)
    throw new Error(`the sandbox's provider can't change the starting position ${before} of pipe ${id}`);
  const pipes = aws.pipes(inputs);
  await pipes.send(
    new UpdatePipeCommand({
      ...request,
      SourceParameters: { ...SourceParameters, KinesisStreamParameters: kinesis },
    } as ConstructorParameters<typeof UpdatePipeCommand>[0]),
  );
  await settle(aws, id, inputs);
  const { removed, put } = tagChanges(state, inputs);
  const resourceArn = requiredText(state, "arn");
  if (removed.length > 0) await pipes.send(new UntagResourceCommand({ resourceArn, tagKeys: removed }));
  if (Object.keys(put).length > 0) await pipes.send(new TagResourceCommand({ resourceArn, tags: put }));
}

const POLL_MS = 20;

/** Waits until the pipe runs or is stopped. @throws Error with the pipe's reason if it does neither. */
async function settle(aws: Aws, name: string, inputs: Properties): Promise<void> {
  for (;;) {
    const { CurrentState = "", StateReason } = await describe(aws, name, inputs);
    if (CurrentState === "RUNNING" || CurrentState === "STOPPED") return;
    if (CurrentState.endsWith("FAILED")) throw new Error(`pipe ${name} is ${CurrentState}: ${StateReason}`);
    await aws.pause(POLL_MS);
  }
}

function describe(aws: Aws, Name: string, properties: Properties): Promise<DescribePipeCommandOutput> {
  return aws.pipes(properties).send(new DescribePipeCommand({ Name }));
}
