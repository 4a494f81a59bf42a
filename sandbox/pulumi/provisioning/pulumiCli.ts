import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import type { PulumiCommand } from "@pulumi/pulumi/automation";
import { PulumiCommand as Pulumi } from "@pulumi/pulumi/automation";
import { makePlaces } from "./places";

export interface PulumiCli {
  /** Such as `3.259.0`. */
  version: string;
  /** The Automation API's handle on the CLI. */
  command: PulumiCommand & { run: typeof run };
}

/** The oldest that takes `pulumi:autonaming` from the project's configuration and providers from a local path. */
const OLDEST = { major: 3, minor: 200 };

/**
 * Returns the `pulumi` command on the PATH, or undefined if it is missing or too old.
 *
 * @param folder The only folder that the command writes to, even to print its version.
 * @param signal kills the command at its work; telling its version, it is waited for.
 */
export async function findPulumiCli(folder: string, signal?: AbortSignal): Promise<PulumiCli | undefined> {
  const { home, temporary } = await makePlaces(folder);
  const environment = { PULUMI_HOME: home, TMPDIR: temporary };
  const found = await startedWith(environment, () => Pulumi.get({ skipVersionCheck: true })).catch(
    () => undefined,
  );
  signal?.throwIfAborted();
  const version = found?.version;
  if (found === undefined || version === null || version === undefined) return undefined;
  if (version.major < OLDEST.major || (version.major === OLDEST.major && version.minor < OLDEST.minor))
    return undefined;
  const command = { command: found.command, version, run: runUnder(signal) };
  return { version: version.toString(), command };
}

/** `PulumiCommand.get` takes no environment: its process has this one's, as it is while the call starts it. */
function startedWith<T>(environment: Record<string, string>, start: () => T): T {
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, environment);
  try {
    return start();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/**
 * Runs the command beside a guard that reads a pipe which only this process holds: when this process is gone, however
 * it went, the pipe ends and the guard kills the command. The command's plugins then end by themselves. A kill is
 * right: what the command was working on has died with this process.
 *
 * A fourth stream, 3, is held by the command and all that it starts, so that its end tells when they are gone.
 */
const GUARDED = `
exec 4<&0
"$@" </dev/null 4<&- &
command=$!
( read -r _ <&4; kill -KILL $command ) >/dev/null 2>&1 3>&- &
guard=$!
exec 4<&- 3>&-
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

/** A failed command. The message is its output. */
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

/** Maximum time to wait for the command's child processes after the command has ended. */
const LINGER_MS = 3_000;

/** In the place of PulumiCommand's own `run`, which the Automation API calls with its arguments. */
function runUnder(ownSignal: AbortSignal | undefined): typeof run {
  return (args, cwd, env, onOutput, onError, signal) => {
    const signals = [ownSignal, signal].filter((each) => each !== undefined);
    return run(args, cwd, env, onOutput, onError, AbortSignal.any(signals));
  };
}

/** Starts the command in a separate process group, so that a terminal's Ctrl-C reaches only this process. */
async function run(
  args: string[],
  cwd: string,
  env: Record<string, string>,
  onOutput?: Listener,
  onError?: Listener,
  signal?: AbortSignal,
): Promise<CommandResult> {
  signal?.throwIfAborted();
  const words = ["-c", GUARDED, "pulumi", "pulumi", "--non-interactive", ...args];
  const child = spawn("/bin/sh", words, {
    cwd,
    env: { ...strippedEnvironment(), ...env, PULUMI_AUTOMATION_API: "true" },
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    detached: true,
  });
  const stdout = collected(child.stdout, onOutput);
  const stderr = collected(child.stderr, onError);
  const [stdin, , , life] = child.stdio;
  const stop = () => stdin.destroy();
  signal?.addEventListener("abort", stop);
  if (life instanceof Readable) life.resume();
  let linger: NodeJS.Timeout | undefined;
  child.once("exit", () => {
    linger = setTimeout(() => {
      for (const stream of child.stdio) stream?.destroy();
    }, LINGER_MS);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(linger);
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
