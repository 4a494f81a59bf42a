import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { until } from "../../until";
import { ENTRY } from "./commandLine";

/** A running command, with its output so far. */
export class Running {
  output = "";
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;

  constructor(args: string[], env: Record<string, string>, command = [process.execPath, ENTRY]) {
    const [program = "", ...before] = command;
    this.#child = spawn(program, [...before, ...args], { env: { ...process.env, ...env } });
    this.#ended = once(this.#child, "close");
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
      });
  }

  get lines(): string[] {
    return this.output.split(/\r?\n/);
  }

  prints(pattern: RegExp): Promise<void> {
    return until(() => pattern.test(this.output) || this.#child.exitCode !== null);
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  /** Stops reading its output. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
  }

  /** Waits for its end. @returns The exit status. */
  async end(): Promise<number | null> {
    const [status] = await this.#ended;
    return status as number | null;
  }
}
