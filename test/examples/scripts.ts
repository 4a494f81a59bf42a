import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder in which scripts of examples run. */
export interface ScriptFolder {
  path: string;
  /** Writes a file and its folder. */
  write(file: string, content: string): void;
  /** Returns the content of a file, or empty text if it is missing. */
  read(file: string): string;
  /** Replaces a command: it records its arguments in `calls`, one quoted word each, and runs the lines. */
  standIn(command: string, lines?: string): void;
  /** Runs a command line, and returns what it printed and the recorded calls. */
  run(
    words: string[],
    env?: Record<string, string>,
  ): { status: number | null; printed: string; calls: string[] };
  remove(): void;
}

export function scriptFolder(): ScriptFolder {
  const path = mkdtempSync(join(tmpdir(), "example-"));
  const write = (file: string, content: string, mode = 0o644) => {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    writeFileSync(join(path, file), content, { mode });
  };
  const read = (file: string) => (existsSync(join(path, file)) ? readFileSync(join(path, file), "utf8") : "");
  return {
    path,
    write,
    read,
    standIn: (command, lines = "") =>
      write(
        `bin/${command}`,
        `#!/bin/bash\nprintf '%q ' ${command} "$@" >> "${path}/calls"; echo >> "${path}/calls"\n${lines}\n`,
        0o755,
      ),
    run: ([command = "", ...args], env = {}) => {
      rmSync(join(path, "calls"), { force: true });
      const { status, stdout, stderr } = spawnSync(command, args, {
        cwd: path,
        encoding: "utf8",
        env: { PATH: `${join(path, "bin")}:${process.env.PATH}`, ...env },
      });
      const calls = read("calls").split(" \n").slice(0, -1);
      return { status, printed: `${stdout}${stderr}`, calls };
    },
    remove: () => rmSync(path, { recursive: true }),
  };
}

/** Returns the command line with which GitHub runs a step that names no shell, or `shell: bash`. */
export function asGitHub({ run = "", shell }: { run?: string; shell?: string }): string[] {
  return shell === "bash"
    ? ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", run]
    : ["bash", "--noprofile", "--norc", "-e", "-c", run];
}
