import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { promisify } from "node:util";
import type { Command } from "commander";
import type { AwsOptions } from "../../aws/profile";
import { messageOf, SettingsError } from "../../common/errors";
import { hasCode } from "../../common/folder";
import { MAX_INPUT_BYTES } from "../../common/limits";
import {
  type FurtherOutputs,
  type OutputsOrigin,
  parseOutputs,
  resolveOutputs,
  type StackOutputs,
} from "../../common/outputs";

/** Options of every command that works on one deployment. */
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
    .option("--stack <name>", "read role ARN, region and stream name from this Pulumi stack")
    .option("--cwd <folder>", "folder of the Pulumi project, with --stack (default: the current folder)")
    .option(
      "--outputs <file>",
      "read them from a file that `pulumi stack output --json` printed; - is standard input",
    )
    .option("--role-arn <arn>", "role that Amplitude assumes; overrides --stack and --outputs")
    .option("--region <region>", "region of the stream; overrides --stack and --outputs")
    .option("--stream-name <name>", "name of the stream; overrides --stack and --outputs");
}

/** A deployment, and who works on it. */
export interface Deployment {
  /** Places where outputs were looked for. */
  origins: OutputsOrigin[];
  outputs: StackOutputs & FurtherOutputs;
  /** Options of the stack's AWS provider, for `checkDeployment`, `verifyDelivery` and the other commands. */
  aws: AwsOptions;
}

/**
 * Returns the outputs and the credentials of the deployment.
 *
 * @throws SettingsError if an output is missing or malformed, or if its origin or the stack's configuration can't be read.
 */
export async function deploymentOf(flags: DeploymentFlags & { profile?: string }): Promise<Deployment> {
  const origins = await originsFrom(flags);
  return {
    origins,
    outputs: { ...furtherOutputsFrom(origins), ...resolveOutputs(origins) },
    aws: { profile: flags.profile },
  };
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
  const { roleArn, region, streamName } = flags;
  const origins: OutputsOrigin[] = [
    { description: "--role-arn, --region and --stream-name", values: { roleArn, region, streamName } },
  ];
  const complete = roleArn !== undefined && region !== undefined && streamName !== undefined;
  if (flags.outputs !== undefined && !complete) origins.push(await readOutputsFile(flags.outputs));
  if (flags.stack !== undefined && !complete) origins.push(await readStack(flags.stack, flags.cwd));
  if (origins.length === 1 && !complete) {
    throw new SettingsError(
      "No stream is named. Give --stack NAME, --outputs FILE (from `pulumi stack output --json`), or --role-arn, --region and --stream-name",
    );
  }
  return origins;
}

/** Returns the stack's optional outputs, each from the first origin that has it. */
export function furtherOutputsFrom(origins: OutputsOrigin[]): FurtherOutputs {
  const further: FurtherOutputs = {};
  for (const name of ["streamArn", "roleName", "policyArn"] as const) {
    const values = origins.map(({ values }) => (values as Record<string, unknown>)[name]);
    const value = values.find((each) => typeof each === "string");
    if (typeof value === "string") further[name] = value;
  }
  return further;
}

/**
 * Reads the outputs of a Pulumi stack through the `pulumi` command.
 *
 * @param cwd Folder of the Pulumi project (default: the current folder).
 * @throws SettingsError if the command or the stack doesn't exist.
 */
export async function readStack(stack: string, cwd: string | undefined): Promise<OutputsOrigin> {
  const args = ["stack", "output", "--json", "--non-interactive", "--stack", stack];
  try {
    const { stdout } = await promisify(execFile)(
      "pulumi",
      cwd === undefined ? args : [...args, "--cwd", cwd],
      { maxBuffer: MAX_INPUT_BYTES },
    );
    return parseOutputs(stdout, `stack "${stack}"`);
  } catch (cause) {
    if (cause instanceof SettingsError) throw cause;
    throw new SettingsError(stackProblem(stack, cause), { cause });
  }
}

function stackProblem(stack: string, cause: unknown): string {
  if (hasCode(cause, "ERR_CHILD_PROCESS_STDIO_MAXBUFFER")) {
    return `The outputs of stack "${stack}" are larger than ${MAX_INPUT_MIB} MiB. Use --role-arn, --region and --stream-name`;
  }
  if (hasCode(cause, "ENOENT")) {
    return "--stack requires the `pulumi` command on the PATH. Install it, or use --outputs FILE or --role-arn, --region and --stream-name";
  }
  const stderr = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
  const signal = cause instanceof Error && "signal" in cause && cause.signal ? ` (${cause.signal})` : "";
  return `\`pulumi stack output\` failed for stack "${stack}": ${stderr || `${messageOf(cause).trim()}${signal}`}\nRun \`pulumi stack ls\` to list the stacks, or name another project's folder with --cwd`;
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
