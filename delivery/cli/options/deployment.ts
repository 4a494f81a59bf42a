import { createReadStream, existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import type { AwsOptions } from "../../aws/profile";
import {
  awsOptionsFrom,
  hasHiddenSettings,
  isCredentialSetting,
  type StackConfig,
} from "../../aws/providerConfig";
import { messageOf, SettingsError } from "../../common/errors";
import { MAX_INPUT_BYTES } from "../../common/limits";
import {
  destinationIn,
  type FurtherOutputs,
  furtherOutputsFrom,
  type OutputsOrigin,
  parseOutputs,
  type RequiredOutput,
  resolveOutputs,
  type StackOutputs,
} from "../../common/outputs";
import { readStack, readStackConfig } from "./stack";

/** Options of every command that works on one deployment. */
export interface DeploymentFlags {
  stack?: string;
  cwd?: string;
  outputs?: string;
  output?: string;
  roleArn?: string;
  region?: string;
  streamName?: string;
  profile?: string;
}

/** @param use What the credentials of `--profile` do, such as `read the stream`. Without it, the option is left out. */
export function withDeploymentOptions(command: Command, use?: string): Command {
  command
    .option("--stack <name>", "read role ARN, region and stream name from this Pulumi stack")
    .option("--cwd <folder>", "folder of the Pulumi project, with --stack (default: the current folder)")
    .option(
      "--outputs <file>",
      "read them from a file that `pulumi stack output --json` printed; - is standard input",
    )
    .option(
      "--output <name>",
      "output of --stack or --outputs that is the destination, such as acme or customers.acme (default: the only one)",
    )
    .option("--role-arn <arn>", "role that Amplitude assumes; overrides --stack and --outputs")
    .option("--region <region>", "region of the stream; overrides --stack and --outputs")
    .option("--stream-name <name>", "name of the stream; overrides --stack and --outputs");
  return use === undefined
    ? command
    : command.option(
        "--profile <name>",
        `AWS profile used to ${use} (default: the credentials of --stack, or AWS_PROFILE)`,
      );
}

/** A deployment, and how its stack reaches AWS. */
export interface Deployment {
  /** The three outputs, and the optional ones that the origins have. */
  outputs: StackOutputs & FurtherOutputs;
  /** Options of `checkDeployment`, `verifyDelivery` and the other functions: credentials, endpoints and allowed accounts. */
  aws: AwsOptions;
}

/**
 * Reads the outputs of the deployment and how its stack reaches AWS, at the same time.
 *
 * @throws SettingsError if an output is missing or malformed, or if its origin or the stack's configuration can't be read.
 */
export async function deploymentOf(flags: DeploymentFlags): Promise<Deployment> {
  const { stack, cwd, profile } = flags;
  const reading = stack === undefined ? Promise.resolve({}) : readProviderConfig({ stack, cwd, profile });
  // A problem with the outputs is reported first, whichever command of `pulumi` ends first.
  reading.catch(() => {});
  const origins = await originsFrom(flags);
  const outputs = { ...furtherOutputsFrom(origins), ...resolveOutputs(origins) };
  const config = await reading;
  if (stack === undefined) return { outputs, aws: { profile } };
  if (profile === undefined) checkDeployedSettings(stack, origins, config);
  return { outputs, aws: awsOptionsIn(config, { stack, cwd, profile }) };
}

/**
 * Returns how the stack's AWS provider reaches AWS, or the profile if no stack is named.
 *
 * @throws SettingsError if the stack's configuration can't be read, is malformed, or is not supported.
 */
export async function awsOptionsOf(flags: StackFlags): Promise<AwsOptions> {
  const { stack, profile } = flags;
  return stack === undefined
    ? { profile }
    : awsOptionsIn(await readProviderConfig({ ...flags, stack }), { ...flags, stack });
}

interface StackFlags {
  stack?: string | undefined;
  cwd?: string | undefined;
  profile?: string | undefined;
}
type NamedStack = StackFlags & { stack: string };

function readProviderConfig({ stack, cwd, profile }: NamedStack): Promise<StackConfig> {
  return readStackConfig(stack, cwd, (config) => hasHiddenSettings(config, profile));
}

function awsOptionsIn(config: StackConfig, { stack, cwd, profile }: NamedStack): AwsOptions {
  return awsOptionsFrom(config, { stack, profile, resolvePath: (path) => resolveInProject(path, cwd) });
}

/** Rejects the environment's credentials for a stack that was deployed with settings for them, whose file may be missing here. */
function checkDeployedSettings(stack: string, origins: OutputsOrigin[], config: StackConfig): void {
  const settings = origins.flatMap(({ values }) => ("settings" in values ? values.settings : []));
  const deployed = settings.filter(isCredentialSetting);
  if (deployed.length === 0 || Object.keys(config).some(isCredentialSetting)) return;
  throw new SettingsError(
    `Stack "${stack}" was deployed with ${deployed.join(", ")}, and its configuration has no credentials now. Restore its Pulumi.*.yaml from version control or with \`pulumi config refresh\`, run \`pulumi up\` if they were removed on purpose, or choose credentials with --profile`,
  );
}

/** Resolves a path as Pulumi's plugins do: in the folder of Pulumi.yaml, which may be a parent of the current folder. */
function resolveInProject(path: string, cwd = "."): string {
  if (path.startsWith("~/")) return join(homedir(), path.slice(2));
  const start = resolve(cwd);
  let folder = start;
  while (!["yaml", "yml", "json"].some((ext) => existsSync(join(folder, `Pulumi.${ext}`)))) {
    if (dirname(folder) === folder) return resolve(start, path);
    folder = dirname(folder);
  }
  return resolve(folder, path);
}

/**
 * Returns the three outputs of the stack. A flag overrides a file, and a file overrides a stack.
 *
 * @throws SettingsError if an output is missing or malformed, or if its origin can't be read.
 */
export async function outputsFrom(flags: DeploymentFlags): Promise<StackOutputs> {
  return resolveOutputs(await originsFrom(flags));
}

/**
 * Reads every origin of outputs once, with all its values: standard input can't be read again.
 *
 * @throws SettingsError if there is no origin, or if one can't be read.
 */
export async function originsFrom(flags: DeploymentFlags): Promise<OutputsOrigin[]> {
  const { roleArn, region, streamName, stack, cwd } = flags;
  const origins: OutputsOrigin[] = [
    { description: "--role-arn, --region and --stream-name", values: { roleArn, region, streamName } },
  ];
  const lacks = (...names: RequiredOutput[]) =>
    names.some((name) => origins.every(({ values }) => values[name] === undefined));
  const isIncomplete = () => lacks("roleArn", "region", "streamName");
  if (flags.outputs !== undefined && isIncomplete())
    origins.push(destinationIn(await readOutputsFile(flags.outputs), flags.output));
  if (stack !== undefined && isIncomplete()) {
    origins.push(destinationIn(await readStack(stack, cwd), flags.output));
    if (lacks("region")) origins.push(await readProviderRegion(stack, cwd));
  }
  if (origins.length === 1 && isIncomplete()) {
    throw new SettingsError(
      "No stream is named. Give --stack NAME, --outputs FILE (from `pulumi stack output --json`), or --role-arn, --region and --stream-name",
    );
  }
  if (flags.output !== undefined && flags.outputs === undefined && stack === undefined)
    throw new SettingsError(
      "--output selects among the outputs of --stack or --outputs. Give one, or leave it out",
    );
  return origins;
}

async function readProviderRegion(stack: string, cwd: string | undefined): Promise<OutputsOrigin> {
  const config = await readStackConfig(stack, cwd, () => false);
  return { description: `aws:region of stack "${stack}"`, values: { region: config["aws:region"]?.value } };
}

/**
 * Reads outputs from a file, or from standard input if its name is `-`.
 *
 * @throws SettingsError if the file can't be read or is not JSON.
 */
export async function readOutputsFile(file: string): Promise<OutputsOrigin> {
  return parseOutputs(await readInput(file), inputName(file));
}

/** Name of a file in messages. */
export function inputName(file: string): string {
  return file === "-" ? "standard input" : file;
}

const MAX_INPUT_MIB = MAX_INPUT_BYTES / 1024 / 1024;

/**
 * Reads a text file of at most 8 MiB, or standard input if its name is `-`.
 *
 * @throws SettingsError if it can't be read, or is larger.
 */
export async function readInput(file: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of file === "-" ? process.stdin : createReadStream(file)) {
      bytes += chunk.length;
      if (bytes > MAX_INPUT_BYTES) throw new Error(`it is larger than ${MAX_INPUT_MIB} MiB`);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new SettingsError(`${inputName(file)} can't be read: ${messageOf(cause)}`, { cause });
  }
  return decodeText(Buffer.concat(chunks));
}

/** Decodes UTF-8, or the UTF-16 that PowerShell's `>` writes, without a byte order mark. */
function decodeText(bytes: Buffer): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? "utf-16le" : "utf-8").decode(bytes);
}
