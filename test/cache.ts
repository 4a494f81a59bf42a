import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { until } from "./until";

export const PROJECT = resolve(__dirname, "..");
/** Folder for everything that test files share or that is kept between runs. It can be deleted at any time. */
export const CACHE = join(PROJECT, "node_modules", ".cache", "amplitude-kinesis-tests");
/** A maker that takes longer than this has died. */
const MAX_MAKING_MS = 120_000;

/**
 * Returns a folder that `make` has filled, once per content of the sources: other test files, workers and runs get the
 * same folder, and must not write to it. The folder of earlier contents is removed.
 *
 * @param name Identifies what is made.
 * @param sources Files and folders of the project, relative to it, that the result depends on.
 */
export async function shared(
  name: string,
  sources: string[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const key = await contentHash(sources);
  const folder = join(CACHE, `${name}-${key}`);
  const making = `${folder}.making`;
  while (!existsSync(folder)) {
    await mkdir(CACHE, { recursive: true });
    const isOurs = await mkdir(making).then(
      () => true,
      () => false,
    );
    if (!isOurs) {
      await until(async () => existsSync(folder) || !existsSync(making) || (await isAbandoned(making)));
      if (!existsSync(folder)) await rm(making, { recursive: true, force: true });
      continue;
    }
    try {
      const result = join(making, "result");
      await mkdir(result);
      await make(result);
      await removeEarlier(name, key);
      await rename(result, folder);
    } finally {
      await rm(making, { recursive: true, force: true });
    }
  }
  return folder;
}

async function isAbandoned(making: string): Promise<boolean> {
  const made = await stat(making).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs > MAX_MAKING_MS;
}

async function removeEarlier(name: string, key: string): Promise<void> {
  const earlier = (await readdir(CACHE)).filter(
    (entry) => entry.startsWith(`${name}-`) && !entry.startsWith(`${name}-${key}`),
  );
  for (const entry of earlier) await rm(join(CACHE, entry), { recursive: true, force: true });
}

async function contentHash(sources: string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const source of [...sources].sort()) {
    const path = join(PROJECT, source);
    const files = (await stat(path)).isDirectory()
      ? (await readdir(path, { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
      : [path];
    for (const file of files) hash.update(`${file}\0`).update(await readFile(file));
  }
  return hash.digest("hex").slice(0, 16);
}
