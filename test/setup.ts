import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { endAll } from "./atEnd";
import { CACHE } from "./cache";

/** Runs once, in Mocha's main process, before its workers start. They inherit the environment. */
export function mochaGlobalSetup(): void {
  process.env.TEST_RUN_FOLDER = mkdtempSync(join(tmpdir(), "amplitude-kinesis-tests-"));
  // The commands and plugins that tests start load the same modules hundreds of times.
  process.env.NODE_COMPILE_CACHE ??= join(CACHE, "compiled");
}

export function mochaGlobalTeardown(): void {
  rmSync(process.env.TEST_RUN_FOLDER ?? "", { recursive: true, force: true });
}

export const mochaHooks = {
  /** `TEST_SEED=N` runs the tests of each suite in a random order seeded with N. */
  beforeAll(this: Mocha.Context) {
    const seed = Number(process.env.TEST_SEED);
    const root = this.test?.parent;
    if (process.env.TEST_SEED !== undefined && root !== undefined) shuffle(root, seed);
  },
  /** Runs after each file in a worker, and after all files without workers. */
  async afterAll() {
    if (process.env.MOCHA_WORKER_ID === undefined) await endAll();
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
