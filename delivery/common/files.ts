import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type FileHandle, mkdtemp, open, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { DeliveryError, messageOf, ReportError } from "./errors";

/**
 * Creates a folder with its parents, unless it exists. It creates them one at a time, because Node's recursive `mkdir` never
 * returns for a path such as `/proc/x`, whose parent exists and can't hold a folder.
 *
 * @param mode Permissions of the new folders.
 * @throws The system's error of the first folder that can't be created.
 */
export function makeFolder(folder: string, mode = 0o777): void {
  const path = resolve(folder);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
    const parent = dirname(path);
    if (!hasCode(error, "ENOENT") || existsSync(parent)) throw error;
    makeFolder(parent, mode);
    makeFolder(path, mode);
  }
}

/** Whether the error is the system's with this code. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** Permissions of a file that only its owner may read. */
export const PRIVATE_MODE = 0o600;

/**
 * Writes a file completely or not at all: a reader sees either the old file or the new one, and a full disk leaves the old
 * one. Removes what killed processes left of it.
 *
 * @param mode Permissions of the file.
 */
export async function writeAtomically(
  file: string,
  content: string | AsyncIterable<string | Uint8Array>,
  mode = PRIVATE_MODE,
): Promise<void> {
  await removeRemains(file);
  const temporary = temporaryName(file);
  try {
    const handle = await open(temporary, "wx", PRIVATE_MODE);
    try {
      await handle.writeFile(content);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Checks that a file can be written, without changing it, and removes what killed processes left of it.
 *
 * @throws The system's error if it can't.
 */
export async function probeFile(file: string): Promise<void> {
  await removeRemains(file);
  const probe = temporaryName(file);
  await (await open(probe, "wx")).close();
  await rm(probe);
}

/**
 * Awaits the writing of a file.
 *
 * @param what Content of the file, for the message: `The part`.
 * @throws ReportError for an error of the system. Other errors of this package keep their message.
 */
export async function reportUnwritable(what: string, file: string, writing: Promise<void>): Promise<void> {
  await writing.catch((cause: unknown) => {
    if (cause instanceof DeliveryError) throw cause;
    const reason = messageOf(cause);
    throw new ReportError(`${what} can't be written to ${file}: ${reason}. Name another file`, { cause });
  });
}

/** Opens a file that no end of the process leaves behind, because it is removed while it is open. */
export async function openTemporaryFile(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), "amplitude-kinesis-"));
  try {
    return await open(join(folder, "file"), "wx+", PRIVATE_MODE);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns the name of a file that exists only until its content is complete, or its process is killed. */
function temporaryName(file: string): string {
  return `${file}.${process.pid}-${randomBytes(6).toString("hex")}.tmp`;
}

async function removeRemains(file: string): Promise<void> {
  const folder = dirname(file);
  const name = basename(file);
  // A folder that can't be listed may still be writable.
  for (const each of await readdir(folder).catch(() => [])) {
    const pid =
      each.startsWith(`${name}.`) && /^\.(\d+)-[0-9a-f]{12}\.tmp$/.exec(each.slice(name.length))?.[1];
    if (pid && !isRunning(Number(pid))) await rm(join(folder, each), { force: true });
  }
}

/** Whether a process with this id exists, of any user. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !hasCode(error, "ESRCH");
  }
}

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
    writeFileSync(own, `${process.pid}\n`, { mode: PRIVATE_MODE });
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
