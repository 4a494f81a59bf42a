import { closeSync, fstatSync, linkSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { DeliveryError, messageOf } from "../../common/errors";

export interface RunLock {
  release(): void;
}

/** Of this process: its number in a file may also be a dead one's, as in a container that was started again. */
const held = new Set<string>();

/** What dead processes have left is taken away so often: once would do, but for others that do the same at the same time. */
const MOST_TRIES = 5;

/**
 * Keeps two processes from going on with one run: a file beside the run's, with the process's number. One that a dead
 * process has left is taken over.
 *
 * @throws DeliveryError `run-file` where a living process has it, or it can't be written.
 */
export function lockRun(path: string): RunLock {
  const lock = `${path}.lock`;
  for (let tries = 1; ; tries += 1) {
    if (claim(lock, path)) {
      held.add(lock);
      return { release: () => release(lock) };
    }
    const { holder, inode } = found(lock);
    if (tries === MOST_TRIES || held.has(lock) || isAlive(holder)) throw heldBy(path, lock, holder);
    takeAway(lock, inode);
  }
}

/**
 * The file comes into being with the number in it: one that is still empty would look like a dead process's.
 *
 * @returns whether it is this process's now.
 */
function claim(lock: string, path: string): boolean {
  const own = `${lock}.${process.pid}`;
  try {
    writeFileSync(own, `${process.pid}\n`, { mode: 0o600 });
    linkSync(own, lock);
    return true;
  } catch (cause) {
    if (hasCode(cause, "EEXIST")) return false;
    throw notLocked(path, cause);
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * Takes away what a dead process has left, and nothing else. A second name, which says what file it is of, has one winner, who
 * alone may remove that file; where it turns out to be of another, a living process's that came in between, it stays.
 */
function takeAway(lock: string, inode: bigint): void {
  const right = `${lock}.of-${inode}`;
  try {
    linkSync(lock, right);
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "EEXIST")) return;
    throw error;
  }
  try {
    // The number of a file that has gone may be another's by now.
    const { holder, inode: taken } = found(right);
    if (taken === inode && !isAlive(holder)) rmSync(lock, { force: true });
  } finally {
    rmSync(right, { force: true });
  }
}

function release(lock: string): void {
  held.delete(lock);
  rmSync(lock, { force: true });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** Who has it, and by what file; nobody, and by none, where it is gone. */
function found(lock: string): { holder: number; inode: bigint } {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(lock, "r");
    const { ino: inode } = fstatSync(descriptor, { bigint: true });
    return { holder: Number.parseInt(readFileSync(descriptor, "utf8"), 10), inode };
  } catch {
    return { holder: Number.NaN, inode: 0n };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function isAlive(processId: number): boolean {
  if (!(processId > 0) || processId === process.pid) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // There is such a process, of somebody else.
    return hasCode(error, "EPERM");
  }
}

function heldBy(path: string, lock: string, holder: number): DeliveryError {
  return new DeliveryError(
    "run-file",
    `Process ${holder} is at work on the run of ${path}: wait for its end, or remove ${lock} if it is none of amplitude-kinesis`,
  );
}

function notLocked(path: string, cause: unknown): DeliveryError {
  const reason = messageOf(cause);
  return new DeliveryError(
    "run-file",
    `The run's file ${path} can't be written: ${reason}. Give another folder (--run-folder FOLDER), or do without going on later (--no-run-file)`,
    { cause },
  );
}
