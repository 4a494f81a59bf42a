import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
} from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { until } from "./until";

export const PROJECT = resolve(__dirname, "..");
/** Folder for everything that test files share or that is kept between runs. It can be deleted at any time. */
export const CACHE = join(PROJECT, "node_modules", ".cache", "amplitude-kinesis-tests");
/** Longest time that the lock of a process counts. Its id may then be another's. */
const MAX_MAKING_MS = 120_000;
/** Time after which an unused folder is removed. A run with other sources may still use it before. */
const MAX_UNUSED_MS = 3_600_000;

/**
 * Returns a folder that `make` has filled, once per content of the sources: other test files, workers and runs get the
 * same folder, and must not write to it.
 *
 * @param name Identifies what is made.
 * @param sources Files and folders of the project, relative to it, that the result depends on.
 * @param make Fills an empty folder, which is renamed to the shared one at the end.
 */
export async function shared(
  name: string,
  sources: string[],
  make: (folder: string) => Promise<void>,
  cache = CACHE,
): Promise<string> {
  const folder = join(cache, `${name}-${await contentHash(sources)}`);
  const lock = `${folder}.lock`;
  await mkdir(cache, { recursive: true });
  while (!existsSync(folder)) {
    if (await take(lock)) {
      try {
        await removeUnused(cache, name);
        await makeOnce(folder, make);
      } finally {
        await rm(lock, { force: true });
      }
    } else {
      await until(async () => existsSync(folder) || !(await isHeld(lock)));
      if (!existsSync(folder) && !(await isHeld(lock))) await rm(lock, { force: true });
    }
  }
  const now = new Date();
  await utimes(folder, now, now).catch(() => {});
  return folder;
}

/** Keeps two from making the same at the same time. It only saves work: each makes a folder that nobody else writes to. */
async function take(lock: string): Promise<boolean> {
  return symlink(String(process.pid), lock).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return false;
      throw error;
    },
  );
}

async function isHeld(lock: string): Promise<boolean> {
  try {
    const [pid, { mtimeMs }] = await Promise.all([readlink(lock), lstat(lock)]);
    process.kill(Number(pid), 0);
    return Date.now() - mtimeMs < MAX_MAKING_MS;
  } catch {
    return false;
  }
}

async function makeOnce(folder: string, make: (folder: string) => Promise<void>): Promise<void> {
  const making = await mkdtemp(`${folder}.making-`);
  try {
    await make(making);
    await rename(making, folder).catch((error) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

async function removeUnused(cache: string, name: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    if (!entry.startsWith(`${name}-`)) continue;
    const path = join(cache, entry);
    const made = await lstat(path).catch(() => undefined);
    if (made !== undefined && Date.now() - made.mtimeMs > MAX_UNUSED_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

async function contentHash(sources: string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const source of [...sources].sort()) {
    const path = join(PROJECT, source);
    const files = (await stat(path)).isDirectory()
      ? (await readdir(path, { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile())
          .map((entry) => relative(PROJECT, join(entry.parentPath, entry.name)))
          .filter((file) => !file.includes("node_modules"))
          .sort()
      : [source];
    for (const file of files) hash.update(`${file}\0`).update(await readFile(join(PROJECT, file)));
  }
  return hash.digest("hex").slice(0, 16);
}
