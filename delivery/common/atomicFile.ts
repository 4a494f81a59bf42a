import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";

/** Permissions of a file that only its owner may read. */
export const PRIVATE_MODE = 0o600;

/**
 * Writes a file completely or not at all: a reader sees either the old file or the new one, and a full disk leaves the old
 * one.
 *
 * @param mode Permissions of the file.
 */
export async function writeAtomically(
  file: string,
  content: string | AsyncIterable<string | Uint8Array>,
  mode = PRIVATE_MODE,
): Promise<void> {
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

/** Checks that a file can be written, without changing it. Throws the system's error if it can't. */
export async function probeFile(file: string): Promise<void> {
  const probe = temporaryName(file);
  await (await open(probe, "wx")).close();
  await rm(probe);
}

/** Returns the name of a file that exists only until its content is complete. */
function temporaryName(file: string): string {
  return `${file}.${randomBytes(6).toString("hex")}.tmp`;
}
