import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { messageOf, SettingsError } from "../../common/errors";
import { type OutputsOrigin, parseOutputs } from "../../common/outputs";

/**
 * The outputs of a Pulumi stack, through the `pulumi` command.
 *
 * @param cwd the folder of the Pulumi project; default the current one.
 * @throws SettingsError where there is no such command or stack.
 */
export async function readStack(stack: string, cwd: string | undefined): Promise<OutputsOrigin> {
  const args = ["stack", "output", "--json", "--non-interactive", "--stack", stack];
  try {
    const { stdout } = await promisify(execFile)(
      "pulumi",
      cwd === undefined ? args : [...args, "--cwd", cwd],
    );
    return parseOutputs(stdout, `stack "${stack}"`);
  } catch (cause) {
    if (cause instanceof SettingsError) throw cause;
    throw new SettingsError(stackProblem(stack, cause), { cause });
  }
}

function stackProblem(stack: string, cause: unknown): string {
  if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
    return "--stack needs the `pulumi` command on the PATH. Install it, or use --outputs FILE or --role-arn, --region and --stream-name";
  }
  const stderr = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
  return `\`pulumi stack output\` failed for stack "${stack}": ${stderr}\nSee \`pulumi stack ls\`; --cwd names another project's folder`;
}

/**
 * The outputs in a file, or on standard input where the name is `-`.
 *
 * @throws SettingsError where it can't be read or is not JSON.
 */
export async function readOutputsFile(file: string): Promise<OutputsOrigin> {
  if (file === "-") return parseOutputs(decodeText(await buffer(process.stdin)), "standard input");
  try {
    return parseOutputs(decodeText(await readFile(file)), file);
  } catch (cause) {
    if (cause instanceof SettingsError) throw cause;
    const reason = messageOf(cause);
    throw new SettingsError(`--outputs ${file} can't be read: ${reason}`, { cause });
  }
}

/** UTF-8, or the UTF-16 that PowerShell's `>` writes; a byte order mark is no part of the text. */
export function decodeText(bytes: Buffer): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? "utf-16le" : "utf-8").decode(bytes);
}
