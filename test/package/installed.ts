import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { name as packageName } from "../../package.json";
import { PROJECT, shared } from "../cache";

const MODULES = join(PROJECT, "node_modules");
const isSource = (path: string) => basename(path) !== "node_modules";

const run = promisify(execFile);

/** Creates a folder outside the repository, so that no module of the repository is found above it. The caller removes it. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "amplitude-kinesis package "));
}

/** Files and folders that the packed package is built from. */
const PACKED = [
  "components",
  "delivery",
  "bin",
  "docs",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
];
const DOCUMENTS = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "LICENSE",
  "package-lock.json",
];

/**
 * Returns the tarball of `npm pack`, and its unpacked content. Both are shared, so no test writes to them.
 *
 * The `prepare` script builds from a copy of the sources, so that the repository's own `dist` stays unchanged for
 * other processes that use it.
 */
export async function packed(): Promise<Packed> {
  const folder = await shared("package", [...PACKED, ...DOCUMENTS, "test/package/installed.ts"], pack);
  const tarball = (await readdir(folder)).find((file) => file.endsWith(".tgz")) ?? "no tarball";
  return { tarball: join(folder, tarball), packageFolder: join(folder, "package") };
}

async function pack(folder: string): Promise<void> {
  const copy = join(folder, "sources");
  for (const source of [...PACKED, ...DOCUMENTS]) {
    await cp(join(PROJECT, source), join(copy, source), { recursive: true, filter: isSource });
  }
  await symlink(MODULES, join(copy, "node_modules"), "junction");
  const words = ["pack", "--silent", "--ignore-scripts=false", "--pack-destination", folder];
  await run("npm", words, { cwd: copy });
  const tarball = (await readdir(folder)).find((file) => file.endsWith(".tgz")) ?? "no tarball";
  await run("tar", ["-xzf", tarball], { cwd: folder });
  await removed(copy);
}

export interface Packed {
  tarball: string;
  packageFolder: string;
}

/**
 * Creates an empty project with the package and each of `dependencies` in its `node_modules`. They are links to the
 * repository's installed packages, so that no registry is needed. Other packages can't be imported.
 */
export async function consumer(
  folder: string,
  packageFolder: string,
  dependencies: string[],
): Promise<string> {
  const modules = join(folder, "node_modules");
  await mkdir(modules, { recursive: true });
  await cp(packageFolder, join(modules, packageName), { recursive: true });
  await link(modules, dependencies);
  return folder;
}

export async function link(modules: string, dependencies: string[]): Promise<void> {
  for (const dependency of dependencies) {
    await mkdir(dirname(join(modules, dependency)), { recursive: true });
    await symlink(join(MODULES, dependency), join(modules, dependency), "junction");
  }
}

/** Copies programs of `consumers/` into a project; stacks in TypeScript lose the `.txt` that keeps them from our own type check. */
export async function addPrograms(folder: string, programs: string[]): Promise<void> {
  for (const program of programs) {
    await cp(join(__dirname, "consumers", program), join(folder, program.replace(/\.txt$/, "")));
  }
}

/** Returns the output of a script of the project. */
export async function printed(folder: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, args, { cwd: folder });
  return stdout.trim();
}

/**
 * Returns the compiler's errors in a project, such as `stack.mts(4,3): error TS2322: …`.
 *
 * @param version TypeScript 7 (default) takes a quarter of version 6's CPU time.
 */
export async function typeErrors(
  folder: string,
  flags: string[] = [],
  version: 6 | 7 = 7,
): Promise<string[]> {
  const compiler = join(MODULES, version === 6 ? "typescript" : "typescript-7", "bin", "tsc");
  const args = [compiler, "--pretty", "false", ...flags];
  const { stdout } = await run(process.execPath, args, { cwd: folder }).catch(
    (failed: { stdout: string }) => failed,
  );
  return stdout.split("\n").filter((line) => /^\S/.test(line));
}

export const removed = (folder: string) => rm(folder, { recursive: true, force: true });
