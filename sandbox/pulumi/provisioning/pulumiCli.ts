import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { PulumiCommand } from "@pulumi/pulumi/automation/cmd";
import { makePlaces } from "./places";

export interface PulumiCli {
  /** Such as `3.259.0`. */
  version: string;
  /** The Automation API's handle on the CLI. */
  command: PulumiCommand & { run: typeof run };
}

/** The first version that reads `pulumi:autonaming` from the project's configuration and accepts providers from a local path. */
const MIN_VERSION = "3.200.0";

/**
 * Returns the `pulumi` command on the PATH, or undefined if it is missing or too old.
 *
 * @param folder The only folder that the command writes to, even to print its version.
 * @param signal Kills a running command. The version query runs to its end.
 */
export async function findPulumiCli(folder: string, signal?: AbortSignal): Promise<PulumiCli | undefined> {
  const { home, temporary } = await makePlaces(folder);
  const environment = { PULUMI_HOME: home, TMPDIR: temporary };
  const found = await startedWith(environment, () => PulumiCommand.get({ skipVersionCheck: true })).catch(
    () => undefined,
  );
  signal?.throwIfAborted();
  const version = found?.version;
  if (!found || !version || version.compare(MIN_VERSION) < 0) return undefined;
  const command = { command: found.command, version, run: runUnder(signal) };
  return { version: version.toString(), command };
}

/** Sets variables of this process while the work starts, because `PulumiCommand.get` accepts no environment. */
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
 * Runs the command next to a guard that reads a pipe. Only this process holds the other end, so the pipe ends when this
 * process ends in any way, and the guard kills the command. The command's plugins then end by themselves. The command
 * can't continue anyway, because its inline program ran in this process.
 *
 * The command and all its child processes hold a fourth stream, 3, which ends when they have ended.
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

/** Replaces PulumiCommand's `run`, which the Automation API calls with these arguments. */
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

/** Removes the user's Pulumi login, stack and cloud credentials, which the sandbox must not use. */
function strippedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => !/^(PULUMI|AWS)_/.test(name));
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? ""]));
}
