import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isRunning } from "./atomicFile";
import { hasCode } from "./folder";

export interface FileLock {
  release(): void;
}

/** A lock that a live process holds. */
export class HeldLockError extends Error {
  /** Names the process, at the start of a sentence. */
  readonly holder: string;
  readonly remedy: string;

  constructor(lock: string, processId: number | undefined) {
    super(`${lock} is held`);
    this.holder = processId ? `Process ${processId}` : "Another process";
    this.remedy = `Wait until it ends, or remove ${lock} if it isn't an amplitude-kinesis process`;
  }
}

/** Locks of this process. Its id in a lock may also stem from a dead process, as in a restarted container. */
const held = new Set<string>();

/** One try is enough unless several processes take over the same lock at once. */
const MAX_TRIES = 5;

/**
 * Takes a lock: a file that contains the process id. A lock that a dead process has left is taken over.
 *
 * `proper-lockfile` was considered: its last release is of 2021, and it takes a lock for stale by its age.
 *
 * @throws HeldLockError if a live process holds the lock, or the system's error if it can't be read or written.
 */
export function takeLock(lock: string): FileLock {
  for (let tries = 1; !isCreated(lock); tries += 1) {
    const holder = holderOf(lock);
    if (tries === MAX_TRIES || held.has(lock) || (holder !== undefined && isAlive(holder)))
      throw new HeldLockError(lock, holder);
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
function isCreated(path: string): boolean {
  const own = `${path}.${process.pid}`;
  try {
    writeFileSync(own, `${process.pid}\n`, { mode: 0o600 });
    linkSync(own, path);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
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
  if (!isCreated(guard)) return;
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
    throw error;
  }
}

function isAlive(processId: number): boolean {
  return processId > 0 && processId !== process.pid && isRunning(processId);
}
