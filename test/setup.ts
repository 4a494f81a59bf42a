import { globSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { cp, symlink } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { endAll } from "./atEnd";
import { CACHE, PROJECT } from "./cache";
import { descendants } from "./processes";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

// A terminal sends Ctrl-C to the workers as well. Mocha's main process ends them, and what they have started.
if (process.env.MOCHA_WORKER_ID !== undefined) for (const signal of SIGNALS) process.on(signal, () => {});

// Test files without workers are loaded before the setup runs.
if (process.env.MOCHA_WORKER_ID === undefined) {
  const folder = mkdtempSync(join(tmpdir(), "amplitude-kinesis-tests-"));
  process.env.TEST_RUN_FOLDER = folder;
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
}

/** Runs once, in Mocha's main process, before its workers start. They inherit the environment. */
export async function mochaGlobalSetup(): Promise<void> {
  const seed = process.env.TEST_SEED;
  if (seed && !Number.isSafeInteger(Number(seed))) {
    console.error(`TEST_SEED is ${JSON.stringify(seed)}; expected an integer, such as 7`);
    process.exit(2);
  }
  // The commands and plugins that tests start load the same modules hundreds of times.
  process.env.NODE_COMPILE_CACHE ??= compileCache();
  // The engine's commands last a second and allocate little, so that they save a tenth of their time with fewer collections.
  process.env.GOGC ??= "400";
  // Mocha itself exits with 0 if a signal ends a parallel run.
  for (const signal of SIGNALS) {
    process.on(signal, (_, number?: number) => {
      // Without workers, a test may emit a signal in this process, which has no number then.
      if (number === undefined) return;
      endDescendants();
      process.exit(128 + constants.signals[signal]);
    });
  }
  await compileCommand(join(process.env.TEST_RUN_FOLDER ?? "", "command"));
}

function endDescendants(): void {
  for (const pid of descendants(process.pid)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended since.
    }
  }
}

/** Compiles the command, which starts in half of the time that it takes with a compiler in its process. */
async function compileCommand(folder: string): Promise<void> {
  await cp(join(PROJECT, "bin"), join(folder, "bin"), { recursive: true });
  await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"), "junction");
  await build({
    entryPoints: globSync(["delivery/**/*.{ts,tsx}", "components/contract.ts"], { cwd: PROJECT }),
    absWorkingDir: PROJECT,
    outbase: PROJECT,
    outdir: join(folder, "dist"),
    format: "cjs",
    platform: "node",
    sourcemap: "inline",
  });
}

/** Returns Node's compile cache. It starts empty every day, because each run adds the modules of its temporary folders. */
function compileCache(): string {
  const folder = join(CACHE, "compiled");
  const made = statSync(folder, { throwIfNoEntry: false })?.birthtimeMs ?? Date.now();
  if (Date.now() - made > 86_400_000) rmSync(folder, { recursive: true, force: true });
  return folder;
}

let environment: NodeJS.ProcessEnv = {};

export const mochaHooks = {
  /** `TEST_SEED=N` runs the tests of each suite in a random order seeded with N. */
  beforeAll(this: Mocha.Context) {
    environment = { ...process.env };
    const seed = process.env.TEST_SEED;
    const root = this.test?.parent;
    if (seed && root !== undefined) shuffle(root, Number(seed));
  },
  /** Runs after each file in a worker, and after all files without workers. */
  async afterAll() {
    if (process.env.MOCHA_WORKER_ID === undefined) await endAll();
    const names = Object.keys({ ...environment, ...process.env });
    const changed = names.filter((name) => process.env[name] !== environment[name]);
    if (changed.length > 0) {
      throw new Error(
        `the tests before left other values in the environment: ${changed.join(", ")}. Restore them.`,
      );
    }
  },
};

function shuffle(suite: Mocha.Suite, seed: number): void {
  const random = xoroshiro128plus(seed);
  for (const list of [suite.tests, suite.suites] as unknown[][]) {
    for (let at = list.length - 1; at > 0; at -= 1) {
      const other = uniformInt(random, 0, at);
      [list[at], list[other]] = [list[other], list[at]];
    }
  }
  for (const inner of suite.suites) shuffle(inner, seed);
}
