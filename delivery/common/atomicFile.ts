import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

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

/** Checks that a file can be written, without changing it, and removes what killed processes left of it. Throws the system's error if it can't. */
export async function probeFile(file: string): Promise<void> {
  await removeRemains(file);
  const probe = temporaryName(file);
  await (await open(probe, "wx")).close();
  await rm(probe);
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
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
