import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { descendants } from "../processes";

const PROJECT = join(__dirname, "..", "..");
const START = join(PROJECT, "sandbox", "start.cjs");

/** `npm run sandbox` without npm, in a separate process. */
export class SandboxProcess {
  stdout = "";
  stderr = "";
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #watchers = new Set<() => void>();

  private constructor(
    nodeArgs: string[],
    env: Record<string, string> = {},
    { detached = false, output = "pipe" as "pipe" | number } = {},
  ) {
    const { npm_command, ...own } = process.env;
    const stdio = ["pipe" as const, output, "pipe" as const];
    this.#child = spawn(process.execPath, nodeArgs, { env: { ...own, ...env }, detached, stdio });
    this.#child.stdout?.on("data", (chunk) => this.#append({ stdout: String(chunk) }));
    this.#child.stderr?.on("data", (chunk) => this.#append({ stderr: String(chunk) }));
    this.#exited = once(this.#child, "close").then(([status]) => {
      this.#append({});
      return status;
    });
  }

  /** Starts the sandbox. */
  static start(args: string[]): SandboxProcess {
    return new SandboxProcess([START, ...args]);
  }

  /** Starts the sandbox without `pulumi` on the PATH. This is faster, because it provisions in its process. */
  static startWithoutEngine(args: string[], detached = false): SandboxProcess {
    return new SandboxProcess([START, ...args], { PATH: pathWithout("pulumi") }, { detached });
  }

  /** Starts the sandbox without `pulumi`, with a full disk as its standard output. */
  static startOnFullDisk(args: string[]): SandboxProcess {
    const output = openSync("/dev/full", "w");
    const sandbox = new SandboxProcess([START, ...args], { PATH: pathWithout("pulumi") }, { output });
    closeSync(output);
    return sandbox;
  }

  /** Starts the sandbox in a separate process group, as a terminal's shell does, for `signalGroup`. */
  static startInGroup(args: string[], env: Record<string, string> = {}): SandboxProcess {
    return new SandboxProcess([START, ...args], env, { detached: true });
  }

  /** Starts the sandbox below a shell below a process that stands for npm. */
  static startBelowShell(args: string[]): SandboxProcess {
    const command = [process.execPath, START, ...args].map((word) => `'${word}'`).join(" ");
    const shell = `require("node:child_process").spawn("sh", ["-c", ${JSON.stringify(`${command}; true`)}], { stdio: "inherit" })`;
    return new SandboxProcess(["-e", shell], { npm_command: "run-script" });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get exited(): Promise<number | null> {
    return this.#exited;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal to the process group, as a terminal does for Ctrl-C. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /** Closes the readers, as `true` does in `npm run sandbox | true`. */
  stopReading(...outputs: ("stdout" | "stderr")[]): void {
    for (const output of outputs) this.#child[output]?.destroy();
  }

  /** Waits until standard error contains the text. Fails if the process ends first. */
  async says(text: string): Promise<void> {
    while (!this.stderr.includes(text)) {
      if (this.#child.exitCode !== null) throw new Error(`ended without «${text}»: ${this.stderr}`);
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** Returns the ids of this process and of all processes below it. */
  family(): number[] {
    return [this.pid, ...descendants(this.pid)];
  }

  /** Returns the folders of this run that still exist. */
  leftFolders(): string[] {
    const root = join(PROJECT, ".sandbox");
    return readdirSync(root).filter((name) => name.startsWith(`run-${this.pid}-`));
  }

  #append({ stdout = "", stderr = "" }: { stdout?: string; stderr?: string }): void {
    this.stdout += stdout;
    this.stderr += stderr;
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}

function pathWithout(command: string): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.filter((folder) => !existsSync(join(folder, command))).join(delimiter);
}
