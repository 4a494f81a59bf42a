import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { DeliveryError } from "../errors";

export interface RunLock {
  release(): void;
}

/** Of this process: its number in a file may also be a dead one's, as in a container that was started again. */
const held = new Set<string>();

/**
 * Keeps two processes from going on with one run: a file beside the run's, with the process's number. One that a dead
 * process has left is taken over.
 *
 * @throws DeliveryError `run-file` where a living process has it, or it can't be written.
 */
export function lockRun(path: string): RunLock {
  const lock = `${path}.lock`;
  for (let tries = 0; ; tries += 1) {
    try {
      writeFileSync(lock, `${process.pid}\n`, { flag: "wx", mode: 0o600 });
      held.add(lock);
      return { release: () => release(lock) };
    } catch (cause) {
      if (!isThere(cause)) throw notLocked(path, cause);
      const holder = holderOf(lock);
      if (tries > 0 || held.has(lock) || isAlive(holder)) throw heldBy(path, lock, holder);
      rmSync(lock, { force: true });
    }
  }
}

function release(lock: string): void {
  held.delete(lock);
  rmSync(lock, { force: true });
}

function isThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

function holderOf(lock: string): number {
  try {
    return Number.parseInt(readFileSync(lock, "utf8"), 10);
  } catch {
    return Number.NaN;
  }
}

function isAlive(processId: number): boolean {
  if (!(processId > 0) || processId === process.pid) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // There is such a process, of somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function heldBy(path: string, lock: string, holder: number): DeliveryError {
  return new DeliveryError(
    "run-file",
    `Process ${holder} is at work on the run of ${path}: wait for its end, or remove ${lock} if it is none of amplitude-kinesis`,
  );
}

function notLocked(path: string, cause: unknown): DeliveryError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DeliveryError(
    "run-file",
    `The run's file ${path} can't be written: ${reason}. Give another folder (--run-folder FOLDER), or do without going on later (--no-run-file)`,
    { cause },
  );
}
