import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { descendants } from "../processes";

const PROJECT = join(__dirname, "..", "..");
const START = join(PROJECT, "sandbox", "start.cjs");

/** `npm run sandbox` without npm, in a process of its own. */
export class SandboxProcess {
  stdout = "";
  stderr = "";
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #watchers = new Set<() => void>();

  private constructor(nodeArgs: string[], env: Record<string, string> = {}, detached = false) {
    const { npm_lifecycle_event, ...own } = process.env;
    this.#child = spawn(process.execPath, nodeArgs, { env: { ...own, ...env }, detached });
    this.#child.stdout?.on("data", (chunk) => this.#append({ stdout: String(chunk) }));
    this.#child.stderr?.on("data", (chunk) => this.#append({ stderr: String(chunk) }));
    this.#exited = once(this.#child, "close").then(([status]) => {
      this.#append({});
      return status;
    });
  }

  /** The sandbox itself. */
  static start(args: string[]): SandboxProcess {
    return new SandboxProcess([START, ...args]);
  }

  /** The sandbox where no `pulumi` is installed, which starts faster: provisioning runs in its process. */
  static startWithoutEngine(args: string[], detached = false): SandboxProcess {
    return new SandboxProcess([START, ...args], { PATH: pathWithout("pulumi") }, detached);
  }

  /** In a process group of its own, as a terminal's shell starts it, for `signalGroup`. */
  static startInGroup(args: string[], env: Record<string, string> = {}): SandboxProcess {
    return new SandboxProcess([START, ...args], env, true);
  }

  /** The sandbox below a shell below a process that stands for npm. */
  static startBelowShell(args: string[]): SandboxProcess {
    const command = [process.execPath, START, ...args].map((word) => `'${word}'`).join(" ");
    const shell = `require("node:child_process").spawn("sh", ["-c", ${JSON.stringify(`${command}; true`)}], { stdio: "inherit" })`;
    return new SandboxProcess(["-e", shell], { npm_lifecycle_event: "sandbox" });
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

  /** What a terminal does for Ctrl-C. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /** The reader goes away, as `true` does in `npm run sandbox | true`. */
  stopReading(...outputs: ("stdout" | "stderr")[]): void {
    for (const output of outputs) this.#child[output]?.destroy();
  }

  /** Resolves once standard error has this; fails where the process ends without. */
  async says(text: string): Promise<void> {
    while (!this.stderr.includes(text)) {
      if (this.#child.exitCode !== null) throw new Error(`ended without «${text}»: ${this.stderr}`);
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** This process and all that came of it. */
  family(): number[] {
    return [this.pid, ...descendants(this.pid)];
  }

  /** Folders of this run that are left. */
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
