import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { StackConfig } from "../../aws/providerConfig";
import { messageOf, SettingsError } from "../../common/errors";
import { hasCode } from "../../common/folder";
import { MAX_INPUT_BYTES } from "../../common/limits";
import { type OutputsOrigin, parseOutputs } from "../../common/outputs";
import { isObject } from "../../common/values";

/**
 * Reads the outputs of a Pulumi stack.
 *
 * @param cwd Folder of the Pulumi project (default: the current folder).
 * @throws SettingsError if the `pulumi` command or the stack doesn't exist.
 */
export async function readStack(stack: string, cwd: string | undefined): Promise<OutputsOrigin> {
  const instead = "use --outputs FILE or --role-arn, --region and --stream-name";
  return parseOutputs(await pulumi(["stack", "output"], stack, cwd, instead), `stack "${stack}"`);
}

/**
 * Reads the configuration of a Pulumi stack, with its project's. Secrets are decrypted only if they are needed, because that
 * takes longer and may need a passphrase.
 *
 * @param needsSecrets Whether the configuration without its secrets is not enough.
 * @throws SettingsError if the configuration can't be read.
 */
export async function readStackConfig(
  stack: string,
  cwd: string | undefined,
  needsSecrets: (config: StackConfig) => boolean,
): Promise<StackConfig> {
  const read = async (...options: string[]) =>
    parseConfig(await pulumi(["config", ...options], stack, cwd, WITHOUT_CONFIG), stack);
  const config = await read();
  return needsSecrets(config) ? read("--show-secrets") : config;
}

const WITHOUT_CONFIG =
  "pass the stack's outputs with --outputs FILE and choose the credentials with --profile or AWS_PROFILE";

function parseConfig(json: string, stack: string): StackConfig {
  try {
    const parsed: unknown = JSON.parse(json);
    if (isObject(parsed) && Object.values(parsed).every(isObject)) return parsed as StackConfig;
  } catch {}
  throw new SettingsError(
    `\`pulumi config --json\` printed no configuration for stack "${stack}", so its AWS credentials are unknown. Update the \`pulumi\` command, or ${WITHOUT_CONFIG}`,
  );
}

/** @param instead Alternative to the command, as an imperative. */
async function pulumi(
  command: string[],
  stack: string,
  cwd: string | undefined,
  instead: string,
): Promise<string> {
  const args = [...command, "--json", "--non-interactive", "--stack", stack];
  try {
    const { stdout } = await promisify(execFile)(
      "pulumi",
      cwd === undefined ? args : [...args, "--cwd", cwd],
      { maxBuffer: MAX_INPUT_BYTES },
    );
    return stdout;
  } catch (cause) {
    throw new SettingsError(problemWith(command.join(" "), stack, cause, instead), { cause });
  }
}

function problemWith(command: string, stack: string, cause: unknown, instead: string): string {
  if (hasCode(cause, "ERR_CHILD_PROCESS_STDIO_MAXBUFFER"))
    return `\`pulumi ${command}\` prints more than ${MAX_INPUT_BYTES / 1024 / 1024} MiB for stack "${stack}". Instead, ${instead}`;
  if (hasCode(cause, "ENOENT"))
    return `--stack requires the \`pulumi\` command on the PATH. Install it, or ${instead}`;
  const stderr = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : "";
  const signal = cause instanceof Error && "signal" in cause && cause.signal ? ` (${cause.signal})` : "";
  const text = stderr || `${messageOf(cause).trim()}${signal}`;
  const remedy = /passphrase/i.test(text)
    ? `The stack's AWS settings are secret. Set the passphrase, or ${instead}`
    : "Run `pulumi stack ls` to list the stacks, or name another project's folder with --cwd";
  return `\`pulumi ${command}\` failed for stack "${stack}": ${text}\n${remedy}`;
}
