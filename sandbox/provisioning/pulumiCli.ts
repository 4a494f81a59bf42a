import { spawn } from "node:child_process";
import type { PulumiCommand } from "@pulumi/pulumi/automation";
import { PulumiCommand as Pulumi } from "@pulumi/pulumi/automation";

export interface PulumiCli {
  /** Such as `3.259.0`. */
  version: string;
  /** What the Automation API runs the CLI through. */
  command: PulumiCommand;
}

/** The oldest that takes `pulumi:autonaming` from the project's configuration and providers from a local path. */
const OLDEST = { major: 3, minor: 200 };

/** The `pulumi` command on PATH, where it is new enough. */
export async function findPulumiCli(): Promise<PulumiCli | undefined> {
  const found = await Pulumi.get({ skipVersionCheck: true }).catch(() => undefined);
  const version = found?.version;
  if (found === undefined || version === null || version === undefined) return undefined;
  if (version.major < OLDEST.major || (version.major === OLDEST.major && version.minor < OLDEST.minor))
    return undefined;
  const command = { command: found.command, version, run };
  return { version: version.toString(), command };
}

/**
 * Runs the command beside a guard that reads a pipe which only this process holds: when this process is gone, however
 * it went, the pipe ends and the guard kills the command. The command's plugins then end by themselves. A kill is
 * right: what the command was working on has died with this process.
 */
const GUARDED = `
exec 3<&0
"$@" </dev/null 3<&- &
command=$!
( read -r _ <&3; kill -KILL $command ) >/dev/null 2>&1 &
guard=$!
exec 3<&-
wait $command
status=$?
kill $guard 2>/dev/null
exit $status
`;

interface CommandResult {
  stdout: string;
  stderr: string;
  code: number;
}

/** The command failed; the message is what it printed. */
class PulumiCommandError extends Error {
  constructor(
    subcommand: string,
    readonly result: CommandResult,
  ) {
    const said = [result.stdout, result.stderr]
      .map((output) => output.trim())
      .filter((output) => output !== "");
    super(`pulumi ${subcommand} ended with ${result.code}:\n${said.join("\n")}`);
    this.name = "PulumiCommandError";
  }
}

type Listener = (output: string) => void;

/** In the place of PulumiCommand's own `run`, which the Automation API calls with these arguments. */
function run(
  args: string[],
  cwd: string,
  env: Record<string, string>,
  onOutput?: Listener,
  onError?: Listener,
  signal?: AbortSignal,
): Promise<CommandResult> {
  const words = ["-c", GUARDED, "pulumi", "pulumi", "--non-interactive", ...args];
  const child = spawn("/bin/sh", words, {
    cwd,
    env: { ...strippedEnvironment(), ...env, PULUMI_AUTOMATION_API: "true" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const stdout = collected(child.stdout, onOutput);
  const stderr = collected(child.stderr, onError);
  const stop = () => child.stdin.destroy();
  signal?.addEventListener("abort", stop);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      signal?.removeEventListener("abort", stop);
      const result = { stdout: stdout(), stderr: stderr(), code: code ?? -1 };
      if (code === 0) resolve(result);
      else reject(new PulumiCommandError(args[0] ?? "", result));
    });
  });
}

function collected(stream: NodeJS.ReadableStream, listener?: Listener): () => string {
  let whole = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    whole += chunk;
    listener?.(chunk);
  });
  return () => whole;
}

/** The user's own Pulumi login, stack and cloud credentials are not the sandbox's. */
function strippedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => !/^(PULUMI|AWS)_/.test(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? ""]));
}
