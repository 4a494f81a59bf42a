import type { Command } from "commander";
import { SettingsError } from "../../common/errors";
import {
  type FurtherOutputs,
  type OutputsOrigin,
  resolveOutputs,
  type StackOutputs,
} from "../../common/outputs";
import { readOutputsFile, readStack } from "./stackOutputs";

/** The options of every command that works on one deployment. */
export interface DeploymentFlags {
  stack?: string;
  cwd?: string;
  outputs?: string;
  roleArn?: string;
  region?: string;
  streamName?: string;
}

export function withDeploymentOptions(command: Command): Command {
  return command
    .option("--stack <name>", "take role ARN, region and stream name from this Pulumi stack")
    .option("--cwd <folder>", "the Pulumi project's folder, with --stack (default: the current one)")
    .option(
      "--outputs <file>",
      "take them from what `pulumi stack output --json` printed; - is standard input",
    )
    .option("--role-arn <arn>", "the role that Amplitude assumes; wins over --stack and --outputs")
    .option("--region <region>", "the stream's region; wins likewise")
    .option("--stream-name <name>", "the stream's name; wins likewise");
}

/**
 * The stack's three outputs, the surest first: a flag wins over a file, a file over a stack.
 *
 * @throws SettingsError where one is missing or malformed, or where they come from can't be read.
 */
export async function outputsOf(flags: DeploymentFlags): Promise<StackOutputs> {
  return resolveOutputs(await originsOf(flags));
}

/**
 * Where the outputs come from, each place with all that it has; standard input can be read but once.
 *
 * @throws SettingsError where there is none, or one can't be read.
 */
export async function originsOf(flags: DeploymentFlags): Promise<OutputsOrigin[]> {
  const { roleArn, region, streamName } = flags;
  const origins: OutputsOrigin[] = [
    { description: "--role-arn, --region and --stream-name", values: { roleArn, region, streamName } },
  ];
  const complete = roleArn !== undefined && region !== undefined && streamName !== undefined;
  if (flags.outputs !== undefined && !complete) origins.push(await readOutputsFile(flags.outputs));
  if (flags.stack !== undefined && !complete) origins.push(await readStack(flags.stack, flags.cwd));
  if (origins.length === 1 && !complete) {
    throw new SettingsError(
      "Which stream? Give --stack NAME, --outputs FILE (what `pulumi stack output --json` prints), or --role-arn, --region and --stream-name",
    );
  }
  return origins;
}

/** What a stack says of itself beside the three outputs, where it does. */
export function furtherOutputsOf(origins: OutputsOrigin[]): FurtherOutputs {
  const further: FurtherOutputs = {};
  for (const name of ["streamArn", "roleName", "policyArn"] as const) {
    const values = origins.map(({ values }) => (values as Record<string, unknown>)[name]);
    const value = values.find((each) => typeof each === "string");
    if (typeof value === "string") further[name] = value;
  }
  return further;
}
