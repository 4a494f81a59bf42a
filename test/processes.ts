import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Module that compiles the project's TypeScript in a process that a test starts with `node --require`. */
export const TYPESCRIPT = join(__dirname, "..", "sandbox", "process", "typescript.cjs");

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Returns the ids of all processes below one, parents first. */
export function descendants(pid: number): number[] {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    pairs.flatMap(([child = -1, of]) => (of === parent ? [child, ...below(child)] : []));
  return below(pid);
}
