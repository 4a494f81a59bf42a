import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { DeliveryError, messageOf } from "../../common/errors";
import { hasCode, makeFolder } from "../../common/folder";
import { type Part, partText } from "../../common/part";

/**
 * Returns the default folder of run files: `$XDG_STATE_HOME/amplitude-kinesis`, else `~/.local/state/amplitude-kinesis`;
 * on Windows `%LOCALAPPDATA%\amplitude-kinesis`.
 *
 * Source: XDG Base Directory Specification.
 */
export function defaultRunFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const { XDG_STATE_HOME, LOCALAPPDATA } = environment;
  const base = platform === "win32" ? LOCALAPPDATA : XDG_STATE_HOME;
  return join(base || join(homedir(), ".local", "state"), "amplitude-kinesis");
}

/** @throws DeliveryError `run-file` if it can't be created. */
export function makeRunFolder(folder: string): void {
  try {
    makeFolder(folder, 0o700);
  } catch (cause) {
    throw notWritable(`Can't create the folder for run files: ${messageOf(cause)}`, cause);
  }
}

/** Each part of a run has a file, such as `RUN.2-of-4.run`. */
export function runFilePath(folder: string, runId: string, part?: Part): string {
  const name = part === undefined ? runId : `${runId}.${partText(part).replace("/", "-of-")}`;
  return join(folder, `${name}.run`);
}

export function notWritable(message: string, cause: unknown): DeliveryError {
  const remedy =
    "Free disk space, name another folder with --run-folder, or turn off resuming with --no-run-file";
  return new DeliveryError("run-file", `${message}. ${remedy}`, { cause });
}

export interface RunLock {
  release(): void;
}

/** Locks of this process. Its id in a lock may also stem from a dead process, as in a restarted container. */
const held = new Set<string>();

/** One try is enough unless several processes take over the same lock at once. */
const MAX_TRIES = 5;

/**
 * Keeps two processes from resuming one run: a file next to the run file, which contains the process id. A lock that a
 * dead process has left is taken over.
 *
 * `proper-lockfile` was considered: its last release is of 2021, and it takes a lock for stale by its age.
 *
 * @throws DeliveryError `run-file` if a live process holds the lock, or it can't be written.
 */
export function lockRun(path: string): RunLock {
  const lock = `${path}.lock`;
  for (let tries = 1; !isCreated(lock, path); tries += 1) {
    const holder = holderOf(lock);
    if (tries === MAX_TRIES || held.has(lock) || (holder !== undefined && isAlive(holder))) {
      throw heldBy(path, lock, holder);
    }
    removeStale(lock);
  }
  held.add(lock);
  return {
    release: () => {
      held.delete(lock);
      rmSync(lock, { force: true });
    },
  };
}

/** Creates a file with the process id, unless it exists. Linking makes both one step: an empty lock would look stale. */
function isCreated(path: string, runFile: string): boolean {
  const own = `${path}.${process.pid}`;
  try {
    writeFileSync(own, `${process.pid}\n`, { mode: 0o600 });
    linkSync(own, path);
    return true;
  } catch (cause) {
    if (hasCode(cause, "EEXIST")) return false;
    throw notWritable(`Can't write the run file ${runFile}: ${messageOf(cause)}`, cause);
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * Removes the lock of a dead process. A second lock lets only one process check and remove at a time.
 *
 * A lock that is gone already must not be removed: another process may create its own in the meantime.
 */
function removeStale(lock: string): void {
  const guard = `${lock}.stale`;
  if (!isCreated(guard, lock)) return;
  try {
    const holder = holderOf(lock);
    if (holder !== undefined && !isAlive(holder)) rmSync(lock);
  } finally {
    rmSync(guard, { force: true });
  }
}

/** Returns undefined if the lock is gone, and NaN if it contains no process id. */
function holderOf(lock: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(lock, "utf8"), 10);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw notWritable(`Can't read ${lock}: ${messageOf(error)}`, error);
  }
}

function isAlive(processId: number): boolean {
  if (!(processId > 0) || processId === process.pid) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // The process exists and belongs to another user.
    return hasCode(error, "EPERM");
  }
}

function heldBy(path: string, lock: string, holder: number | undefined): DeliveryError {
  return new DeliveryError(
    "run-file",
    `${holder ? `Process ${holder}` : "Another process"} is using the run in ${path}. Wait until it ends, or remove ${lock} if it isn't an amplitude-kinesis process`,
  );
}
