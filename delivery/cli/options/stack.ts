import type { StackConfig } from "../../aws/providerConfig";
import { messageOf, SettingsError } from "../../common/errors";
import { hasCode } from "../../common/files";
import { MAX_INPUT_BYTES } from "../../common/limits";
import { hasSignature, isReference, type OutputsOrigin, parseOutputs } from "../../common/outputs";
import { isObject } from "../../common/values";
import { pulumi } from "../../fleet/pulumi";

/**
 * Reads the outputs of a Pulumi stack. A reference to a component is replaced by the component's outputs in the stack's state.
 *
 * @param cwd Folder of the Pulumi project (default: the current folder).
 * @throws SettingsError if the `pulumi` command or the stack doesn't exist.
 */
export async function readStack(stack: string, cwd: string | undefined): Promise<OutputsOrigin> {
  const instead = "use --outputs FILE or --role-arn, --region and --stream-name";
  const command = ["stack", "output", "--json"];
  const origin = parseOutputs(await pulumiFor(stack, cwd, command, instead), `stack "${stack}"`);
  if (!hasReference(origin.values)) return origin;
  const state: unknown = JSON.parse(await pulumiFor(stack, cwd, ["stack", "export"], instead));
  return {
    ...origin,
    values: resolveReferences(origin.values, componentOutputs(state)) as typeof origin.values,
  };
}

function hasReference(value: unknown): boolean {
  const isList = Array.isArray(value) || isObject(value);
  return isReference(value) || (isList && Object.values(value).some(hasReference));
}

/** Returns the outputs of the resources in a stack's state, by their URN. */
function componentOutputs(state: unknown): Map<unknown, unknown> {
  const { deployment } = isObject(state) ? state : {};
  const { resources } = isObject(deployment) ? deployment : {};
  const known = Array.isArray(resources) ? resources.filter(isObject) : [];
  return new Map(known.map(({ urn, outputs }) => [urn, outputs]));
}

/** References inside a component stay, and so does a reference to a resource that is not in the state. */
function resolveReferences(value: unknown, outputs: Map<unknown, unknown>): unknown {
  if (isReference(value)) return redactSecretValues(outputs.get(value.urn) ?? value);
  if (Array.isArray(value)) return value.map((each) => resolveReferences(each, outputs));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, resolveReferences(each, outputs)]),
  );
}

/** Source: Pulumi, sdk/go/common/resource/sig, the signature of a secret. */
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** Shows encrypted values as `pulumi stack output` does. */
function redactSecretValues(outputs: unknown): unknown {
  if (!isObject(outputs)) return outputs;
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [name, hasSignature(value, SECRET) ? "[secret]" : value]),
  );
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
    parseConfig(await pulumiFor(stack, cwd, ["config", ...options, "--json"], WITHOUT_CONFIG), stack);
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
function pulumiFor(
  stack: string,
  cwd: string | undefined,
  command: string[],
  instead: string,
): Promise<string> {
  const words = [...command, "--stack", stack, ...(cwd === undefined ? [] : ["--cwd", cwd])];
  const shown = command.filter((word) => word !== "--json").join(" ");
  // The folder is an option, because a process that starts in a missing folder fails like a missing command.
  return pulumi(words, (cause) => problemWith(shown, stack, cause, instead));
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
